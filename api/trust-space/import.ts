/** Takes a downloaded white list into force, or says why not. */

import { createHash } from "node:crypto";
import type { Context } from "../context.ts";
import { inSystem, type Tx } from "../database/in-tenant.ts";
import { recordAudit } from "../audit/mod.ts";
import { authorise } from "../identity/mod.ts";
import type { WhiteList } from "./parse.ts";
import { findListInForce, type ListInForce, lockImports, recordRefusal, replaceList } from "./queries.ts";
import { readList } from "./read-list.ts";
import { type Refusal, type RefusalReason, refuse } from "./refusal.ts";
import { type SignerPolicy, verifySigner } from "./verify-signer.ts";

/** How far ahead of ours the publisher's clock may be. */
const clockToleranceMilliseconds = 10 * 60_000;
/** A list that loses more than this part of its domains at once is taken, since it is signed, and told to the operator. */
const alarmingLoss = 0.2;

export type ImportOutcome =
  | {
    readonly kind: "imported";
    readonly generatedAt: Date;
    readonly domainCount: number;
    readonly entryCount: number;
  }
  | { readonly kind: "unchanged" }
  | { readonly kind: "refused"; readonly reason: RefusalReason };

export interface ImportInput {
  /** The file as it came. */
  readonly bytes: Uint8Array;
  readonly authorities: SignerPolicy["authorities"];
  readonly crls: SignerPolicy["crls"];
  readonly signerName: string;
}

/**
 * Verifies, reads and puts a list in force, in one transaction. Idempotent: the list already in force is `unchanged`.
 *
 * A refused list changes nothing but the record of refusals: the last good list stays in force, whatever the reason.
 * Everything is judged at `ctx.now()`.
 */
export async function importWhiteList(ctx: Context, input: ImportInput): Promise<ImportOutcome> {
  authorise(ctx, "white-list.import");
  const sha256 = createHash("sha256").update(input.bytes).digest();
  const current = await inSystem(ctx, findListInForce);
  if (current !== undefined && isSame(current.sha256, sha256)) return { kind: "unchanged" };
  const at = ctx.now();
  const read = await judge(input, at);
  // The cryptography above takes seconds on a real list: it is done before the lock, the comparison under it.
  return await inSystem(ctx, async (tx) => {
    await lockImports(tx);
    const before = await findListInForce(tx);
    if (before !== undefined && isSame(before.sha256, sha256)) return { kind: "unchanged" };
    const list = read.ok ? read.list : undefined;
    const refusal = read.ok ? compare(read.list, before, at) : read;
    if (refusal !== undefined) return await refuseList(tx, ctx, refusal, sha256, list?.generatedAt, before);
    if (!read.ok) throw new Error("unreachable: a list that was not read is refused above");
    return await takeList(tx, ctx, read, sha256, before);
  });
}

/** Records that there is nothing to import, for a reason that lies before the file itself. */
export async function recordFailedDownload(
  ctx: Context,
  reason: RefusalReason,
  detail?: string,
): Promise<ImportOutcome> {
  authorise(ctx, "white-list.import");
  return await inSystem(
    ctx,
    async (tx) =>
      await refuseList(tx, ctx, refuse(reason, detail), undefined, undefined, await findListInForce(tx)),
  );
}

interface JudgedList {
  readonly ok: true;
  readonly list: WhiteList;
  readonly signer: string;
}

/** The signature, then who signed, then what was signed: the first doubt is the reason. */
async function judge(input: ImportInput, at: Date): Promise<JudgedList | Refusal> {
  const read = await readList(input.bytes);
  if (!read.ok) return read;
  const signer = await verifySigner(read.signer, { ...input, at });
  if (!signer.ok) return signer;
  return read.content.ok ? { ...read.content, signer: read.signer.subject } : read.content;
}

function compare(list: WhiteList, before: ListInForce | undefined, at: Date): Refusal | undefined {
  if (before !== undefined && list.generatedAt < before.generatedAt) return refuse("list-older");
  if (list.generatedAt.getTime() > at.getTime() + clockToleranceMilliseconds) return refuse("list-in-future");
  return undefined;
}

async function takeList(
  tx: Tx,
  ctx: Context,
  { list, signer }: JudgedList,
  sha256: Uint8Array,
  before: ListInForce | undefined,
): Promise<ImportOutcome> {
  const id = await replaceList(tx, list, { sha256, signer, importedAt: ctx.now() });
  const taken = {
    generatedAt: list.generatedAt,
    domainCount: list.domains.size,
    entryCount: list.entryCount,
  };
  await recordAudit(tx, ctx, {
    action: "white-list.import",
    subject: { kind: "white-list", id },
    structureId: null,
    before: before === undefined ? null : summary(before),
    after: summary(taken),
  });
  ctx.log.info("white-list.imported", { ...summary(taken), unreadable: list.unreadable.length });
  if (list.unreadable.length > 0) {
    ctx.log.warn("white-list.unreadable-entries", { entries: list.unreadable.slice(0, 20) });
  }
  if (before !== undefined && list.domains.size < before.domainCount * (1 - alarmingLoss)) {
    ctx.log.warn("white-list.shrunk", { before: before.domainCount, after: list.domains.size });
  }
  return { kind: "imported", ...taken };
}

async function refuseList(
  tx: Tx,
  ctx: Context,
  refusal: Refusal,
  sha256: Uint8Array | undefined,
  generatedAt: Date | undefined,
  inForce: ListInForce | undefined,
): Promise<ImportOutcome> {
  await recordRefusal(tx, { at: ctx.now(), reason: refusal.reason, sha256, generatedAt });
  // A server that is away is no act of anybody; a file that was judged is.
  if (sha256 !== undefined) {
    await recordAudit(tx, ctx, {
      action: "white-list.refuse",
      subject: { kind: "white-list", id: Buffer.from(sha256).toString("hex") },
      structureId: null,
      after: { reason: refusal.reason, ...(generatedAt && { generatedAt: generatedAt.toISOString() }) },
    });
  }
  ctx.log.warn("white-list.refused", {
    reason: refusal.reason,
    detail: refusal.detail,
    inForce: inForce?.generatedAt.toISOString() ?? null,
  });
  return { kind: "refused", reason: refusal.reason };
}

function summary(
  list: { generatedAt: Date; domainCount: number; entryCount: number },
): Record<string, unknown> {
  const { generatedAt, domainCount, entryCount } = list;
  return { generatedAt: generatedAt.toISOString(), domainCount, entryCount };
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.from(one).equals(other);
}
