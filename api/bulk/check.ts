import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { enqueue } from "../database/enqueue.ts";
import { asPlatform, inStructure, type Tx } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { findAddresses, listMailboxesById, type MailboxRow } from "../mailboxes/mod.ts";
import { problem } from "../problems.ts";
import { getStructure } from "../tenancy/mod.ts";
import { judgeLine, type Verdict } from "./judge-line.ts";
import {
  findDuplicates,
  forgetChecks,
  type LineResult,
  type LineRow,
  listLines,
  saveResults,
} from "./line-queries.ts";
import { authoriseOnBatch } from "./locate.ts";
import {
  type BatchRow,
  type CountedBatch,
  getBatch,
  getBatchForUpdate,
  updateBatch,
  withCounts,
} from "./queries.ts";
import { claimsOf, readLine } from "./read-line.ts";
import { holdActiveDomains } from "./world-queries.ts";

/** Lines checked or run in one transaction: long enough to be fast, short enough to hold no lock for more than a moment. */
export const chunkSize = 500;

export interface BatchJob {
  readonly structureId: string;
  readonly batchId: string;
}

export function batchJobKey(batchId: string): string {
  return `batch:${batchId}`;
}

/** The job behind a new batch: the dry run of every line, chunk by chunk; a worker killed in between goes on where it was. */
export async function checkBatch(ctx: Context, { structureId, batchId }: BatchJob): Promise<void> {
  for (let hasMore = true; hasMore;) {
    hasMore = await inStructure(ctx, structureId, async (tx) => {
      const batch = await getBatchForUpdate(tx, structureId, batchId);
      if (batch.state !== "checking") return false;
      const lines = await listLines(tx, batch, { limit: chunkSize }, { state: "unchecked" });
      if (lines.length > 0) {
        await checkLines(tx, batch, lines, ctx.now());
        return true;
      }
      // A batch that has run already stays so: what was corrected since can be run on top.
      const state = batch.run_at === null ? "ready" : "done";
      await updateBatch(tx, batch, { state, checked_at: ctx.now() }, ctx.now());
      return false;
    });
  }
}

/** The dry run of some lines against what stands in the database now, written into them. */
export async function checkLines(
  tx: Tx,
  batch: BatchRow,
  lines: readonly LineRow[],
  now: Date,
): Promise<void> {
  const duplicates = await findDuplicates(tx, batch);
  const judged = await judgeLines(tx, batch, lines, duplicates);
  await saveResults(tx, batch, judged.map(({ line, verdict }) => toResult(line, verdict)), now);
}

export interface Judged {
  readonly line: LineRow;
  readonly verdict: Verdict;
}

/** What each line would do now. `boxes`: rows that the caller has locked already. */
export async function judgeLines(
  tx: Tx,
  batch: BatchRow,
  lines: readonly LineRow[],
  duplicates: ReadonlyMap<string, number>,
  lock: (ids: readonly string[]) => Promise<readonly MailboxRow[]> = (ids) =>
    listMailboxesById(tx, batch.structure_id, ids),
): Promise<Judged[]> {
  const structure = await getStructure(tx, batch.structure_id);
  const domains = await holdActiveDomains(tx, batch.structure_id);
  const read = lines.map((line) => ({ line, read: readLine(line.fields) }));
  const wanted = [...new Set(read.flatMap((one) => claimsOf(one.read)))];
  const known = await asPlatform(tx, () => findAddresses(tx, wanted));
  const ids = known.filter((one) => one.structure_id === batch.structure_id).map((one) => one.mailbox_id);
  const boxes = new Map((await lock([...new Set(ids)])).map((box) => [box.address, box]));
  const taken = new Set(known.map((one) => one.address));
  const names = new Set(domains.keys());
  return read.map(({ line, read: one }) => ({
    line,
    verdict: judgeLine(one, {
      box: boxes.get(one.address ?? ""),
      taken,
      domains: names,
      firstLine: claimsOf(one).map((claim) => duplicates.get(claim)).find((first) =>
        first !== undefined && first !== line.line
      ),
      defaultQuotaBytes: structure.default_mailbox_quota_bytes,
    }),
  }));
}

function toResult(line: LineRow, verdict: Verdict): LineResult {
  const differs = "after" in verdict;
  const mailbox = "mailbox" in verdict ? verdict.mailbox : undefined;
  return {
    line: line.line,
    state: verdict.state,
    outcome: null,
    errors: verdict.state === "error" ? verdict.errors : [],
    before: differs && "before" in verdict ? verdict.before : null,
    after: differs ? verdict.after : null,
    mailboxId: mailbox?.id ?? null,
    mailboxVersion: mailbox?.version ?? null,
  };
}

/**
 * Has lines that were not run be checked again: the boxes have changed since, or lines failed.
 * Throws `batch-not-found`, `batch-state-forbids`, `version-mismatch`.
 */
export async function recheckBatch(
  ctx: Context,
  { batchId, ifVersion, lines }: {
    readonly batchId: string;
    readonly ifVersion?: number | undefined;
    readonly lines: "all" | "failed";
  },
): Promise<CountedBatch> {
  const structureId = await authoriseOnBatch(ctx, "batch.check", batchId);
  return await inStructure(ctx, structureId, async (tx) => {
    const before = await getBatchForUpdate(tx, structureId, batchId);
    if (before.state === "checking") return await getBatch(tx, structureId, batchId);
    if (before.state !== "ready" && before.state !== "done") {
      throw problem("batch-state-forbids", { state: before.state });
    }
    checkVersion(before.version, ifVersion);
    await forgetChecks(tx, before, lines, ctx.now());
    const after = await updateBatch(tx, before, { state: "checking" }, ctx.now());
    await recordAudit(tx, ctx, {
      action: "batch.check",
      subject: { kind: "batch", id: batchId },
      structureId,
      before: { state: before.state },
      after: { state: after.state },
    });
    await enqueue(tx, { kind: "check-batch", structureId, batchId }, batchJobKey(batchId));
    return await withCounts(tx, after);
  });
}
