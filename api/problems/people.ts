/** What may go wrong with people, their roles, invitations, and service accounts. Part of the catalogue (api/problems.ts). */
import type { ProblemSpec } from "./spec.ts";

export const peopleProblems = {
  "session-not-found": {
    status: 404,
    title: "No such session",
    about: "It has ended, or it is not yours.",
  },
  "person-not-found": {
    status: 404,
    title: "No such person",
    about: "It does not exist, or it is not yours to see.",
  },
  "membership-not-found": {
    status: 404,
    title: "No such membership",
    about: "The person does not have this role in the structure.",
  },
  "last-administrator": {
    status: 409,
    title: "Somebody must remain administrator",
    about: "This is the last administrator. Name another one first.",
  },
  "already-member": {
    status: 409,
    title: "The person has this role already",
    about: "Nothing is left to be invited to: the role is in force.",
  },
  "invitation-not-found": {
    status: 404,
    title: "No such invitation",
    about: "It does not exist, or it is not yours to see.",
  },
  "invitation-closed": {
    status: 409,
    title: "The invitation is no longer open",
    about: "It was accepted, withdrawn, or has expired.",
  },
  "departure-not-found": {
    status: 404,
    title: "No departure is planned",
    about: "Nothing is planned for this person in this structure.",
  },
  "operator-role-not-found": {
    status: 404,
    title: "No such role",
    about: "The person does not have this role of the operator.",
  },
  "service-account-not-found": {
    status: 404,
    title: "No such service account",
    about: "It does not exist, or it is not yours to see.",
  },
  "service-account-name-taken": {
    status: 409,
    title: "A service account of this name exists",
    about: "Names of service accounts in use are different within a structure.",
    shows: ["name"],
  },
  "service-account-revoked": {
    status: 409,
    title: "The service account is revoked",
    about: "A revoked service account does not change any more. Make another one.",
  },
  "service-account-key-not-found": {
    status: 404,
    title: "No such key",
    about: "The service account has no such key.",
  },
} as const satisfies Record<string, ProblemSpec>;
