/**
 * Logouts, for what stands on tokens of the provider alone (mail clients, software) and asks here whether they still count. A token
 * that was given out later is new: the provider has looked at the person again.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { type RawBuilder, sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";

/** Longest life of anything that stands on a token; a logout of before need not be remembered. */
export const longestTokenSessionSeconds = 86_400;

/** How a session of the provider is kept where its own name need not be. */
export function hashProviderSession(sid: string): Buffer {
  return createHash("sha256").update(sid).digest();
}

export interface Logout {
  /** Null: whose session it is, is not known here. */
  readonly personId: string | null;
  /** Session of the provider; null: all that the person has. */
  readonly sid: string | null;
}

/** Notes logouts, and forgets some that no longer matter. */
export async function noteLogouts(tx: Tx, logouts: readonly Logout[], now: Date): Promise<void> {
  if (logouts.length === 0) return;
  const expiresAt = new Date(now.getTime() + longestTokenSessionSeconds * 1_000);
  await tx.insertInto("app.logouts").values(logouts.map(({ personId, sid }) => ({
    person_id: personId,
    session_hash: sid === null ? null : hashProviderSession(sid),
    at: now,
    expires_at: expiresAt,
  }))).execute();
  await tx.deleteFrom("app.logouts").where(
    "id",
    "in",
    tx.selectFrom("app.logouts").select("id").where("expires_at", "<", now).limit(100),
  ).execute();
}

/** Whether somebody's token, given out at that time in that session of the provider, is from before a logout. All are SQL. */
export function isFromBeforeLogout(of: {
  readonly personId: RawBuilder<unknown>;
  /** Null where the provider did not name its session: then any logout of the person counts. */
  readonly sessionHash: RawBuilder<unknown>;
  readonly issuedAt: RawBuilder<unknown>;
}): RawBuilder<boolean> {
  return sql`exists (select from app.logouts logout
    where (logout.session_hash = ${of.sessionHash}
        or (logout.person_id = ${of.personId} and (logout.session_hash is null or ${of.sessionHash} is null)))
      and logout.at >= ${of.issuedAt})`;
}

/** Whether a token of the provider, as the introspection tells of it, is from before a logout of its person. */
export async function isLoggedOut(
  tx: Tx,
  personId: string,
  token: { readonly issuedAt: Date; readonly sessionId: string | null },
): Promise<boolean> {
  const hash = token.sessionId === null ? null : hashProviderSession(token.sessionId);
  const { rows: [row] } = await sql<{ is_out: boolean }>`select ${
    isFromBeforeLogout({
      personId: sql`${personId}::uuid`,
      sessionHash: sql`${hash}::bytea`,
      issuedAt: sql`${token.issuedAt}::timestamptz`,
    })
  } as is_out`.execute(tx);
  return row?.is_out === true;
}
