import { addDays } from "../days.ts";
import { recordAudits } from "../audit/mod.ts";
import type { Action } from "../actions.ts";
import type { Context } from "../context.ts";
import { enqueue, enqueueMailboxes } from "../database/enqueue.ts";
import { asPlatform, inStructure, type Tx } from "../database/in-tenant.ts";
import {
  insertMailboxes,
  lockMailboxes,
  type MailboxRow,
  type MailboxUpdate,
  type NewMailboxRow,
  toMailboxBody,
  updateMailboxes,
} from "../mailboxes/mod.ts";
import { reserveMailboxQuota } from "../tenancy/mod.ts";
import { actingContext } from "./acting.ts";
import { type BatchJob, batchJobKey, chunkSize, type Judged, judgeLines } from "./check.ts";
import { takeQuota } from "./take-quota.ts";
import type { Fields, Verdict } from "./judge-line.ts";
import type { LineError } from "./line-error.ts";
import {
  type LineResult,
  type LineRow,
  listUnappliedCreations,
  listWaitingLines,
  saveResults,
} from "./line-queries.ts";
import { type BatchRow, getBatchForUpdate, updateBatch } from "./queries.ts";
import { readLine } from "./read-line.ts";
import { holdActiveDomains, noteHolders } from "./world-queries.ts";

/** A job works for no longer than this before it lets the queue breathe: a worker that is told to end waits for its jobs. */
const sliceMilliseconds = 2_000;

export interface BatchSettings {
  /** How long the mail of a box that a batch closes is kept. */
  readonly closedMailRetentionDays: number;
}

/** A verdict that changes something. */
type Doing = Exclude<Verdict, { state: "error" | "unchanged" }>;
interface Todo {
  readonly line: LineRow;
  readonly verdict: Doing;
}

/** The job behind a run: chunk by chunk, each in one transaction with the outcome of its lines. */
export async function runLines(ctx: Context, settings: BatchSettings, job: BatchJob): Promise<void> {
  await inSlices(ctx, { kind: "run-batch", ...job }, (tx, batch) => runChunk(tx, ctx, settings, batch));
}

/** Runs `chunk` until it has no more to do; asks for another turn when its time is over. */
export async function inSlices(
  ctx: Context,
  job: BatchJob & { readonly kind: "run-batch" | "undo-batch" },
  chunk: (tx: Tx, batch: BatchRow) => Promise<boolean>,
): Promise<void> {
  const { structureId, batchId } = job;
  const end = Date.now() + sliceMilliseconds;
  for (let hasMore = true; hasMore;) {
    hasMore = await inStructure(ctx, structureId, async (tx) => {
      const batch = await getBatchForUpdate(tx, structureId, batchId);
      if (!await chunk(tx, batch)) return false;
      if (Date.now() < end) return true;
      // As old as the run itself, so that it stands before the jobs of the boxes made meanwhile.
      await enqueue(tx, job, batchJobKey(batchId), batch.run_at ?? undefined);
      return false;
    });
  }
}

/** One chunk. False when nothing was left to do, and the batch is done. */
async function runChunk(
  tx: Tx,
  ctx: Context,
  settings: BatchSettings,
  batch: BatchRow,
): Promise<boolean> {
  if (batch.state !== "running") return false;
  const now = ctx.now();
  const structureId = batch.structure_id;
  const lines = await listWaitingLines(tx, batch, chunkSize);
  if (lines.length === 0) {
    // Not chunk by chunk: the boxes made first would have the mail server's attention while the last are still to be made.
    // The job of the batch stands for theirs until here, and mail is admitted from each chunk's commit on.
    await enqueueMailboxes(tx, structureId, await listUnappliedCreations(tx, batch));
    await updateBatch(tx, batch, { state: "done", finished_at: now }, now);
    return false;
  }
  // Locks in the order of the house: the structure, its domains, its boxes.
  const structure = await reserveMailboxQuota(tx, structureId, {});
  const judged = await judgeLines(
    tx,
    batch,
    lines,
    new Map(),
    (ids) => lockMailboxes(tx, structureId, ids),
  );
  const results: LineResult[] = [];
  const fail = (line: LineRow, errors: readonly LineError[]) => void results.push(failed(line, errors));
  const sound = judged.flatMap((one): Todo[] => {
    const errors = whyNot(one, structure.status);
    if (errors.length > 0) fail(one.line, errors);
    return errors.length > 0 ? [] : [one as Todo];
  });
  const { fitting, over } = await takeQuota(tx, structureId, sound, ({ verdict }) => needOf(verdict));
  for (const { one, error } of over) fail(one.line, [error]);

  const made = await createBoxes(tx, batch, fitting, now);
  const changed = await changeBoxes(tx, settings, batch, fitting, now);
  const boxes = new Map([...made, ...changed].map((box) => [box.address, box]));
  for (const { line, verdict } of fitting) {
    const box = boxes.get(line.address);
    if (box === undefined) throw new Error(`line ${line.line} has no box after its run`);
    results.push({
      line: line.line,
      state: verdict.state,
      outcome: "done",
      errors: [],
      before: beforeOf(verdict),
      after: verdict.after,
      mailboxId: box.id,
      mailboxVersion: box.version,
    });
  }
  await saveResults(tx, batch, results, now);
  await recordAudits(
    tx,
    actingContext(ctx, batch),
    fitting.map(({ line, verdict }) => {
      const box = boxes.get(line.address)!;
      return {
        action: auditActions[verdict.state],
        subject: { kind: "mailbox", id: box.id },
        structureId,
        before: verdict.state === "create" ? null : toMailboxBody(verdict.mailbox),
        after: toMailboxBody(box),
        reason: reasonOf(batch, line),
      };
    }),
  );
  await enqueueMailboxes(tx, structureId, changed.map((box) => box.id));
  return true;
}

export const auditActions = {
  create: "mailbox.create",
  change: "mailbox.change",
  close: "mailbox.close",
  suspend: "mailbox.suspend",
  resume: "mailbox.resume",
  reopen: "mailbox.reopen",
} as const satisfies Record<Doing["state"], Action>;

/** What the trail says of why: the reason that was given, and by which line it can be found again. */
export function reasonOf(batch: BatchRow, line: LineRow): string {
  const place = `batch ${batch.id}, line ${line.line}`;
  return batch.reason === "" ? place : `${batch.reason} (${place})`;
}

/** Why a line that the dry run found good cannot be run now: somebody was there in between. */
function whyNot({ line, verdict }: Judged, structureStatus: string): readonly LineError[] {
  if (verdict.state === "error") return verdict.errors;
  if (verdict.state === "create" && structureStatus !== "active") {
    const code = structureStatus === "suspended" ? "structure-suspended" : "structure-closed";
    return [{ column: "", code, message: `the structure is ${structureStatus}` }];
  }
  const version = verdict.state === "create" ? null : verdict.mailbox.version;
  if (verdict.state !== line.state || version !== line.mailbox_version) {
    return [{
      column: "adresse",
      code: "changed-meanwhile",
      message: "has been changed since the dry run: look at it again",
    }];
  }
  return [];
}

function needOf(verdict: Doing) {
  const bytes = verdict.after.quotaBytes ?? 0;
  if (verdict.state === "create") return { mailboxes: 1, bytes };
  const grows = verdict.state === "change" ? bytes - (verdict.before.quotaBytes ?? 0) : 0;
  return { mailboxes: 0, bytes: Math.max(0, grows) };
}

/** What the undoing needs beside the difference: why the box was suspended. */
function beforeOf(verdict: Doing): Fields | null {
  if (verdict.state === "create") return null;
  const { suspension_reason: suspensionReason } = verdict.mailbox;
  return verdict.state === "resume" ? { ...verdict.before, suspensionReason } : verdict.before;
}

async function createBoxes(
  tx: Tx,
  batch: BatchRow,
  todo: readonly Todo[],
  now: Date,
): Promise<readonly MailboxRow[]> {
  const structureId = batch.structure_id;
  const creations = todo.filter(({ verdict }) => verdict.state === "create");
  if (creations.length === 0) return [];
  const domains = await holdActiveDomains(tx, structureId);
  const holders = creations.flatMap(({ line, verdict }) => {
    const { givenName = "", familyName = "" } = readLine(line.fields).values;
    const { holderIdNatPs } = verdict.after;
    return holderIdNatPs ? [{ idNatPs: holderIdNatPs, givenName, familyName }] : [];
  });
  await asPlatform(tx, () => noteHolders(tx, holders, now));
  const rows = creations.map(({ line, verdict }): NewMailboxRow => ({
    address: line.address,
    domainId: domains.get(line.address.slice(line.address.indexOf("@") + 1)) ?? "",
    type: verdict.after.type ?? "ORG",
    displayName: verdict.after.displayName ?? "",
    description: verdict.after.description ?? "",
    service: verdict.after.service ?? "",
    responsible: verdict.after.responsible ?? "",
    phone: verdict.after.phone ?? "",
    redList: verdict.after.redList ?? false,
    holderIdNatPs: verdict.after.holderIdNatPs ?? null,
    quotaBytes: verdict.after.quotaBytes ?? 0,
    aliases: verdict.after.aliases ?? [],
  }));
  return await insertMailboxes(tx, structureId, rows, now);
}

async function changeBoxes(
  tx: Tx,
  settings: BatchSettings,
  batch: BatchRow,
  todo: readonly Todo[],
  now: Date,
): Promise<readonly MailboxRow[]> {
  const updates = todo.flatMap(({ line, verdict }): MailboxUpdate[] =>
    verdict.state === "create" ? [] : [toUpdate(verdict, settings, reasonOf(batch, line), now)]
  );
  return await updateMailboxes(tx, batch.structure_id, updates, now);
}

function toUpdate(
  verdict: Exclude<Doing, { state: "create" }>,
  settings: BatchSettings,
  reason: string,
  now: Date,
): MailboxUpdate {
  const { mailbox, after } = verdict;
  const { id } = mailbox;
  switch (verdict.state) {
    case "suspend":
      return { id, status: "suspended", suspensionReason: reason };
    case "resume":
      return { id, status: "active", suspensionReason: null };
    case "close":
      return { id, status: "closing", closing: { reason, purgeAt: purgeAt(settings, now) } };
    case "reopen":
      return { id, status: after.status, closing: null };
    case "change":
      return {
        id,
        displayName: after.displayName,
        description: after.description,
        service: after.service,
        responsible: after.responsible,
        phone: after.phone,
        redList: after.redList,
        quotaBytes: after.quotaBytes,
        newAliases: after.aliases?.filter((one) => !mailbox.aliases.includes(one)),
      };
  }
}

export function purgeAt({ closedMailRetentionDays }: BatchSettings, now: Date): Date {
  return addDays(now, closedMailRetentionDays);
}

function failed(line: LineRow, errors: readonly LineError[]): LineResult {
  return {
    line: line.line,
    state: line.state,
    outcome: "failed",
    errors,
    before: line.before,
    after: line.after,
    mailboxId: line.mailbox_id,
    mailboxVersion: line.mailbox_version,
  };
}
