/** Sessions and their attempts in PostgreSQL. Only digests of what the browser holds are stored. */
import { sql } from "kysely";
import type { Membership, OperatorRole } from "../context.ts";
import type { Tx } from "../database/in-tenant.ts";
import { type Logout, noteLogouts } from "./logout-queries.ts";
import { findAccount } from "./queries.ts";

export interface AttemptRow {
  readonly state_hash: Uint8Array;
  readonly binding_hash: Uint8Array;
  readonly nonce: string;
  readonly code_verifier: string;
  readonly return_to: string;
  /** The session that it confirms; null for a sign-in. */
  readonly session_id: string | null;
  readonly created_at: Date;
  readonly expires_at: Date;
}

export async function insertAttempt(tx: Tx, row: AttemptRow): Promise<void> {
  await tx.insertInto("app.sign_in_attempts").values(row).execute();
}

/**
 * Single use: whoever takes the attempt removes it, and of two at once one alone finds it. Another browser's attempt stays
 * where it is, so that a stranger who saw its state cannot spoil it.
 */
export async function takeAttempt(
  tx: Tx,
  stateHash: Uint8Array,
  bindingHash: Uint8Array,
): Promise<AttemptRow | "other-browser" | undefined> {
  const taken = await tx.deleteFrom("app.sign_in_attempts").where("state_hash", "=", stateHash)
    .where("binding_hash", "=", bindingHash).returningAll().executeTakeFirst();
  if (taken) return taken;
  const foreign = await tx.selectFrom("app.sign_in_attempts").select("state_hash").where(
    "state_hash",
    "=",
    stateHash,
  )
    .executeTakeFirst();
  return foreign ? "other-browser" : undefined;
}

/** Names the cleaning among the advisory locks of the database; any number that no other lock has. */
const cleaningLock = 7_301_001;

/**
 * Removes attempts that nobody finished. A few at a time, since it is done on the way of another request; and by one
 * transaction at a time, since two that remove the same rows in another order would block each other.
 */
export async function deleteExpiredAttempts(tx: Tx, now: Date): Promise<void> {
  const { rows: [lock] } = await sql<
    { mine: boolean }
  >`select pg_try_advisory_xact_lock(${cleaningLock}) as mine`.execute(tx);
  if (!lock?.mine) return;
  await tx.deleteFrom("app.sign_in_attempts").where(
    "state_hash",
    "in",
    tx.selectFrom("app.sign_in_attempts").select("state_hash").where("expires_at", "<", now).limit(100),
  ).execute();
}

export interface NewSessionRow {
  readonly id: string;
  readonly token_hash: Uint8Array;
  readonly person_id: string;
  readonly provider_session_id: string | null;
  readonly id_token: string | null;
  readonly acr: string | null;
  readonly amr: string | null;
  readonly authenticated_at: Date;
  readonly created_at: Date;
  readonly last_seen_at: Date;
  readonly expires_at: Date;
  readonly situation_key: string | null;
  /** Sealed; with the times below, or all null. */
  readonly refresh_token: Uint8Array | null;
  readonly refreshed_at: Date | null;
  readonly refresh_at: Date | null;
  readonly network: string | null;
  readonly browser: string | null;
  readonly is_new_place: boolean;
}

export async function insertSession(tx: Tx, row: NewSessionRow): Promise<void> {
  await tx.insertInto("app.sessions").values(row).execute();
}

export interface LiveSessionRow {
  readonly id: string;
  readonly person_id: string;
  readonly last_seen_at: Date;
  readonly expires_at: Date;
  /** The program that it was given to; null where it said nothing of itself. */
  readonly browser: string | null;
  readonly given_name: string;
  readonly family_name: string;
  readonly id_nat_ps: string | null;
  readonly operator_roles: readonly OperatorRole[];
  readonly memberships: readonly Membership[];
}

/** The session of this digest with its person and roles, unless it or the person's right has ended. */
export async function findLiveSession(
  tx: Tx,
  tokenHash: Uint8Array,
  now: Date,
  seenSince: Date,
): Promise<LiveSessionRow | undefined> {
  return await tx.selectFrom("app.sessions as session")
    .innerJoin("app.people as person", "person.id", "session.person_id")
    .select([
      "session.id",
      "session.person_id",
      "session.last_seen_at",
      "session.expires_at",
      "session.browser",
      "person.given_name",
      "person.family_name",
      "person.id_nat_ps",
    ])
    .select([
      sql<OperatorRole[]>`coalesce((select json_agg(r.role order by r.role) from app.operator_roles r
        where r.person_id = person.id), '[]')`.as("operator_roles"),
      // His own, and the structures that a reseller administers whose administrator he is.
      sql<Membership[]>`(select coalesce((select
          json_agg(json_build_object('structureId', m.structure_id, 'role', m.role) order by m.structure_id, m.role)
          from app.memberships m where m.person_id = person.id), '[]')::jsonb
        || coalesce((select
          json_agg(json_build_object('structureId', c.id, 'role', m.role, 'through', r.id) order by c.id)
          from app.memberships m
          join app.structures r on r.id = m.structure_id and r.is_reseller and r.status = 'active'
          join app.structures c on c.reseller_id = r.id
          where m.person_id = person.id and m.role = 'structure_administrator'), '[]')::jsonb)`.as(
        "memberships",
      ),
    ])
    .where("session.token_hash", "=", tokenHash)
    .where("session.ended_at", "is", null)
    .where("session.expires_at", ">", now)
    .where("session.last_seen_at", ">", seenSince)
    .where("person.status", "=", "active")
    .executeTakeFirst();
}

/** Notes that the person is there, unless it was noted since `before`. */
export async function touchSession(tx: Tx, sessionId: string, now: Date, before: Date): Promise<void> {
  await tx.updateTable("app.sessions").set({ last_seen_at: now })
    .where("id", "=", sessionId).where("ended_at", "is", null).where("last_seen_at", "<", before).execute();
}

export interface EndedSessionRow {
  readonly id: string;
  readonly person_id: string;
  readonly token_hash: Uint8Array;
  readonly id_token: string | null;
  readonly amr: string | null;
  readonly provider_session_id: string | null;
}

/** Which sessions are to end. */
export type SessionChoice =
  | { readonly tokenHash: Uint8Array }
  | { readonly sessionId: string; readonly personId?: string }
  /** All of a person, `but` one. */
  | { readonly personId: string; readonly but?: string }
  /** `subject`: whose it is, where the provider says so. */
  | { readonly providerSessionId: string; readonly issuer: string; readonly subject: string | null }
  /** All that a person has through the identity provider. */
  | { readonly issuer: string; readonly subject: string };

/**
 * Ends the chosen sessions that have not ended yet. The provider's tokens go with them: their only use was the session. What the
 * person opened elsewhere by a token of the same session of the provider is logged out too, unless a new session takes its place.
 */
export async function endChosenSessions(
  tx: Tx,
  choice: SessionChoice,
  now: Date,
  reason: string,
): Promise<EndedSessionRow[]> {
  const account = "issuer" in choice && choice.subject !== null
    ? await findAccount(tx, choice.issuer, choice.subject)
    : undefined;
  let chosen = tx.selectFrom("app.sessions")
    .select(["id", "person_id", "token_hash", "id_token", "amr", "provider_session_id"])
    .where("ended_at", "is", null);
  if ("tokenHash" in choice) chosen = chosen.where("token_hash", "=", choice.tokenHash);
  else if ("sessionId" in choice) {
    chosen = chosen.where("id", "=", choice.sessionId);
    if (choice.personId !== undefined) chosen = chosen.where("person_id", "=", choice.personId);
  } else if ("personId" in choice) {
    chosen = chosen.where("person_id", "=", choice.personId);
    if (choice.but !== undefined) chosen = chosen.where("id", "<>", choice.but);
  } else if ("providerSessionId" in choice) {
    chosen = chosen.where("provider_session_id", "=", choice.providerSessionId);
  } else {
    if (account === undefined) return [];
    chosen = chosen.where("acr", "is not", null).where("person_id", "=", account.id);
  }
  const rows = await chosen.forUpdate().execute();
  if (reason !== "replaced") await noteLogouts(tx, logoutsOf(choice, rows, account?.id ?? null), now);
  if (rows.length === 0) return [];
  await tx.updateTable("app.sessions").set({
    ended_at: now,
    end_reason: reason,
    id_token: null,
    refresh_token: null,
  })
    .where("id", "in", rows.map((row) => row.id)).execute();
  return rows;
}

/** What the end of these sessions logs out at the provider: one session of it each, or all that the person has there. */
function logoutsOf(
  choice: SessionChoice,
  rows: readonly EndedSessionRow[],
  accountId: string | null,
): Logout[] {
  if ("providerSessionId" in choice) {
    // It may have been used by mail clients alone, of which no session is kept here.
    return [{ personId: accountId ?? rows[0]?.person_id ?? null, sid: choice.providerSessionId }];
  }
  if ("issuer" in choice) return [{ personId: accountId, sid: null }];
  if ("personId" in choice && !("sessionId" in choice)) return [{ personId: choice.personId, sid: null }];
  return rows.filter((row) => row.amr === null)
    .map((row) => ({ personId: row.person_id, sid: row.provider_session_id }));
}

/** Whose session this is, ended or not. */
export async function findSessionAccount(tx: Tx, sessionId: string) {
  return await tx.selectFrom("app.sessions as session")
    .innerJoin("app.people as person", "person.id", "session.person_id")
    .select(["session.person_id", "person.issuer", "person.subject"])
    .select(sql<string>`trim(person.given_name || ' ' || person.family_name)`.as("display_name"))
    .where("session.id", "=", sessionId).executeTakeFirst();
}

/** When the person of this session last showed a factor, and whether to us (`amr`) or to the identity provider (null). */
export async function findFactorShown(
  tx: Tx,
  sessionId: string,
): Promise<{ readonly at: Date; readonly amr: string | null } | undefined> {
  return await tx.selectFrom("app.sessions")
    .select((select) => ["amr", select.fn.coalesce("factor_at", "authenticated_at").as("at")])
    .where("id", "=", sessionId).executeTakeFirst();
}

/** Notes that the person of this session has just shown a factor again. */
export async function noteFactorShown(tx: Tx, sessionId: string, now: Date): Promise<void> {
  await tx.updateTable("app.sessions").set({ factor_at: now }).where("id", "=", sessionId)
    .where("ended_at", "is", null).execute();
}
