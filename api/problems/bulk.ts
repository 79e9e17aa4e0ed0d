/** What may go wrong with batches and inactivity campaigns. Part of the catalogue (api/problems.ts). */
import type { ProblemSpec } from "./spec.ts";

export const bulkProblems = {
  "batch-not-found": {
    status: 404,
    title: "No such batch",
    about: "It does not exist, or it is not yours to see.",
  },
  "batch-line-not-found": {
    status: 404,
    title: "No such line",
    about: "The batch has no line of this number.",
  },
  "batch-too-long": {
    status: 422,
    title: "The batch has too many lines",
    about: "Send it in several parts.",
    shows: ["limit"],
  },
  "batch-state-forbids": {
    status: 409,
    title: "The batch is not in a state that allows this",
    about: "`state` says where it stands: a batch is checked, then ready, then run, and can then be undone.",
    shows: ["state"],
  },
  "batch-has-errors": {
    status: 409,
    title: "The batch has lines in error",
    about: "Correct them, or say that they are to be passed over (`skipErrors`).",
    shows: ["count"],
  },
  "batch-line-settled": {
    status: 409,
    title: "The line has been run",
    about: "What has been done by a line is undone with the batch, not corrected.",
  },
  "inactivity-campaign-not-found": {
    status: 404,
    title: "No such campaign",
    about: "It does not exist, or it is not yours to see.",
  },
  "inactivity-campaign-running": {
    status: 409,
    title: "A campaign is under way",
    about: "A structure has one campaign at a time. Wait for its end or cancel it.",
  },
  "inactivity-not-noticed": {
    status: 409,
    title: "No notice is open for this mailbox",
    about: "There is nothing to object to: the mailbox is in no campaign, or its campaign has ended.",
  },
} as const satisfies Record<string, ProblemSpec>;
