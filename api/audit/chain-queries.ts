/** The chains as they stand in the database: links with their rows, ends, rows outside every chain. */
import { sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { Link, Mark, TrailRow } from "./chain.ts";

export interface Head extends Mark {
  readonly chain: string;
}

/** The ends of all chains, or of one. */
export async function listHeads(tx: Tx, chain?: string): Promise<Head[]> {
  const { rows } = await sql<Head>`
    select chain_id as chain, seq, encode(hash, 'hex') as hash from app.audit_heads
     where seq > 0 and ${chain === undefined ? sql`true` : sql`chain_id = ${chain}`} order by chain_id`
    .execute(tx);
  return rows;
}

/** Every chain that has a link, whatever the heads say. */
export async function listChains(tx: Tx): Promise<string[]> {
  // Jumps from chain to chain in the primary key: `distinct` would read every link.
  const { rows } = await sql<{ chain: string }>`
    with recursive found as (
      (select chain_id from app.audit_links order by chain_id limit 1)
      union all
      select (select l.chain_id from app.audit_links l where l.chain_id > found.chain_id order by l.chain_id limit 1)
        from found where found.chain_id is not null
    ) select chain_id as chain from found where chain_id is not null`.execute(tx);
  return rows.map((row) => row.chain);
}

/** The end of a chain twice, at one moment: as the head notes it, and the number of the last link there is. */
export async function findEnd(
  tx: Tx,
  chain: string,
): Promise<{ readonly noted: number | null; readonly last: number | null }> {
  const { rows } = await sql<{ noted: number | null; last: number | null }>`
    select (select seq from app.audit_heads where chain_id = ${chain}) as noted,
           (select max(seq) from app.audit_links where chain_id = ${chain}) as last`.execute(tx);
  return rows[0] ?? { noted: null, last: null };
}

/** The next `count` links of the chain after `after` and up to `upTo`, each with its row. */
export async function listLinks(
  tx: Tx,
  chain: string,
  range: { readonly after: number; readonly upTo: number; readonly count: number },
): Promise<Link[]> {
  const { rows } = await sql<Record<string, unknown>>`
    select l.seq, l.event_id, l.format, encode(l.previous_hash, 'hex') as previous_hash, encode(l.hash, 'hex') as hash,
           e.id, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, e.structure_id, e.actor_kind,
           e.actor_person_id, e.actor_label, e.action, e.subject_kind, e.subject_id,
           e.before::text as before, e.after::text as after, e.reason, e.request_id
      from app.audit_links l left join app.audit_events e on e.id = l.event_id
     where l.chain_id = ${chain} and l.seq > ${range.after} and l.seq <= ${range.upTo}
     order by l.seq limit ${range.count}`.execute(tx);
  return rows.map((row) => ({
    seq: row.seq as number,
    eventId: row.event_id as number,
    format: row.format as number,
    previousHash: row.previous_hash as string,
    hash: row.hash as string,
    row: row.id === null ? null : row as unknown as TrailRow,
  }));
}

/** Rows that stand in no chain, and which chain they say they belong to. */
export async function listUnsealed(
  tx: Tx,
  limit: number,
  structureId?: string | null,
): Promise<{ id: number; structure_id: string | null }[]> {
  const { rows } = await sql<{ id: number; structure_id: string | null }>`
    select e.id, e.structure_id from app.audit_events e
     where not exists (select from app.audit_links l where l.event_id = e.id)
       and ${structureId === undefined ? sql`true` : sql`e.structure_id is not distinct from ${structureId}`}
     order by e.id limit ${limit}`.execute(tx);
  return rows;
}
