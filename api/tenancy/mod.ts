/**
 * Tenancy: the structures (tenants) that the operator hosts, their mail domains, and who has which role in them.
 *
 * A structure is known by its idNat_Struct (FINESS or SIRET) and isolated from every other by row-level security. A domain
 * belongs to one structure for ever. People belong to no structure: a membership gives a person a role in one.
 *
 * A structure and a domain: active ⇄ suspended → closed, for good; nothing is closed that still has a box. Suspending one
 * suspends all its boxes in fact (the mail server's views look at them too) and changes none of their own states, so that
 * resuming gives back exactly what was there.
 *
 * Quotas (quota.ts) are checked in the transaction of the write that needs them, under the structure's row lock; the
 * database counts the use and holds it under the quota. Locks are taken in one order: reseller, structure, domain, box.
 *
 * A reseller (reseller.ts) is a structure that administers others: who administers it has the same role over them.
 */
export { changeStructure } from "./change-structure.ts";
export { closeDomain } from "./close-domain.ts";
export { closeStructure } from "./close-structure.ts";
export { createDomain } from "./create-domain.ts";
export { createStructure } from "./create-structure.ts";
export { parseDomainName } from "./domain-name.ts";
export { foreignCharacter } from "./foreign-character.ts";
export { grantMembership } from "./grant-membership.ts";
export { parsePersonIdentifier } from "./person-identifier.ts";
export { findDomainByName, getDomain, listDomains } from "./domain-queries.ts";
export {
  type DomainRow,
  findMembership,
  findOrNotePerson,
  getStructure,
  getStructureForUpdate,
  insertMembership,
  isLastAdministrator,
  listMemberships,
  type MembershipRow,
  type PersonIdentity,
  type StructureRow,
} from "./queries.ts";
export { type QuotaNeed, reserveMailboxQuota } from "./quota.ts";
export { requireOtherAdministrator } from "./require-other-administrator.ts";
export { requireActiveStructure } from "./require-active.ts";
export { resumeStructure } from "./resume-structure.ts";
export { revokeMembership } from "./revoke-membership.ts";
export {
  domainParam,
  domainQuery,
  idNatPs,
  personInput,
  structureParam,
  structureQuery,
  structureRole,
  suspensionInput,
} from "./schemas.ts";
export { listStructures, structureCursor, toStructureSort } from "./structure-queries.ts";
export { resumeDomain, suspendDomain } from "./suspend-domain.ts";
export { suspendStructure } from "./suspend-structure.ts";
