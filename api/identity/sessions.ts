/**
 * Sessions of signed-in people. The browser holds a random token, PostgreSQL its digest and the truth, Redis a copy of a
 * few seconds. A session ends at sign-out, after 30 minutes without activity, 4 hours after the card or phone was
 * presented (the life of a session at Pro Santé Connect), or with the person's right.
 */
import { Buffer } from "node:buffer";
import { z } from "zod";
import { recordAudit } from "../audit/mod.ts";
import type { Context, PersonActor } from "../context.ts";
import { enqueue } from "../database/enqueue.ts";
import { inSystem, type Tx } from "../database/in-tenant.ts";
import type { Seal } from "./sealed.ts";
import type { SessionCache } from "./session-cache.ts";
import {
  endChosenSessions,
  type EndedSessionRow,
  findLiveSession,
  insertSession,
  type LiveSessionRow,
  type SessionChoice,
  touchSession,
} from "./session-queries.ts";
import { notePlace } from "./place-queries.ts";
import { hashPlace, placeOf } from "./places.ts";
import { hashToken, isToken, randomToken } from "./session-token.ts";

export interface SessionLimits {
  /** Longest time without activity (SC.SSI and PSC: 30 minutes). */
  readonly idleSeconds: number;
  /** Longest life, counted from the moment the person presented card or phone (PSC: 4 hours). */
  readonly absoluteSeconds: number;
}

/** Activity is written at most this often: a session may end that much before its idle limit, never after. */
const touchSeconds = 60;

export interface Session {
  readonly id: string;
  readonly actor: PersonActor;
  readonly givenName: string;
  readonly familyName: string;
  /** The program that it was given to; null where it said nothing of itself. */
  readonly browser: string | null;
  readonly expiresAt: Date;
  readonly idleExpiresAt: Date;
}

/** Why a session ended: kept in its row. */
export type SessionEnd =
  | "signed-out"
  | "replaced"
  | "person-suspended"
  | "departed"
  | "ended-by-operator"
  | "ended-by-provider"
  // By the person from another session; by an administrator of a structure that knows him.
  | "ended-elsewhere"
  | "ended-by-administrator"
  // Its cookie came from another program than the one that was given it.
  | "other-program"
  // Of the staff: another session has changed a factor; an administrator has made all of them void.
  | "factor-changed"
  | "factors-reset";

/** What the session verbs need beside a transaction. */
export interface SessionDependencies {
  readonly db: Context["db"];
  readonly cache: SessionCache;
  readonly limits: SessionLimits;
  readonly now: () => Date;
}

const cachedShape = z.object({
  id: z.string(),
  person_id: z.string(),
  last_seen_at: z.coerce.date(),
  expires_at: z.coerce.date(),
  browser: z.string().nullable(),
  given_name: z.string(),
  family_name: z.string(),
  id_nat_ps: z.string().nullable(),
  operator_roles: z.array(z.enum(["operator_administrator", "operator_support", "auditor"])),
  memberships: z.array(z.object({
    structureId: z.string(),
    role: z.enum(["structure_administrator", "domain_administrator", "mailbox_manager", "user"]),
    through: z.string().optional(),
  })),
});

/**
 * The session of this token, or undefined: unknown, ended, expired or of a person whose right has ended.
 *
 * @param isActivity false for what a page does by itself (its session check, its event stream): it must not keep a
 *   session alive on an abandoned workstation
 */
export async function findSession(
  deps: SessionDependencies,
  token: string | undefined,
  { isActivity = true }: { readonly isActivity?: boolean } = {},
): Promise<Session | undefined> {
  if (!isToken(token)) return undefined;
  const tokenHash = hashToken(token);
  const now = deps.now();
  const row = await readCached(deps, tokenHash, now) ?? await readStored(deps, tokenHash, now);
  if (!row) return undefined;
  const touchBefore = new Date(now.getTime() - touchSeconds * 1_000);
  if (!isActivity || row.last_seen_at > touchBefore) return toSession(row, deps.limits);
  await inSystem(deps, (tx) => touchSession(tx, row.id, now, touchBefore));
  const touched = { ...row, last_seen_at: now };
  await deps.cache.set(tokenHash, touched);
  return toSession(touched, deps.limits);
}

async function readCached(
  deps: SessionDependencies,
  tokenHash: Buffer,
  now: Date,
): Promise<LiveSessionRow | undefined> {
  const row = readCopy(await deps.cache.get(tokenHash));
  // Ends are judged by the clock here too: the copy may outlive the session by some seconds.
  return row !== undefined && isLive(row, deps.limits, now) ? row : undefined;
}

/** Rows by the copies they were read from: the cache gives the same copy for as long as it keeps it. */
const rowsOfCopies = new WeakMap<object, LiveSessionRow>();

function readCopy(copy: unknown): LiveSessionRow | undefined {
  if (typeof copy !== "object" || copy === null) return undefined;
  const known = rowsOfCopies.get(copy);
  if (known !== undefined) return known;
  const read = cachedShape.safeParse(copy);
  if (read.success) rowsOfCopies.set(copy, read.data);
  return read.data;
}

async function readStored(
  deps: SessionDependencies,
  tokenHash: Buffer,
  now: Date,
): Promise<LiveSessionRow | undefined> {
  const seenSince = new Date(now.getTime() - deps.limits.idleSeconds * 1_000);
  const row = await inSystem(deps, (tx) => findLiveSession(tx, tokenHash, now, seenSince));
  if (row) await deps.cache.set(tokenHash, row);
  return row;
}

function isLive(row: LiveSessionRow, limits: SessionLimits, now: Date): boolean {
  return row.expires_at > now && row.last_seen_at.getTime() + limits.idleSeconds * 1_000 > now.getTime();
}

function toSession(row: LiveSessionRow, limits: SessionLimits): Session {
  const idleExpiresAt = new Date(row.last_seen_at.getTime() + limits.idleSeconds * 1_000);
  return {
    id: row.id,
    actor: {
      kind: "person",
      personId: row.person_id,
      sessionId: row.id,
      displayName: displayNameOf(row.given_name, row.family_name),
      idNatPs: row.id_nat_ps,
      operatorRoles: row.operator_roles,
      memberships: row.memberships,
    },
    givenName: row.given_name,
    familyName: row.family_name,
    browser: row.browser,
    expiresAt: row.expires_at,
    idleExpiresAt: idleExpiresAt < row.expires_at ? idleExpiresAt : row.expires_at,
  };
}

export function displayNameOf(givenName: string, familyName: string): string {
  return `${givenName} ${familyName}`.trim();
}

/**
 * When a refresh token is renewed: at half its life, so that whoever was there in that half still has a good one when his
 * session would end without activity.
 */
export function refreshTime(now: Date, seconds: number): Date {
  return new Date(now.getTime() + Math.max(seconds / 2, 30) * 1_000);
}

/** What the provider proved, from which a session begins. */
export interface SessionStart {
  readonly personId: string;
  /** Level that the identity provider said; null where it was not asked. */
  readonly acr: string | null;
  /** Factors that the platform itself was shown, e.g. `pwd+otp`; null where the provider was asked. */
  readonly amr?: string | null;
  readonly authenticatedAt: Date;
  readonly providerSessionId: string | null;
  readonly idToken: string | null;
  /** Chosen situation of exercise; null where there is none, or none was chosen. */
  readonly situationKey?: string | null;
  /** The provider's refresh token, kept sealed; null where it gave none. */
  readonly refresh?: { readonly token: string; readonly seconds: number; readonly seal: Seal } | null;
}

/** A new session inside the sign-in's own transaction; its token is returned once and stored nowhere. */
export async function startSession(
  tx: Tx,
  ctx: Context,
  limits: SessionLimits,
  start: SessionStart,
): Promise<{ readonly token: string; readonly sessionId: string; readonly expiresAt: Date }> {
  const now = ctx.now();
  const token = randomToken();
  const expiresAt = new Date(start.authenticatedAt.getTime() + limits.absoluteSeconds * 1_000);
  const sessionId = crypto.randomUUID();
  const { refresh } = start;
  const place = ctx.caller === undefined ? null : placeOf(ctx.caller);
  const isNewPlace = place !== null &&
    await notePlace(tx, start.personId, hashPlace(start.personId, place), now);
  await insertSession(tx, {
    id: sessionId,
    token_hash: hashToken(token),
    person_id: start.personId,
    provider_session_id: start.providerSessionId,
    id_token: start.idToken,
    acr: start.acr,
    amr: start.amr ?? null,
    authenticated_at: start.authenticatedAt,
    created_at: now,
    last_seen_at: now,
    expires_at: expiresAt,
    situation_key: start.situationKey ?? null,
    network: place?.network ?? null,
    browser: place?.browser ?? null,
    is_new_place: isNewPlace,
    ...(refresh
      ? {
        refresh_token: refresh.seal.seal(refresh.token, sessionId),
        refreshed_at: now,
        refresh_at: refreshTime(now, refresh.seconds),
      }
      : { refresh_token: null, refreshed_at: null, refresh_at: null }),
  });
  await recordAudit(tx, ctx, {
    action: "session.start",
    subject: { kind: "session", id: sessionId },
    after: {
      personId: start.personId,
      acr: start.acr ?? undefined,
      amr: start.amr ?? undefined,
      isNewPlace: isNewPlace || undefined,
    },
  });
  if (isNewPlace) await enqueue(tx, { kind: "send-new-place-notice", sessionId }, `new-place:${sessionId}`);
  return { token, sessionId, expiresAt };
}

/** Ends sessions inside a transaction; the caller tells the cache once it is committed (see {@link endSessions}). */
export async function endSessionsIn(
  tx: Tx,
  ctx: Context,
  choice: SessionChoice,
  reason: SessionEnd,
): Promise<EndedSessionRow[]> {
  const ended = await endChosenSessions(tx, choice, ctx.now(), reason);
  for (const session of ended) {
    await recordAudit(tx, ctx, {
      action: "session.end",
      subject: { kind: "session", id: session.id },
      after: { personId: session.person_id, endReason: reason },
    });
  }
  return ended;
}

/** Ends sessions at once: in PostgreSQL, then in every process by the cache. Ending what has ended changes nothing. */
export async function endSessions(
  deps: SessionDependencies,
  ctx: Context,
  choice: SessionChoice,
  reason: SessionEnd,
): Promise<EndedSessionRow[]> {
  const ended = await inSystem(deps, (tx) => endSessionsIn(tx, ctx, choice, reason));
  await forgetSessions(deps.cache, ended);
  return ended;
}

export async function forgetSessions(cache: SessionCache, ended: readonly EndedSessionRow[]): Promise<void> {
  await cache.end(ended.map((session) => ({ tokenHash: session.token_hash, sessionId: session.id })));
}

/**
 * Ends the session of a browser's token. Returns its id_token for the provider's own sign-out, when it had one; `undefined`
 * when there was no session, or none of the provider's.
 */
export async function signOut(
  deps: SessionDependencies,
  ctx: Context,
  token: string | undefined,
): Promise<{ readonly idToken: string | null } | undefined> {
  if (!isToken(token)) return undefined;
  const [ended] = await endSessions(deps, ctx, { tokenHash: hashToken(token) }, "signed-out");
  return ended?.amr === null ? { idToken: ended.id_token } : undefined;
}
