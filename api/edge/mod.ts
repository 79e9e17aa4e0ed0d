/**
 * The edge: how standard mail clients (IMAP, submission) sign in. Dovecot, nginx and Exim stand in front of the mail server and
 * decide nothing: they ask here, over a private listener, and the mail server knows them as a service that speaks for boxes.
 *
 * A proof is who signs in, for one box: a person by his access token of Pro Santé Connect, an app password of his, or a certificate
 * of software. `standing.ts` alone says whether a proof opens a box at this moment, and is asked at the sign-in, at each
 * message's sender (`check.ts`) and every second of what is connected (`watch.ts`), so that a right that ends is in force within 5 s.
 *
 * Invariants: over IMAP a box opens only for who may read and write in it, since the proxy is a raw pipe; one sends only as a box, and
 * not on its behalf, since nobody looks at `Sender` there. One refusal outside, a reason each inside (`refusal.ts`). What cannot be
 * asked (the database, Pro Santé Connect) is "later", never "no". No secret, token or ticket stands in a log, trail or URL.
 */
export { createConnections } from "./connections.ts";
export { createDoveadm, type Doveadm, type ProxiedSession } from "./doveadm.ts";
export { createEdge, type Edge } from "./edge.ts";
export type { EdgeDeps } from "./examined.ts";
export type { EdgeRefusal } from "./refusal.ts";
export { watchSessions } from "./watch.ts";
