/**
 * Identity: who is there, and what he may do.
 *
 * People sign in with Pro Santé Connect (OpenID Connect, authorisation code with PKCE); the operator's staff may have accounts of
 * its own (api/staff), whose sessions are the same. The account's
 * key is (issuer, subject); the national identity (idNat_PS) stands beside it and is what attaches a personal mailbox. A
 * person made beforehand by an administrator, known by idNat_PS only, becomes an account at the first sign-in.
 *
 * States of a sign-in: begun (a row of sign_in_attempts, ten minutes, bound to one browser) → returned (the row is taken,
 * once) → a session, or a refusal with its own reason inside and one of five neutral codes outside.
 * States of a session: live → ended (signed-out, replaced, person-suspended, departed, ended-by-operator, ended-by-provider …) or
 * expired (30 minutes without activity, 4 hours after the card or phone was presented).
 *
 * Invariants: no token of the provider leaves this room or outlives the sign-in, but the id_token kept until the session's
 * end for the provider's own sign-out; the browser holds one opaque token, the database its digest; PostgreSQL decides,
 * Redis and the process only shorten the way, never for longer than a second.
 */
export { type Action, actions } from "../actions.ts";
export {
  createIdentity,
  findActor,
  findRequestSession,
  type Identity,
  isActivity,
  readCookie,
  sessionCookie,
} from "./identity.ts";
export { actingPerson, asPerson } from "./acting-person.ts";
export { findAccount, type MailboxRights, type OpenableMailbox } from "./queries.ts";
export { hashProviderSession, isFromBeforeLogout, isLoggedOut } from "./logout-queries.ts";
export { listOpenableMailboxes, mayOpenMailbox } from "./mailboxes-of-person.ts";
export {
  authorise,
  authoriseOverChild,
  may,
  policy,
  type PolicySubject,
  resellerOf,
  type Role,
  roles,
  rolesOver,
  serviceScopes,
} from "./policy.ts";
export type { Introspected } from "./introspection.ts";
export { type RefusalReason, SignInRefused } from "./refusal.ts";
export { recentFactorSeconds, requireRecentFactor } from "./recent-factor.ts";
export { requirePerson } from "./require-person.ts";
export { type NewPlaceJob, tellOfNewPlace } from "./new-place-notice.ts";
export { endedSessionsBody } from "./own-session-routes.ts";
export { endAllOf } from "./own-sessions.ts";
export { isSameOrigin, needsSameOrigin } from "./request-origin.ts";
export { followSessions, refreshSessions } from "./refresh-sessions.ts";
export { createSeal, type Seal } from "./sealed.ts";
export { newServiceKey, usesServiceKey } from "./service-keys.ts";
export { hasForgedRpps, isLuhnValid, rppsOf } from "./rpps.ts";
export { toLocalPath } from "./return-to.ts";
export type { SessionCache } from "./session-cache.ts";
export { sessionCacheSeconds, sessionsEndedChannel } from "./session-cache.ts";
export { type EndedSessionRow, findFactorShown, noteFactorShown } from "./session-queries.ts";
export { hashToken, isToken, randomToken } from "./session-token.ts";
export {
  displayNameOf,
  endSessions,
  endSessionsIn,
  findSession,
  forgetSessions,
  type Session,
  type SessionDependencies,
  type SessionEnd,
  type SessionLimits,
  startSession,
} from "./sessions.ts";
