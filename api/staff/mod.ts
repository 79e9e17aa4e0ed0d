/**
 * The operator's own staff, who has no card of a health professional: accounts with two factors, beside Pro Santé Connect.
 *
 * An account is a person without national identity, whose key is (the platform's own issuer, his id). It holds roles of the
 * operator and nothing else: a trigger refuses it a box, a membership or an invitation.
 *
 * States of an account: invited (a link good for an hour and one use) → active → closed, for good; a reset makes it invited
 * again, with all its factors void and its sessions ended.
 * Ways in: a password and then a one-time code (RFC 6238) or, once each, a recovery code; or a passkey (WebAuthn, with the
 * user verified), which is two factors by itself. So an account with a passkey alone has no recovery codes: another
 * administrator resets it.
 *
 * Invariants: what is under way stays on the server, bound to one browser (ceremony.ts); a code, a recovery code, a challenge
 * and a link are right once; every refusal is traced with its reason and says nothing of it outside; the session is the same
 * as anybody's (api/identity). A change of factors, and an account given, reset or closed, asks for a factor of the last
 * five minutes.
 */
export { inviteStaff, resetStaff } from "./administer.ts";
export { findAccountByLogin } from "./queries.ts";
export { staffInput } from "./schemas.ts";
export { createStaff, enrolmentUrl } from "./staff.ts";
