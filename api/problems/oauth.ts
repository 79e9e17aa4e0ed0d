/** What may go wrong with programs and software that act for people. Part of the catalogue (api/problems.ts). */
import type { ProblemSpec } from "./spec.ts";

export const oauthProblems = {
  "oauth-client-not-found": {
    status: 404,
    title: "No such client",
    about: "No program or software is registered under this identifier.",
  },
  "oauth-client-taken": {
    status: 409,
    title: "Already registered",
    about: "A client with this name or this certificate is registered, or was before.",
  },
  "oauth-client-withdrawn": {
    status: 409,
    title: "Withdrawn for good",
    about: "A client that was withdrawn does not come back: register another.",
  },
  "oauth-request-refused": {
    status: 400,
    title: "The program's request is not valid",
    about: "It is not registered here, or does not ask from an address of its own. Nothing was given to it.",
  },
  "program-not-found": {
    status: 404,
    title: "No such program",
    about: "It may not act for you, or no longer.",
  },
} as const satisfies Record<string, ProblemSpec>;
