import { sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { ClientKind } from "./client-queries.ts";

/** A program with all that a person has given it: software makes a family at each exchange, and is one program all the same. */
export interface ProgramRow {
  /** Of the client. */
  readonly id: string;
  readonly name: string;
  readonly kind: ClientKind;
  readonly since: Date;
  readonly last_used_at: Date;
  readonly expires_at: Date;
}

/** The programs that may act for a person now. */
export async function listPrograms(tx: Tx, personId: string, now: Date): Promise<ProgramRow[]> {
  const { rows } = await sql<ProgramRow>`
    select c.id, c.name, c.kind, min(g.created_at) as since,
      max(coalesce(g.last_used_at, g.created_at)) as last_used_at, max(g.expires_at) as expires_at
    from app.oauth_grants g join app.oauth_clients c on c.id = g.client_id
    where g.person_id = ${personId} and g.revoked_at is null and g.expires_at > ${now}
      and c.withdrawn_at is null and c.suspended_at is null
    group by c.id order by since desc, c.id`.execute(tx);
  return rows;
}

/** A code that was not redeemed yet would begin a family anew. */
export async function deleteOpenCodes(tx: Tx, personId: string, clientId?: string): Promise<void> {
  let codes = tx.deleteFrom("app.oauth_codes").where("person_id", "=", personId).where(
    "grant_id",
    "is",
    null,
  );
  if (clientId !== undefined) codes = codes.where("client_id", "=", clientId);
  await codes.execute();
}
