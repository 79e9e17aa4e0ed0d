import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inStructure } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { problem } from "../problems.ts";
import { checkLines } from "./check.ts";
import type { Cells } from "./columns.ts";
import { getLine, type LineRow, listLinesClaiming, replaceCells } from "./line-queries.ts";
import { authoriseOnBatch } from "./locate.ts";
import { getBatchForUpdate, updateBatch } from "./queries.ts";
import { claimsOf, readLine } from "./read-line.ts";

export interface Correction {
  readonly batchId: string;
  readonly line: number;
  /** New text of some cells; the others stay. */
  readonly cells: Cells;
  /** The version of the batch that the actor saw; undefined = whatever it is. */
  readonly ifVersion?: number | undefined;
}

/**
 * Corrects one line in place and looks at it again, with the lines that claimed or now claim the same address. Also after
 * the run, for a line that failed: it then waits to be run.
 * Throws `batch-not-found`, `batch-line-not-found`, `batch-line-settled`, `batch-state-forbids`, `version-mismatch`.
 */
export async function correctLine(ctx: Context, input: Correction): Promise<LineRow> {
  const { batchId } = input;
  const structureId = await authoriseOnBatch(ctx, "batch.correct", batchId);
  return await inStructure(ctx, structureId, async (tx) => {
    const batch = await getBatchForUpdate(tx, structureId, batchId);
    checkVersion(batch.version, input.ifVersion);
    const before = await getLine(tx, batch, input.line);
    if (batch.state !== "ready" && batch.state !== "done") {
      throw problem("batch-state-forbids", { state: batch.state });
    }
    if (before.outcome !== null && before.outcome !== "failed") throw problem("batch-line-settled");
    const cells = { ...before.fields, ...input.cells };
    const read = readLine(cells);
    const claims = claimsOf(read);
    const now = ctx.now();
    await replaceCells(tx, before, { cells, address: read.address ?? "", claims, now });
    const touched = await listLinesClaiming(tx, batch, [...new Set([...before.claims, ...claims])]);
    const others = touched.filter((one) => one.line !== input.line);
    await checkLines(tx, batch, [await getLine(tx, batch, input.line), ...others], now);
    await updateBatch(tx, batch, {}, now);
    await recordAudit(tx, ctx, {
      action: "batch.correct",
      subject: { kind: "batch", id: batchId },
      structureId,
      before: { line: input.line, address: before.address },
      after: { line: input.line, address: read.address ?? "" },
    });
    return await getLine(tx, batch, input.line);
  });
}
