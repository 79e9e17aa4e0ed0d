import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { enqueue } from "../database/enqueue.ts";
import { inStructure, type Tx } from "../database/in-tenant.ts";
import { authorise } from "../identity/mod.ts";
import { listMailboxes, listMailboxesById, type MailboxFilter, type MailboxRow } from "../mailboxes/mod.ts";
import { invalidRequest, problem } from "../problems.ts";
import { requireActiveStructure } from "../tenancy/mod.ts";
import { actingOf } from "./acting.ts";
import { batchJobKey } from "./check.ts";
import type { Cells, Operation } from "./columns.ts";
import { insertLines, type NewLine } from "./line-queries.ts";
import { type BatchRow, type CountedBatch, insertBatch, withCounts } from "./queries.ts";
import { readFile } from "./read-file.ts";
import { claimsOf, readLine } from "./read-line.ts";

/** Most lines of a batch: one that is larger holds too much for one person to look over. */
export const lineLimit = 20_000;

export interface NewImport {
  readonly structureId: string;
  readonly file: Uint8Array;
  readonly reason: string;
}

/**
 * Takes an import file and has its dry run begin. Nothing is done to any box before the batch is run.
 * Throws `structure-not-found`, `structure-suspended`, `structure-closed`, `invalid-request`, `batch-too-long`.
 */
export async function createImport(ctx: Context, input: NewImport): Promise<CountedBatch> {
  const { structureId, reason } = input;
  authorise(ctx, "batch.create", { structureId });
  const file = readFile(input.file);
  if (!file.ok) throw invalidRequest(file.errors);
  if (file.lines.length > lineLimit) throw problem("batch-too-long", { limit: lineLimit });
  const lines = file.lines.map(({ line, cells }) => toLine(line, cells));
  return await inStructure(
    ctx,
    structureId,
    (tx) => insert(tx, ctx, { structureId, source: "csv", action: "import", reason, lines }),
  );
}

export interface NewSelection {
  readonly structureId: string;
  readonly action: Exclude<Operation, "create">;
  /** Either these boxes, or all that the filter finds. */
  readonly mailboxIds?: readonly string[] | undefined;
  readonly filter?: MailboxFilter | undefined;
  /** For `change`: what each box gets. */
  readonly cells: Cells;
  readonly reason: string;
}

/**
 * The same for one act on boxes that were selected in a list: a batch of one line for each of them.
 * Throws as `createImport`, and `mailbox-not-found` when a box is none of this structure.
 */
export async function createSelection(ctx: Context, input: NewSelection): Promise<CountedBatch> {
  const { structureId, action, reason } = input;
  authorise(ctx, "batch.create", { structureId });
  return await inStructure(ctx, structureId, async (tx) => {
    const boxes = await selectBoxes(tx, input);
    if (boxes.length === 0) {
      throw invalidRequest([{ pointer: "/filter", detail: "finds no mailbox" }]);
    }
    const lines = boxes.map(({ address }, place) =>
      toLine(place + 1, { ...input.cells, operation: action, adresse: address })
    );
    return await insert(tx, ctx, { structureId, source: "selection", action, reason, lines });
  });
}

async function selectBoxes(tx: Tx, input: NewSelection): Promise<readonly MailboxRow[]> {
  const { structureId, mailboxIds, filter } = input;
  if (mailboxIds !== undefined) {
    const ids = [...new Set(mailboxIds)];
    const boxes = await listMailboxesById(tx, structureId, ids);
    if (boxes.length !== ids.length) throw problem("mailbox-not-found");
    return boxes.sort((one, other) => one.address < other.address ? -1 : 1);
  }
  const page = { limit: lineLimit, after: undefined };
  const boxes = await listMailboxes(tx, structureId, page, "address", filter ?? {});
  if (boxes.length > lineLimit) throw problem("batch-too-long", { limit: lineLimit });
  return boxes;
}

function toLine(line: number, cells: Cells): NewLine {
  const read = readLine(cells);
  return { line, cells, address: read.address ?? "", claims: claimsOf(read) };
}

async function insert(
  tx: Tx,
  ctx: Context,
  { structureId, source, action, reason, lines }: {
    readonly structureId: string;
    readonly source: BatchRow["source"];
    readonly action: BatchRow["action"];
    readonly reason: string;
    readonly lines: readonly NewLine[];
  },
): Promise<CountedBatch> {
  await requireActiveStructure(tx, structureId);
  const batch = await insertBatch(tx, {
    structureId,
    source,
    action,
    reason,
    lineCount: lines.length,
    by: actingOf(ctx.actor),
    now: ctx.now(),
  });
  await insertLines(tx, batch, lines);
  await recordAudit(tx, ctx, {
    action: "batch.create",
    subject: { kind: "batch", id: batch.id },
    structureId,
    after: { id: batch.id, source, action, lineCount: lines.length },
    reason: reason === "" ? null : reason,
  });
  await enqueue(tx, { kind: "check-batch", structureId, batchId: batch.id }, batchJobKey(batch.id));
  return await withCounts(tx, batch);
}
