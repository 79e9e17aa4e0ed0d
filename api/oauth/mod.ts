/**
 * The platform's own authorisation server (RFC 6749, 9700), for JMAP and nothing else.
 *
 * Two kinds of clients, both registered by the operator. `native`: a program on the person's own machine (RFC 8252), public, with a
 * code, PKCE and a family of refresh tokens; the person says yes on our own page, signed in as always. `lps`: software of a health
 * structure, which proves itself by its client certificate (RFC 8705) and exchanges a token of Pro Santé Connect for one of ours
 * (RFC 8693), good with that certificate alone.
 *
 * A grant is a family: live → revoked (by the person, by the withdrawal of the client, by the reuse of a refresh token or of a code)
 * or over (as long after the card or phone as a session lives). Every token of it is asked for in PostgreSQL, at the latest
 * a second after it was last; what a person may open is asked at each request, as for a session.
 *
 * Invariants: a token is a random value kept as its digest; no token outlives its grant; a refresh token is good once, and its second
 * use ends the family (10.4.5 of ASVS 5.0).
 */
export { comesByFront } from "./certificate.ts";
export { findTokenActor, usesAccessToken } from "./token-actor.ts";
export { endProgramsOf } from "./programs.ts";
export { sweepGrants } from "./sweep.ts";
export { withChallenge } from "./challenge.ts";
export { createOauth, type Oauth } from "./oauth.ts";
