/** What may go wrong with structures, their quotas and their domains. Part of the catalogue (api/problems.ts). */
import type { ProblemSpec } from "./spec.ts";

export const structureProblems = {
  "structure-not-found": {
    status: 404,
    title: "No such structure",
    about: "It does not exist, or it is not yours to see.",
  },
  "structure-identifier-taken": {
    status: 409,
    title: "A structure with this identifier exists",
    about: "idNat_Struct names one structure only.",
    shows: ["idNatStruct"],
  },
  "structure-suspended": {
    status: 409,
    title: "The structure is suspended",
    about: "Nothing can be created in a structure that is suspended. Resume it first.",
  },
  "structure-closed": {
    status: 409,
    title: "The structure is closed",
    about: "A closed structure does not change any more.",
  },
  "quota-mailboxes-exceeded": {
    status: 409,
    title: "The structure has no mailbox left",
    about: "Its quota of mailboxes is used up. Close mailboxes, or have the quota raised.",
    shows: ["limit", "used"],
  },
  "quota-bytes-exceeded": {
    status: 409,
    title: "The structure has not enough space left",
    about:
      "The quotas of its mailboxes together would pass the structure's own. Promise less, or have the quota raised.",
    shows: ["limit", "used"],
  },
  "quota-below-use": {
    status: 409,
    title: "The quota would be under its use",
    about: "`quota` says which (`mailboxes` or `bytes`), `used` what is already in use or handed to others.",
    shows: ["quota", "used"],
  },
  "reseller-quota-exceeded": {
    status: 409,
    title: "The reseller has not so much left to give",
    about:
      "A reseller's quota holds for itself and the structures it administers together. `quota` says which (`mailboxes` or `bytes`).",
    shows: ["quota", "limit", "used"],
  },
  "reseller-child-unlimited": {
    status: 409,
    title: "A structure under this reseller needs a quota",
    about:
      "A reseller with a quota cannot administer a structure without one. `quota` says which (`mailboxes` or `bytes`).",
    shows: ["quota"],
  },
  "structure-not-reseller": {
    status: 409,
    title: "The structure may not administer others",
    about: "The operator makes a structure a reseller first; a structure that has a reseller cannot be one.",
  },
  "structure-has-children": {
    status: 409,
    title: "The reseller still administers structures",
    about: "Close them or give them to another reseller first.",
    shows: ["count"],
  },
  "structure-has-open-mailboxes": {
    status: 409,
    title: "The structure still has mailboxes",
    about: "Every mailbox of a structure is closed before the structure is.",
    shows: ["count"],
  },
  "app-passwords-not-allowed": {
    status: 409,
    title: "The structure allows no passwords for mail clients",
    about: "Its administrator allows them in the structure's settings first.",
  },
  "domain-not-found": {
    status: 404,
    title: "No such domain",
    about: "The structure has no such domain.",
  },
  "domain-closed": {
    status: 409,
    title: "The domain is closed",
    about: "A closed domain does not change any more, and its name is never given again.",
  },
  "domain-has-open-mailboxes": {
    status: 409,
    title: "The domain still has mailboxes",
    about: "Every mailbox of a domain is closed before the domain is.",
    shows: ["count"],
  },
  "domain-outside-reseller": {
    status: 409,
    title: "The domain does not lie under one of the reseller's",
    about:
      "A reseller gives its structures sub-domains of its own active domains; the operator gives any other.",
    shows: ["name"],
  },
  "domain-name-taken": {
    status: 409,
    title: "This domain is already hosted",
    about: "A domain belongs to one structure only.",
    shows: ["name"],
  },
} as const satisfies Record<string, ProblemSpec>;
