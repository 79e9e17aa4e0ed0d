import { recordAudits } from "../audit/mod.ts";
import type { Action } from "../actions.ts";
import type { Context } from "../context.ts";
import { enqueueMailboxes } from "../database/enqueue.ts";
import type { Tx } from "../database/in-tenant.ts";
import { closeAliases, lockMailboxes, type MailboxRow, type MailboxUpdate } from "../mailboxes/mod.ts";
import { stateWhenReopened, toMailboxBody, updateMailboxes } from "../mailboxes/mod.ts";
import { reserveMailboxQuota } from "../tenancy/mod.ts";
import { actingContext } from "./acting.ts";
import { type BatchJob, chunkSize } from "./check.ts";
import type { LineError } from "./line-error.ts";
import { type LineResult, type LineRow, listDoneLines, saveResults } from "./line-queries.ts";
import { type BatchRow, updateBatch } from "./queries.ts";
import { type BatchSettings, inSlices, purgeAt, reasonOf } from "./run-lines.ts";
import { takeQuota } from "./take-quota.ts";

interface Undoing {
  readonly line: LineRow;
  readonly box: MailboxRow;
}

/** The job behind an undoing: the last line first, chunk by chunk. */
export async function undoLines(ctx: Context, settings: BatchSettings, job: BatchJob): Promise<void> {
  await inSlices(ctx, { kind: "undo-batch", ...job }, (tx, batch) => undoChunk(tx, ctx, settings, batch));
}

/** One chunk. False when nothing was left to take back, and the batch is undone. */
async function undoChunk(tx: Tx, ctx: Context, settings: BatchSettings, batch: BatchRow): Promise<boolean> {
  if (batch.state !== "undoing") return false;
  const now = ctx.now();
  const structureId = batch.structure_id;
  const lines = await listDoneLines(tx, batch, chunkSize);
  if (lines.length === 0) {
    await updateBatch(tx, batch, { state: "undone", finished_at: now }, now);
    return false;
  }
  await reserveMailboxQuota(tx, structureId, {});
  const boxes = await lockMailboxes(tx, structureId, lines.map((line) => line.mailbox_id ?? ""));
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const kept: LineResult[] = [];
  const keep = (line: LineRow, error: LineError) =>
    void kept.push({ ...settled(line, "kept"), errors: [error] });
  const untouched = lines.flatMap((line): Undoing[] => {
    const box = byId.get(line.mailbox_id ?? "");
    if (box?.version === line.mailbox_version && box !== undefined) return [{ line, box }];
    keep(line, {
      column: "adresse",
      code: "changed-meanwhile",
      message: "has been changed since the batch ran",
    });
    return [];
  });
  const { fitting, over } = await takeQuota(tx, structureId, untouched, ({ line, box }) => ({
    mailboxes: 0,
    bytes: line.state === "change" ? Math.max(0, (line.before?.quotaBytes ?? 0) - box.quota_bytes) : 0,
  }));
  for (const { one, error } of over) keep(one.line, error);

  const given = fitting.flatMap(({ line }) =>
    line.state === "change"
      ? (line.after?.aliases ?? []).filter((one) => !line.before?.aliases?.includes(one))
      : []
  );
  if (given.length > 0) await closeAliases(tx, structureId, given);
  const updates = fitting.map((one) => toUpdate(one, settings, reasonOf(batch, one.line), now));
  const after = new Map((await updateMailboxes(tx, structureId, updates, now)).map((box) => [box.id, box]));
  await saveResults(tx, batch, [
    ...kept,
    ...fitting.map(({ line, box }): LineResult => ({
      ...settled(line, "undone"),
      mailboxVersion: after.get(box.id)?.version ?? null,
    })),
  ], now);
  await recordAudits(
    tx,
    actingContext(ctx, batch),
    fitting.map(({ line, box }) => ({
      action: undoActions[line.state] ?? "mailbox.change",
      subject: { kind: "mailbox", id: box.id },
      structureId,
      before: toMailboxBody(box),
      after: toMailboxBody(after.get(box.id) ?? box),
      reason: `undone: ${reasonOf(batch, line)}`,
    })),
  );
  await enqueueMailboxes(tx, structureId, fitting.map(({ box }) => box.id));
  return true;
}

const undoActions: Readonly<Record<string, Action>> = {
  create: "mailbox.close",
  change: "mailbox.change",
  close: "mailbox.reopen",
  suspend: "mailbox.resume",
  resume: "mailbox.suspend",
  reopen: "mailbox.close",
};

function toUpdate({ line, box }: Undoing, settings: BatchSettings, reason: string, now: Date): MailboxUpdate {
  const { id } = box;
  const { before } = line;
  switch (line.state) {
    case "create":
    case "reopen":
      return {
        id,
        status: "closing",
        closing: { reason: `undone: ${reason}`, purgeAt: purgeAt(settings, now) },
      };
    case "close":
      return { id, status: stateWhenReopened(box), closing: null };
    case "suspend":
      return { id, status: "active", suspensionReason: null };
    case "resume":
      return { id, status: "suspended", suspensionReason: before?.suspensionReason ?? reason };
    default:
      return {
        id,
        displayName: before?.displayName,
        description: before?.description,
        service: before?.service,
        responsible: before?.responsible,
        phone: before?.phone,
        redList: before?.redList,
        quotaBytes: before?.quotaBytes,
      };
  }
}

function settled(line: LineRow, outcome: "undone" | "kept"): LineResult {
  return {
    line: line.line,
    state: line.state,
    outcome,
    errors: [],
    before: line.before,
    after: line.after,
    mailboxId: line.mailbox_id,
    mailboxVersion: line.mailbox_version,
  };
}
