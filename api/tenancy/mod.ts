/**
 * Tenancy: the structures (tenants) that the operator hosts, their mail domains, and who has which role in them.
 *
 * A structure is known by its idNat_Struct (FINESS or SIRET) and isolated from every other by row-level security. A domain
 * belongs to one structure for ever. People belong to no structure: a membership gives a person a role in one.
 *
 * A structure: active ⇄ suspended → closed. Suspending one suspends all its boxes in fact (the mail server's views look at
 * the structure too) and changes none of their own states, so that resuming gives back exactly what was there.
 */
export { createDomain } from "./create-domain.ts";
export { createStructure } from "./create-structure.ts";
export { parseDomainName } from "./domain-name.ts";
export { foreignCharacter } from "./foreign-character.ts";
export { grantMembership } from "./grant-membership.ts";
export { parsePersonIdentifier } from "./person-identifier.ts";
export {
  findDomainByName,
  findOrNotePerson,
  getStructure,
  insertMembership,
  type PersonIdentity,
} from "./queries.ts";
export { type QuotaNeed, reserveMailboxQuota } from "./quota.ts";
export { requireActiveStructure } from "./require-active.ts";
export { resumeStructure } from "./resume-structure.ts";
export { revokeMembership } from "./revoke-membership.ts";
export { idNatPs, personInput, structureParam, suspensionInput } from "./schemas.ts";
export { suspendStructure } from "./suspend-structure.ts";
