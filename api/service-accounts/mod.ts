/**
 * Service accounts: software that acts in one structure (a hospital's directory, its file of staff), by the same
 * operations as people and within the scopes it was given. Scopes are actions of the policy table that a structure's
 * administrator may do, but for those that give rights (`serviceScopes` in api/identity/policy.ts).
 *
 * An account: active → revoked, with its keys. A key: active → revoked, or out of time; an account has several, so that
 * one can be replaced while the other works. Only digests are kept (api/identity/service-keys.ts). Every act stands in
 * the trail under the account's name; a suspended structure's keys are not taken.
 */
export { changeServiceAccount } from "./change-account.ts";
export { createServiceAccount } from "./create-account.ts";
export { createKey, revokeKey } from "./keys.ts";
export { revokeServiceAccount } from "./revoke-account.ts";
