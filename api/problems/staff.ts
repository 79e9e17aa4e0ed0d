/** What may go wrong with the accounts of the operator's staff. Part of the catalogue (api/problems.ts). */
import type { ProblemSpec } from "./spec.ts";

export const staffProblems = {
  "staff-sign-in-refused": {
    status: 401,
    title: "Sign-in refused",
    about: "The account, the password, the code or the passkey is not right. Which of them is not said.",
  },
  "staff-sign-in-expired": {
    status: 409,
    title: "Begin again",
    about: "This was begun too long ago, in another browser, or has already been finished.",
  },
  "staff-enrolment-invalid": {
    status: 410,
    title: "The link is no longer valid",
    about: "It was used, replaced by another, or is older than an hour. An administrator gives another one.",
  },
  "password-refused": {
    status: 422,
    title: "Choose another password",
    about: "`reason` says why: too-short, too-long, contains-name, or too-easy to guess.",
    shows: ["reason"],
  },
  "code-refused": {
    status: 422,
    title: "The code is not right",
    about: "It is not the code of this moment, or it was used. Wait for the next one.",
  },
  "passkey-refused": {
    status: 422,
    title: "The passkey could not be added",
    about: "It did not verify its user, was meant for another site, or is known already.",
  },
  "passkey-not-found": {
    status: 404,
    title: "No such passkey",
    about: "It does not exist, or it is not yours.",
  },
  "passkey-limit-reached": {
    status: 409,
    title: "The account has as many passkeys as it may",
    about: "Remove one that is no longer used.",
    shows: ["limit"],
  },
  "last-factor": {
    status: 409,
    title: "This is the only way in",
    about: "Set up another factor first.",
  },
  "factor-required": {
    status: 403,
    title: "Show your factor again",
    about:
      "The act asks for a factor shown within five minutes. `method`: `staff`, here, or `provider`, by signing in again.",
    shows: ["method"],
  },
  "staff-login-taken": {
    status: 409,
    title: "This login is in use",
    about: "Every account of the staff has its own.",
    shows: ["login"],
  },
  "staff-account-closed": {
    status: 409,
    title: "The account is closed",
    about: "A closed account is not opened again. Make another one.",
  },
  "staff-own-account": {
    status: 403,
    title: "Not on one's own account",
    about: "Another administrator does it: nobody gives himself a new way in.",
  },
} as const satisfies Record<string, ProblemSpec>;
