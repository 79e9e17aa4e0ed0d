import type { Action } from "../actions.ts";
import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { enqueue } from "../database/enqueue.ts";
import { inStructure } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { authorise } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { actingOf } from "./acting.ts";
import { batchJobKey } from "./check.ts";
import { authoriseOnBatch } from "./locate.ts";
import { type CountedBatch, getBatchForUpdate, updateBatch, withCounts } from "./queries.ts";

/** What is asked of the actor for each act that stands in the batch: the same as for one box. */
const actionOf: Readonly<Record<string, Action>> = {
  create: "mailbox.create",
  change: "mailbox.change",
  close: "mailbox.close",
  suspend: "mailbox.suspend",
  resume: "mailbox.resume",
  reopen: "mailbox.reopen",
};

interface BatchStep {
  readonly batchId: string;
  /** The version that the actor saw; undefined = whatever it is. */
  readonly ifVersion?: number | undefined;
}

/**
 * Has the lines run that the dry run found good; the worker does them in chunks. Idempotent: a batch that runs, or has
 * nothing left to run, is returned as it is.
 * Throws `batch-not-found`, `batch-state-forbids`, `batch-has-errors` (unless they are to be skipped), `version-mismatch`.
 */
export async function runBatch(
  ctx: Context,
  { batchId, ifVersion, skipErrors }: BatchStep & { readonly skipErrors: boolean },
): Promise<CountedBatch> {
  const structureId = await authoriseOnBatch(ctx, "batch.run", batchId);
  return await inStructure(ctx, structureId, async (tx) => {
    const before = await withCounts(tx, await getBatchForUpdate(tx, structureId, batchId));
    const { state, lines } = before;
    const waiting = lines.filter((one) => one.outcome === null && one.state in actionOf);
    if (state === "running" || (state === "done" && waiting.length === 0)) return before;
    if (state !== "ready" && state !== "done") throw problem("batch-state-forbids", { state });
    checkVersion(before.version, ifVersion);
    for (const one of waiting) authorise(ctx, actionOf[one.state]!, { structureId });
    const errors = lines.filter((one) => one.state === "error").reduce((sum, one) => sum + one.count, 0);
    if (errors > 0 && !skipErrors) throw problem("batch-has-errors", { count: errors });
    const now = ctx.now();
    const after = await updateBatch(tx, before, {
      state: "running",
      run_at: now,
      finished_at: null,
      ...actingValues(ctx),
    }, now);
    await recordAudit(tx, ctx, {
      action: "batch.run",
      subject: { kind: "batch", id: batchId },
      structureId,
      before: { state },
      after: { state: after.state, lineCount: waiting.reduce((sum, one) => sum + one.count, 0) },
    });
    // Before the jobs of the boxes that it makes: they queue up behind it.
    await enqueue(tx, { kind: "run-batch", structureId, batchId }, batchJobKey(batchId), now);
    return await withCounts(tx, after);
  });
}

/**
 * Has what the batch did taken back: what it made is closed (its mail kept as for every closing), what it changed,
 * suspended or closed becomes as it was. A box that somebody has changed since is left alone. Idempotent.
 * Throws `batch-not-found`, `batch-state-forbids`, `version-mismatch`.
 */
export async function undoBatch(
  ctx: Context,
  { batchId, ifVersion, reason }: BatchStep & { readonly reason: string },
): Promise<CountedBatch> {
  const structureId = await authoriseOnBatch(ctx, "batch.undo", batchId);
  return await inStructure(ctx, structureId, async (tx) => {
    const before = await withCounts(tx, await getBatchForUpdate(tx, structureId, batchId));
    const { state } = before;
    if (state === "undoing" || state === "undone") return before;
    if (state !== "done") throw problem("batch-state-forbids", { state });
    checkVersion(before.version, ifVersion);
    const now = ctx.now();
    const values = { state: "undoing", finished_at: null, ...actingValues(ctx) } as const;
    const after = await updateBatch(tx, before, values, now);
    await recordAudit(tx, ctx, {
      action: "batch.undo",
      subject: { kind: "batch", id: batchId },
      structureId,
      before: { state },
      after: { state: after.state },
      reason,
    });
    await enqueue(tx, { kind: "undo-batch", structureId, batchId }, batchJobKey(batchId), now);
    return await withCounts(tx, after);
  });
}

/**
 * Gives up a batch that has not been run. Idempotent.
 * Throws `batch-not-found`, `batch-state-forbids`, `version-mismatch`.
 */
export async function abandonBatch(ctx: Context, { batchId, ifVersion }: BatchStep): Promise<void> {
  const structureId = await authoriseOnBatch(ctx, "batch.abandon", batchId);
  await inStructure(ctx, structureId, async (tx) => {
    const before = await getBatchForUpdate(tx, structureId, batchId);
    if (before.state === "abandoned") return;
    if (before.run_at !== null) throw problem("batch-state-forbids", { state: before.state });
    checkVersion(before.version, ifVersion);
    const after = await updateBatch(tx, before, { state: "abandoned", finished_at: ctx.now() }, ctx.now());
    await recordAudit(tx, ctx, {
      action: "batch.abandon",
      subject: { kind: "batch", id: batchId },
      structureId,
      before: { state: before.state },
      after: { state: after.state },
    });
  });
}

function actingValues(ctx: Context) {
  const { kind, id, label } = actingOf(ctx.actor);
  return { acting_kind: kind, acting_id: id, acting_label: label, acting_request_id: ctx.requestId };
}
