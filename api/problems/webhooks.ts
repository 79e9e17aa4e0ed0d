import type { ProblemSpec } from "./spec.ts";

export const webhookProblems = {
  "webhook-not-found": {
    status: 404,
    title: "No such webhook",
    about: "It does not exist, or it is not yours to see.",
  },
  "webhook-limit-reached": {
    status: 409,
    title: "The structure has as many webhooks as it may",
    about: "Remove one, or tell one of them of more.",
    shows: ["limit"],
  },
  "webhook-disabled": {
    status: 409,
    title: "The webhook is disabled",
    about: "Nothing is sent until it is made active again.",
  },
} as const satisfies Record<string, ProblemSpec>;
