/** The SQL of the trust space. */

import { sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { WhiteList } from "./parse.ts";
import type { RefusalReason } from "./refusal.ts";

export interface ListInForce {
  readonly id: string;
  readonly generatedAt: Date;
  readonly importedAt: Date;
  readonly sha256: Uint8Array;
  readonly signer: string;
  readonly domainCount: number;
  readonly entryCount: number;
}

/** The list in force, if there has ever been one. */
export async function findListInForce(tx: Tx): Promise<ListInForce | undefined> {
  const row = await tx.selectFrom("app.white_lists").selectAll().where("status", "=", "in_force")
    .executeTakeFirst();
  return row && {
    id: row.id,
    generatedAt: row.generated_at,
    importedAt: row.imported_at,
    sha256: row.sha256,
    signer: row.signer,
    domainCount: row.domain_count,
    entryCount: row.entry_count,
  };
}

/** One import at a time, whatever the number of workers: the second one waits, then sees the first one's list. */
export async function lockImports(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('app.white_lists', 0))`.execute(tx);
}

/**
 * Puts a list in force in place of the former one. Readers see the one or the other, never none: all of it is one
 * transaction. The former list's entries stay until the next change, so that a difference can be looked at.
 */
export async function replaceList(
  tx: Tx,
  list: WhiteList,
  origin: { readonly sha256: Uint8Array; readonly signer: string; readonly importedAt: Date },
): Promise<string> {
  await sql`delete from app.white_list_entries e using app.white_lists w
    where w.id = e.white_list_id and w.status = 'superseded'`.execute(tx);
  await tx.updateTable("app.white_lists").set({ status: "superseded" }).where("status", "=", "in_force")
    .execute();
  const { id } = await tx.insertInto("app.white_lists").values({
    generated_at: list.generatedAt,
    imported_at: origin.importedAt,
    sha256: Buffer.from(origin.sha256),
    signer: origin.signer,
    status: "in_force",
    domain_count: list.domains.size,
    entry_count: list.entryCount,
  }).returning("id").executeTakeFirstOrThrow();
  const pairs = Array.from(list.domains, ([domain, dns]) => Array.from(dns, (dn) => [domain, dn] as const))
    .flat();
  await sql`insert into app.white_list_entries (white_list_id, domain, dn)
    select ${id}::uuid, pair.domain, pair.dn
      from unnest(${pairs.map(([domain]) => domain)}::text[], ${
    pairs.map(([, dn]) => dn)
  }::text[]) as pair(domain, dn)`
    .execute(tx);
  return id;
}

export interface RecordedRefusal {
  readonly at: Date;
  readonly reason: RefusalReason;
}

export async function recordRefusal(
  tx: Tx,
  refusal: RecordedRefusal & {
    readonly sha256: Uint8Array | undefined;
    readonly generatedAt: Date | undefined;
  },
): Promise<void> {
  await tx.insertInto("app.white_list_refusals").values({
    at: refusal.at,
    reason: refusal.reason,
    sha256: refusal.sha256 === undefined ? null : Buffer.from(refusal.sha256),
    generated_at: refusal.generatedAt ?? null,
  }).execute();
}

/** The refusal that came last, whether or not a list was taken since. */
export async function findLastRefusal(tx: Tx): Promise<RecordedRefusal | undefined> {
  const row = await tx.selectFrom("app.white_list_refusals").select(["at", "reason"]).orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row && { at: row.at, reason: row.reason as RefusalReason }; // this room alone writes the column
}

export interface AddressFacts {
  readonly address: string;
  readonly isHostedDomain: boolean;
  readonly hasMailbox: boolean;
  readonly isListed: boolean;
}

/**
 * What is known of each address, in one query. Needs the scope `system`: whether a box exists is asked across tenants,
 * and only yes or no leaves here.
 */
export async function listAddressFacts(
  tx: Tx,
  wanted: readonly { readonly address: string; readonly domain: string }[],
): Promise<AddressFacts[]> {
  const { rows } = await sql<AddressFacts>`
    select wanted.address,
      exists (select from app.domains d join app.structures s on s.id = d.structure_id
        where d.name = wanted.domain and d.status <> 'closed' and s.status <> 'closed') as "isHostedDomain",
      exists (select from app.addresses a
        join app.mailboxes b on b.structure_id = a.structure_id and b.id = a.mailbox_id
        join app.domains d on d.structure_id = b.structure_id and d.id = b.domain_id
        join app.structures s on s.id = b.structure_id
        where a.address = wanted.address and a.kind in ('main', 'alias')
          and b.status = 'active' and d.status = 'active' and s.status = 'active'
          and (b.moved_from_address is null or b.moved_at is not null)) as "hasMailbox",
      exists (select from app.white_list_entries e join app.white_lists w on w.id = e.white_list_id
        where e.domain = wanted.domain and w.status = 'in_force') as "isListed"
    from unnest(${wanted.map(({ address }) => address)}::text[], ${
    wanted.map(({ domain }) => domain)
  }::text[])
      as wanted(address, domain)`.execute(tx);
  return rows;
}

/** Comparable DNs that may speak for a domain; empty when the domain is not listed. */
export async function listDomainDns(tx: Tx, domain: string): Promise<string[]> {
  const rows = await tx.selectFrom("app.white_list_entries as e")
    .innerJoin("app.white_lists as w", "w.id", "e.white_list_id")
    .select("e.dn").where("e.domain", "=", domain).where("w.status", "=", "in_force").orderBy("e.dn")
    .execute();
  return rows.map(({ dn }) => dn);
}
