import { sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";

/** What a reseller has handed to its children: their limits, and the use of those that have none. */
export interface GivenQuota {
  readonly mailboxes: number;
  readonly bytes: number;
  readonly hasUnlimitedMailboxes: boolean;
  readonly hasUnlimitedBytes: boolean;
}

/**
 * Sum over the children of a reseller, one of them left out. In the platform's scope: a reseller's own scope ends at its
 * own row.
 */
export async function sumGivenQuota(tx: Tx, resellerId: string, except?: string): Promise<GivenQuota> {
  let query = tx.selectFrom("app.structures")
    .select([
      sql<number>`coalesce(sum(coalesce(quota_mailboxes, used_mailboxes)), 0)::bigint`.as("mailboxes"),
      sql<number>`coalesce(sum(coalesce(quota_bytes, used_bytes)), 0)::bigint`.as("bytes"),
      sql<boolean>`coalesce(bool_or(quota_mailboxes is null), false)`.as("hasUnlimitedMailboxes"),
      sql<boolean>`coalesce(bool_or(quota_bytes is null), false)`.as("hasUnlimitedBytes"),
    ])
    .where("reseller_id", "=", resellerId).where("status", "<>", "closed");
  if (except !== undefined) query = query.where("id", "<>", except);
  return await query.executeTakeFirstOrThrow();
}
