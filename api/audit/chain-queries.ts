/** The chains as they stand in the database: links with their rows, ends, rows outside every chain. */
import { sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { Link, Mark, Span } from "./chain.ts";

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

/** Links of a chain: after number `after` and up to `upTo`. */
export interface Range {
  readonly after: number;
  readonly upTo: number;
}

/**
 * The row `e` as it was sealed. How it is written is said here and not by the database's own function, which somebody might
 * have changed.
 */
const rowText = sql`concat_ws(',', e.id,
    '"' || to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '"',
    coalesce('"' || e.structure_id || '"', 'null'), to_json(e.actor_kind),
    coalesce('"' || e.actor_person_id || '"', 'null'), to_json(e.actor_label), to_json(e.action),
    to_json(e.subject_kind), to_json(e.subject_id), coalesce(to_json(e.before::text)::text, 'null'),
    coalesce(to_json(e.after::text)::text, 'null'), coalesce(to_json(e.reason)::text, 'null'),
    coalesce(to_json(e.request_id)::text, 'null'))`;
const linksIn = (chain: string, { after, upTo }: Range) =>
  sql`from app.audit_links l left join app.audit_events e on e.id = l.event_id
     where l.chain_id = ${chain} and l.seq > ${after} and l.seq <= ${upTo}`;

/** Some thousand rows by two primary keys: every other plan reads the whole table for them. */
async function byPrimaryKeys(tx: Tx): Promise<void> {
  await sql`select set_config('max_parallel_workers_per_gather', '0', true), set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true), set_config('enable_seqscan', 'off', true),
    set_config('enable_bitmapscan', 'off', true)`.execute(tx);
}

/**
 * The links of the range as one span when each follows the one before it and has the hash of its row, by the server's own
 * SHA-256; undefined when anything is wrong. No row leaves the database, which costs more than its hashing.
 *
 * @param anchored numbers of which the hash is wanted
 */
export async function findWholeSpan(
  tx: Tx,
  chain: string,
  range: Range,
  anchored: readonly number[],
): Promise<Span | undefined> {
  await byPrimaryKeys(tx);
  const first = range.after + 1;
  const { rows } = await sql<{
    count: number;
    is_whole: boolean | null;
    first_event: number | null;
    first_hash: string | null;
    last_hash: string | null;
    anchored: Span["anchored"] | null;
  }>`
    select count(*)::int as count,
           bool_and(coalesce(format = 1 and is_sealed and (seq = ${first} or previous_hash = earlier), false)) as is_whole,
           max(event_id) filter (where seq = ${first}) as first_event,
           max(encode(previous_hash, 'hex')) filter (where seq = ${first}) as first_hash,
           max(encode(hash, 'hex')) filter (where seq = ${range.upTo}) as last_hash,
           json_agg(json_build_object('seq', seq, 'hash', encode(hash, 'hex'), 'eventId', event_id))
             filter (where seq = any(${anchored}::bigint[])) as anchored
      from (
        select l.seq, l.event_id, l.format, l.previous_hash, l.hash, lag(l.hash) over (order by l.seq) as earlier,
               e.id is not null and pg_catalog.sha256(convert_to(concat('["mss-audit-1","', l.chain_id, '",', l.seq, ',"',
                 encode(l.previous_hash, 'hex'), '",', ${rowText}, ']'), 'UTF8')) = l.hash as is_sealed
          ${linksIn(chain, range)}) link`.execute(tx);
  const [found] = rows;
  if (found === undefined || found.count !== range.upTo - range.after || found.is_whole !== true) {
    return undefined;
  }
  const { first_event: eventId, first_hash: previousHash, last_hash: hash } = found;
  if (eventId === null || previousHash === null || hash === null) return undefined;
  return {
    first: { seq: first, eventId, previousHash },
    last: { seq: range.upTo, hash },
    anchored: found.anchored ?? [],
  };
}

/**
 * The links of the range, each with its row. They come as one text, a line each: a million rows of eighteen columns would
 * keep the driver busy for longer than the hashing.
 */
export async function listLinks(tx: Tx, chain: string, range: Range): Promise<Link[]> {
  await byPrimaryKeys(tx);
  const { rows } = await sql<{ lines: string | null }>`
    select string_agg(concat_ws(' ', seq, event_id, format, encode(previous_hash, 'hex'), encode(hash, 'hex'), row), chr(10)) as lines
      from (
        select l.seq, l.event_id, l.format, l.previous_hash, l.hash, case when e.id is not null then ${rowText} end as row
          ${linksIn(chain, range)} order by l.seq) link`.execute(tx);
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
