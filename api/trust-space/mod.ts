/**
 * The trust space (« Espace de Confiance »): with whom mail may be exchanged.
 *
 * The white list (« liste blanche ») is an XML file that the ANS signs and publishes. It maps each domain to the DNs of
 * the certificates that may speak for it. Here it is fetched, verified, normalised, stored, and asked before a message
 * leaves. It is the authority: no name is trusted for its ending, whatever it is.
 *
 * Invariants: at most one list is in force, and once there was one there is always one: a list that is tampered with,
 * truncated, unsigned, expired, unchained, revoked, older or empty is refused with a reason of its own (refusal.ts) and
 * the last good list stays. What is stored was read from the signed bytes. A DN that cannot be read equals nothing.
 *
 * A list: fetched → refused(reason) | in_force → superseded.
 */
export { type Address, normaliseDomain, parseAddress } from "./address.ts";
export { comparableForm, comparableValue, normaliseDn, parseDn } from "./dn.ts";
export { type ImportOutcome, importWhiteList } from "./import.ts";
export {
  checkRecipients,
  matchPeer,
  type PeerMatch,
  type RecipientCheck,
  type RecipientStatus,
} from "./match.ts";
export {
  createWhiteListRefresh,
  defaultStaleAfterDays as staleAfterDays,
  type RefreshOutcome,
  type RefreshSettings,
} from "./refresh.ts";
export { type RefusalReason, refusalReasons } from "./refusal.ts";
export { readTrustSpace, type TrustSpaceState } from "./state.ts";
export { readAuthorities, readCrls } from "./verify-signer.ts";
