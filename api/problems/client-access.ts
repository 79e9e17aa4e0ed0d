import type { ProblemSpec } from "./spec.ts";

/** App passwords and client certificates (api/client-access). */
export const clientAccessProblems = {
  "app-password-not-found": {
    status: 404,
    title: "No such app password",
    about: "The mailbox has no such app password that you may see.",
  },
  "app-password-beyond-right": {
    status: 403,
    title: "An app password gives no more than its person has",
    about:
      "Only who may send as the mailbox has an app password for sending. On its behalf one sends in the webmail.",
  },
  "app-passwords-too-many": {
    status: 409,
    title: "There are too many app passwords",
    about: "A person has at most `limit` for one mailbox. Revoke those of programs that are no longer used.",
    shows: ["limit"],
  },
  "client-certificate-not-found": {
    status: 404,
    title: "No such client certificate",
    about: "The structure has registered no such certificate.",
  },
  "client-certificate-exists": {
    status: 409,
    title: "The certificate is registered already",
    about: "Change which mailboxes it opens.",
  },
  "client-certificate-withdrawn": {
    status: 409,
    title: "The certificate is withdrawn",
    about: "A certificate that was withdrawn does not come back. Register it anew, or another one.",
  },
} as const satisfies Record<string, ProblemSpec>;
