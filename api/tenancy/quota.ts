/**
 * Quotas of a structure: how many boxes it may have, and how many bytes may be promised to them in all. `null` = no limit.
 *
 * Use is counted by the database itself (a trigger on app.mailboxes keeps `used_mailboxes` and `used_bytes`), and a check
 * constraint holds it under the quota: what is here refuses first, in words. A reseller's quota holds for itself and its
 * children together: what it has handed to them is taken from its own.
 */
import { asPlatform, type Tx } from "../database/in-tenant.ts";
import { problem } from "../problems.ts";
import { getStructureForUpdate, type StructureRow } from "./queries.ts";
import { type GivenQuota, sumGivenQuota } from "./quota-queries.ts";

/** What a write is about to take; negative or absent = nothing. */
export interface QuotaNeed {
  readonly mailboxes?: number;
  readonly bytes?: number;
}

/**
 * Passes when the structure has room for what is about to be written, and keeps its row locked until the transaction ends,
 * so that two at once cannot both take the last place. Nothing is noted here: the write itself counts.
 *
 * Order of locks, everywhere: the structure first, its boxes then. Call this (or `requireActiveStructure`) before a box is
 * locked.
 *
 * @throws problem "structure-not-found" · "quota-mailboxes-exceeded" · "quota-bytes-exceeded"
 */
export async function reserveMailboxQuota(
  tx: Tx,
  structureId: string,
  need: QuotaNeed,
): Promise<StructureRow> {
  const structure = await getStructureForUpdate(tx, structureId);
  const given = await givenByReseller(tx, structure);
  const taken = {
    mailboxes: structure.used_mailboxes + given.mailboxes,
    bytes: structure.used_bytes + given.bytes,
  };
  const { mailboxes = 0, bytes = 0 } = need;
  if (mailboxes > 0 && isOver(structure.quota_mailboxes, taken.mailboxes + mailboxes)) {
    throw problem("quota-mailboxes-exceeded", { limit: structure.quota_mailboxes, used: taken.mailboxes });
  }
  if (bytes > 0 && isOver(structure.quota_bytes, taken.bytes + bytes)) {
    throw problem("quota-bytes-exceeded", { limit: structure.quota_bytes, used: taken.bytes });
  }
  return structure;
}

const nothingGiven: GivenQuota = {
  mailboxes: 0,
  bytes: 0,
  hasUnlimitedMailboxes: false,
  hasUnlimitedBytes: false,
};

/** What the children of this structure hold of its quota; nothing when it is no reseller. */
export async function givenByReseller(
  tx: Tx,
  structure: StructureRow,
  except?: string,
): Promise<GivenQuota> {
  if (!structure.is_reseller) return nothingGiven;
  return await asPlatform(tx, () => sumGivenQuota(tx, structure.id, except));
}

export function isOver(limit: number | null, wanted: number): boolean {
  return limit !== null && wanted > limit;
}
