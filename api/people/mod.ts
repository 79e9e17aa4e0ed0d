/**
 * People at work in structures. A person belongs to no structure (api/tenancy); a structure knows who has a role in it,
 * who holds one of its boxes or is a member of one, and whom it has invited.
 *
 * An invitation notes the person by his national identity; the role is given at his first sign-in with it
 * (api/identity/accept-invitations.ts). States: pending → accepted, revoked or expired.
 * A departure ends at once, or at a date, all that a person has in one structure; his own boxes there are suspended, not
 * closed, so that their mail can be handed over. States: scheduled → done or cancelled.
 *
 * The operator's own staff has roles over every structure.
 *
 * Invariant: neither a structure nor the platform remains without an administrator (`last-administrator`).
 */
export { departWhenDue } from "./depart.ts";
export { listPeopleOfStructure, type PersonFilter, type PersonRow } from "./queries.ts";
export {
  deleteOperatorRole,
  insertOperatorRole,
  isLastOperatorAdministrator,
  lockOperatorRoles,
} from "./operator-role-queries.ts";
export { grantOperatorRole, revokeOperatorRole } from "./operator-roles.ts";
export { searchWords } from "./search-words.ts";
export { peopleQuery, toPersonBody } from "./schemas.ts";
