/**
 * Resellers: structures that administer others. The operator makes a structure one; it then opens structures under itself,
 * and who administers it has the same role over each of them. One level only.
 *
 * A reseller's quota holds for itself and its children together. Under a reseller that has a quota each child needs its
 * own, so that what was handed out is known.
 */
import { asPlatform, type Tx } from "../database/in-tenant.ts";
import { problem } from "../problems.ts";
import type { StructureRow } from "./queries.ts";
import { givenByReseller } from "./quota.ts";

/** Quotas as they are about to be; null = no limit. */
export interface QuotaLimits {
  readonly mailboxes: number | null;
  readonly bytes: number | null;
}

/**
 * Passes when the reseller, whose row is locked, has these quotas left for a child (`childId`: one it has already).
 * Throws `reseller-quota-exceeded`, `reseller-child-unlimited`.
 */
export async function requireResellerRoom(
  tx: Tx,
  reseller: StructureRow,
  wanted: QuotaLimits,
  childId?: string,
): Promise<void> {
  const given = await givenByReseller(tx, reseller, childId);
  const rooms = [
    ["mailboxes", reseller.quota_mailboxes, reseller.used_mailboxes + given.mailboxes, wanted.mailboxes],
    ["bytes", reseller.quota_bytes, reseller.used_bytes + given.bytes, wanted.bytes],
  ] as const;
  for (const [quota, limit, used, more] of rooms) {
    if (limit === null) continue;
    if (more === null) throw problem("reseller-child-unlimited", { quota });
    if (used + more > limit) throw problem("reseller-quota-exceeded", { quota, limit, used });
  }
}

/**
 * Passes when the structure, whose row is locked, may have these quotas: not under what its boxes and its children hold.
 * Throws `quota-below-use`, `reseller-child-unlimited`.
 */
export async function requireQuotaAboveUse(
  tx: Tx,
  structure: StructureRow,
  wanted: QuotaLimits,
): Promise<void> {
  const given = await givenByReseller(tx, structure);
  const rooms = [
    ["mailboxes", wanted.mailboxes, structure.used_mailboxes + given.mailboxes, given.hasUnlimitedMailboxes],
    ["bytes", wanted.bytes, structure.used_bytes + given.bytes, given.hasUnlimitedBytes],
  ] as const;
  for (const [quota, limit, used, hasUnlimitedChild] of rooms) {
    if (limit === null) continue;
    if (hasUnlimitedChild) throw problem("reseller-child-unlimited", { quota });
    if (used > limit) throw problem("quota-below-use", { quota, used });
  }
}

/** Locks the reseller's row from within a child's scope. Throws `structure-not-found`, `structure-not-reseller`. */
export async function lockReseller(
  tx: Tx,
  resellerId: string,
  lock: (tx: Tx, structureId: string) => Promise<StructureRow>,
): Promise<StructureRow> {
  const reseller = await asPlatform(tx, () => lock(tx, resellerId));
  if (!reseller.is_reseller) throw problem("structure-not-reseller");
  return reseller;
}
