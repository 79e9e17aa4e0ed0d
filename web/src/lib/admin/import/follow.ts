/** How far the platform has come with a batch, for the tray that follows long work on every screen. */
import { type Api, bodyOf } from "../client/client.ts";
import { count } from "#lib/i18n/format.ts";
import { m } from "#lib/i18n/generated/messages.js";
import { type Batch, batchStates, isAtWork } from "./batch.ts";

export interface BatchProgress {
  readonly done: number;
  readonly total: number | undefined;
  readonly text: string;
  readonly isOver: boolean;
  readonly hasFailed: boolean;
}

export async function readBatchProgress(api: Api, batchId: string): Promise<BatchProgress> {
  return batchProgress(await bodyOf(api.GET("/api/v1/batches/{batchId}", { params: { path: { batchId } } })));
}

export function batchProgress(batch: Batch): BatchProgress {
  const { total: toRun, checked, done, failed, undone, kept } = batch.progress;
  const total = batch.state === "checking" ? batch.lineCount : toRun;
  const reached = batch.state === "undoing"
    ? undone + kept
    : batch.state === "checking"
    ? checked
    : done + failed;
  return {
    done: reached,
    total: total === 0 ? undefined : total,
    text: isAtWork(batch)
      ? m.import_progress({ done: count(reached), total: count(total), count: total })
      : batch.state === "ready" && batch.counts.error > 0
      ? m.import_count_error({ count: batch.counts.error })
      : batchStates[batch.state].text(),
    isOver: !isAtWork(batch),
    hasFailed: failed > 0,
  };
}
