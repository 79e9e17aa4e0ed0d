/** Which sessions are to be renewed at the provider, and what came of it. */
import type { Tx } from "../database/in-tenant.ts";

export interface SessionToRefresh {
  readonly id: string;
  /** Sealed. */
  readonly refresh_token: Uint8Array;
  readonly subject: string;
}

/**
 * Takes sessions whose time has come and whose person was there since the last renewal, and puts each off to `againAt`: of
 * several processes one alone gets it, and one that dies gives it back.
 */
export async function claimSessionsToRefresh(
  tx: Tx,
  times: { readonly now: Date; readonly seenSince: Date; readonly againAt: Date },
  limit: number,
): Promise<SessionToRefresh[]> {
  const due = await tx.selectFrom("app.sessions as session")
    .innerJoin("app.people as person", "person.id", "session.person_id")
    .select(["session.id", "session.refresh_token", "person.subject"])
    .where("session.ended_at", "is", null)
    .where("session.refresh_token", "is not", null)
    .where("session.refresh_at", "<=", times.now)
    .where("session.expires_at", ">", times.now)
    .where("session.last_seen_at", ">", times.seenSince)
    .whereRef("session.last_seen_at", ">", "session.refreshed_at")
    .orderBy("session.refresh_at").limit(limit)
    .forUpdate("session").skipLocked().execute();
  if (due.length === 0) return [];
  await tx.updateTable("app.sessions").set({ refresh_at: times.againAt })
    .where("id", "in", due.map((one) => one.id)).execute();
  return due.flatMap(({ id, refresh_token, subject }) =>
    refresh_token === null || subject === null ? [] : [{ id, refresh_token, subject }]
  );
}

export async function noteRefreshed(
  tx: Tx,
  sessionId: string,
  renewed: {
    readonly refresh_token?: Uint8Array;
    readonly id_token?: string;
    readonly refreshed_at: Date;
    readonly refresh_at: Date;
  },
): Promise<void> {
  await tx.updateTable("app.sessions").set(renewed).where("id", "=", sessionId).where("ended_at", "is", null)
    .execute();
}

/** Takes the provider's tokens away from sessions that ran out by themselves: nothing will use them any more. */
export async function dropTokensOfExpired(tx: Tx, now: Date, seenSince: Date): Promise<void> {
  await tx.updateTable("app.sessions").set({ refresh_token: null, id_token: null })
    .where("ended_at", "is", null).where("refresh_token", "is not", null)
    .where((where) => where.or([where("expires_at", "<=", now), where("last_seen_at", "<=", seenSince)]))
    .execute();
}
