import type { Tx } from "../database/in-tenant.ts";
import { Problem } from "../problems.ts";
import { reserveMailboxQuota } from "../tenancy/mod.ts";
import type { LineError } from "./line-error.ts";

interface Need {
  readonly mailboxes: number;
  readonly bytes: number;
}

export interface QuotaShare<T> {
  readonly fitting: readonly T[];
  readonly over: readonly { readonly one: T; readonly error: LineError }[];
}

/**
 * Which of `all` have room in the quota of the structure, in their order: one that asks too much is passed over, what comes
 * after it may still fit. The structure's row stays locked until the transaction ends.
 */
export async function takeQuota<T>(
  tx: Tx,
  structureId: string,
  all: readonly T[],
  needOf: (one: T) => Need,
): Promise<QuotaShare<T>> {
  const total = all.map(needOf).reduce(add, nothing);
  if (await refusal(tx, structureId, total) === undefined) return { fitting: all, over: [] };
  const fitting: T[] = [];
  const over: { one: T; error: LineError }[] = [];
  let taken = nothing;
  for (const one of all) {
    const wanted = add(taken, needOf(one));
    const error = await refusal(tx, structureId, wanted);
    if (error === undefined) {
      fitting.push(one);
      taken = wanted;
    } else over.push({ one, error });
  }
  return { fitting, over };
}

const nothing: Need = { mailboxes: 0, bytes: 0 };

function add(one: Need, other: Need): Need {
  return { mailboxes: one.mailboxes + other.mailboxes, bytes: one.bytes + other.bytes };
}

/** The quota that does not hold `need`. What is asked is only looked at, never noted: the boxes themselves count. */
async function refusal(tx: Tx, structureId: string, need: Need): Promise<LineError | undefined> {
  if (need.mailboxes === 0 && need.bytes === 0) return undefined;
  try {
    await reserveMailboxQuota(tx, structureId, need);
    return undefined;
  } catch (error) {
    const slug = error instanceof Problem ? error.slug : undefined;
    if (slug === "quota-mailboxes-exceeded") {
      return { column: "", code: slug, message: "the structure has as many mailboxes as its quota allows" };
    }
    if (slug === "quota-bytes-exceeded") {
      return { column: "quota_mo", code: slug, message: "would pass the structure's quota of bytes" };
    }
    throw error;
  }
}
