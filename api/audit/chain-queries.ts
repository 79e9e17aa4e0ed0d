/** The chains as they stand in the database: links with their rows, ends, rows outside every chain. */
import { sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { Link, Mark } from "./chain.ts";

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

/**
 * The links of the chain after number `after` and up to `upTo`, each with its row.
 *
 * They come as one text, a line each: a million rows of eighteen columns would keep the driver busy for longer than the
 * hashing. How a row is written is said here and not by the database's own function, which somebody might have changed.
 */
export async function listLinks(
  tx: Tx,
  chain: string,
  range: { readonly after: number; readonly upTo: number },
): Promise<Link[]> {
  // Some thousand rows by two primary keys: every other plan reads the whole table for them.
  await sql`select set_config('max_parallel_workers_per_gather', '0', true), set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true), set_config('enable_seqscan', 'off', true),
    set_config('enable_bitmapscan', 'off', true)`.execute(tx);
  const { rows } = await sql<{ lines: string | null }>`
    select string_agg(concat_ws(' ', seq, event_id, format, encode(previous_hash, 'hex'), encode(hash, 'hex'), row), chr(10)) as lines
      from (
        select l.seq, l.event_id, l.format, l.previous_hash, l.hash, case when e.id is not null then concat_ws(',', e.id,
                 to_json(to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')),
                 coalesce(to_json(e.structure_id)::text, 'null'), to_json(e.actor_kind),
                 coalesce(to_json(e.actor_person_id)::text, 'null'), to_json(e.actor_label), to_json(e.action),
                 to_json(e.subject_kind), to_json(e.subject_id), coalesce(to_json(e.before::text)::text, 'null'),
                 coalesce(to_json(e.after::text)::text, 'null'), coalesce(to_json(e.reason)::text, 'null'),
                 coalesce(to_json(e.request_id)::text, 'null')) end as row
          from app.audit_links l left join app.audit_events e on e.id = l.event_id
         where l.chain_id = ${chain} and l.seq > ${range.after} and l.seq <= ${range.upTo}
         order by l.seq) link`.execute(tx);
  const lines = rows[0]?.lines ?? null;
  // Sorted in the inner query; PostgreSQL all but promises that it stays so.
  return lines === null ? [] : lines.split("\n").map(toLink).sort((a, b) => a.seq - b.seq);
}

function toLink(line: string): Link {
  const parts: string[] = [];
  let from = 0;
  for (let part = 0; part < 5; part++) {
    const to = line.indexOf(" ", from);
    parts.push(to === -1 ? line.slice(from) : line.slice(from, to));
    from = to === -1 ? line.length : to + 1;
  }
  const [seq, eventId, format, previousHash = "", hash = ""] = parts;
  return {
    seq: Number(seq),
    eventId: Number(eventId),
    format: Number(format),
    previousHash,
    hash,
    row: from === line.length ? null : line.slice(from),
  };
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
