/** What may go wrong with mailboxes, their aliases, members and delegations. Part of the catalogue (api/problems.ts). */
import type { ProblemSpec } from "./spec.ts";

export const mailboxProblems = {
  "mailbox-not-found": {
    status: 404,
    title: "No such mailbox",
    about: "It does not exist, or it is not yours to see.",
  },
  "mailbox-address-taken": {
    status: 409,
    title: "Address already in use",
    about: "The address is in use, or was given once: an address is never given again.",
    shows: ["address"],
  },
  "mailbox-domain-foreign": {
    status: 409,
    title: "The address is not in a domain of this structure",
    about: "A mailbox lives in an active domain of its own structure.",
    shows: ["domain"],
  },
  "mailbox-closed": {
    status: 409,
    title: "The mailbox is closed",
    about: "A closed mailbox does not change any more.",
  },
  "mailbox-closing": {
    status: 409,
    title: "The mailbox is being closed",
    about: "Its mail is kept until `purgeAt`, and nothing of it changes. Reopen it first.",
  },
  "alias-not-found": {
    status: 404,
    title: "No such alias",
    about: "The mailbox has no such further address in use.",
  },
  "alias-limit-reached": {
    status: 409,
    title: "The mailbox has as many aliases as it may",
    about: "Remove one that is no longer needed; its address is then closed for good.",
    shows: ["limit"],
  },
  "address-confirmation-wrong": {
    status: 422,
    title: "The address typed to confirm is another one",
    about: "Closing asks for the mailbox's own address once more, so that the wrong mailbox is not closed.",
  },
  "mailbox-moving": {
    status: 409,
    title: "The mailbox is on its way from another structure",
    about: "Its mail has not arrived under its new address yet. Try again in a moment.",
  },
  "mailbox-already-there": {
    status: 409,
    title: "The mailbox is in this structure already",
    about: "A move goes to another structure. Within one, make an alias.",
  },
  "delegation-not-found": {
    status: 404,
    title: "No such delegation",
    about: "The mailbox has no such delegation in force or to come.",
  },
  "delegation-exists": {
    status: 409,
    title: "The person has a delegation on this mailbox",
    about: "Change the one that there is: `delegationId`.",
    shows: ["delegationId"],
  },
  "delegation-of-own-mailbox": {
    status: 409,
    title: "The person holds this mailbox",
    about: "Its holder needs no delegation; nor does a member of an ORG, APP or CAB mailbox.",
  },
  "delegation-to-oneself": {
    status: 403,
    title: "Nobody gives a delegation to himself",
    about:
      "Somebody else who may does it: an administrator does not open by his own hand the mail of those he administers.",
  },
  "delegation-beyond-own": {
    status: 403,
    title: "A delegate gives no more than he has",
    about: "Who manages a mailbox by delegation may give what he has himself, and not the right to manage.",
  },
  "mailbox-read-only": {
    status: 403,
    title: "The mailbox is open for reading only",
    about: "The delegation does not hold the right to write.",
  },
  "mailbox-holder-fixed": {
    status: 409,
    title: "A personal mailbox has its holder only",
    about: "Members are for the types ORG, APP and CAB.",
  },
  "member-not-found": {
    status: 404,
    title: "No such member",
    about: "The person is not a member of this mailbox.",
  },
} as const satisfies Record<string, ProblemSpec>;
