/** What may go wrong with charters, exports and erasures. Part of the catalogue (api/problems.ts). */
import type { ProblemSpec } from "./spec.ts";

export const privacyProblems = {
  "charter-not-found": {
    status: 404,
    title: "No such charter",
    about: "No charter of this id was published.",
  },
  "charter-outdated": {
    status: 409,
    title: "A newer charter is in force",
    about: "Only the charter in force can be accepted. Read it again.",
  },
  "charter-version-taken": {
    status: 409,
    title: "A charter with this version exists",
    about: "What was published does not change: publish another version.",
    shows: ["version"],
  },
  "export-not-found": {
    status: 404,
    title: "No such export",
    about: "It does not exist, or somebody else asked for it.",
  },
  "export-not-ready": {
    status: 409,
    title: "The archive is not there",
    about: "It is still being made, has failed, or its time is over. `state` says which.",
    shows: ["state"],
  },
  "export-running": {
    status: 409,
    title: "An export is already under way",
    about: "One archive of the same subject is made at a time.",
  },
  "erasure-not-found": {
    status: 404,
    title: "No such erasure",
    about: "It does not exist, or is not yours to see.",
  },
  "erasure-open": {
    status: 409,
    title: "An erasure of this person is already planned",
    about: "A person has one plan at a time.",
  },
  "erasure-ended": {
    status: 409,
    title: "The erasure has begun or ended",
    about: "Only a plan of which nothing was erased yet can be cancelled.",
  },
} as const satisfies Record<string, ProblemSpec>;
