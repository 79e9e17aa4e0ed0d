import { sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";

export interface OwnSessionRow {
  readonly id: string;
  readonly acr: string | null;
  readonly amr: string | null;
  readonly network: string | null;
  readonly browser: string | null;
  readonly is_new_place: boolean;
  readonly created_at: Date;
  readonly last_seen_at: Date;
  readonly expires_at: Date;
}

/** The live sessions of a person, the one last used first. In the person's own scope or the platform's. */
export async function listOwnSessions(
  tx: Tx,
  personId: string,
  now: Date,
  seenSince: Date,
): Promise<OwnSessionRow[]> {
  return await tx.selectFrom("app.sessions")
    .select([
      "id",
      "acr",
      "amr",
      "network",
      "browser",
      "is_new_place",
      "created_at",
      "last_seen_at",
      "expires_at",
    ])
    .where("person_id", "=", personId).where("ended_at", "is", null)
    .where("expires_at", ">", now).where("last_seen_at", ">", seenSince)
    .orderBy("last_seen_at", "desc").orderBy("id").execute();
}

/** Where and when a session began, with the boxes that are told of it: those the person holds himself. */
export interface NewPlaceRow {
  readonly network: string | null;
  readonly browser: string | null;
  readonly created_at: Date;
  readonly addresses: readonly string[];
}

export async function findNewPlace(tx: Tx, sessionId: string): Promise<NewPlaceRow | undefined> {
  const { rows: [row] } = await sql<NewPlaceRow>`
    select s.network, s.browser, s.created_at, array(
      select b.address from app.mailboxes b
       where b.holder_id_nat_ps = p.id_nat_ps and b.status = 'active' order by b.address) as addresses
    from app.sessions s join app.people p on p.id = s.person_id
    where s.id = ${sessionId} and s.is_new_place`.execute(tx);
  return row;
}
