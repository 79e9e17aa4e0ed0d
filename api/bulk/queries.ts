import { type Selectable, sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { BatchesTable } from "../database/schema.ts";
import type { PageRequest } from "../http/paginate.ts";
import { problem } from "../problems.ts";

export type BatchRow = Selectable<BatchesTable>;

/** How many lines are in which state, and how many have which outcome. */
export interface LineCount {
  readonly state: string;
  readonly outcome: string | null;
  readonly count: number;
}

export type CountedBatch = BatchRow & { readonly lines: readonly LineCount[] };

export async function insertBatch(
  tx: Tx,
  values: {
    structureId: string;
    source: BatchRow["source"];
    action: BatchRow["action"];
    reason: string;
    lineCount: number;
    by: { kind: BatchRow["created_by_kind"]; id: string | null; label: string };
    now: Date;
  },
): Promise<BatchRow> {
  return await tx.insertInto("app.batches").values({
    structure_id: values.structureId,
    source: values.source,
    action: values.action,
    reason: values.reason,
    line_count: values.lineCount,
    created_by_kind: values.by.kind,
    created_by_id: values.by.id,
    created_by_label: values.by.label,
    created_at: values.now,
    updated_at: values.now,
  }).returningAll().executeTakeFirstOrThrow();
}

/** In which structure a batch lives, in the platform's scope. */
export async function findStructureOfBatch(tx: Tx, batchId: string): Promise<string | undefined> {
  const row = await tx.selectFrom("app.batches").select("structure_id").where("id", "=", batchId)
    .executeTakeFirst();
  return row?.structure_id;
}

/** Throws `batch-not-found`. */
export async function getBatch(tx: Tx, structureId: string, batchId: string): Promise<CountedBatch> {
  const row = await tx.selectFrom("app.batches").selectAll().where("structure_id", "=", structureId)
    .where("id", "=", batchId).executeTakeFirst();
  if (row === undefined) throw problem("batch-not-found");
  return await withCounts(tx, row);
}

/** The row, locked until the transaction ends: one at a time works on a batch. Throws `batch-not-found`. */
export async function getBatchForUpdate(tx: Tx, structureId: string, batchId: string): Promise<BatchRow> {
  const row = await tx.selectFrom("app.batches").selectAll().where("structure_id", "=", structureId)
    .where("id", "=", batchId).forUpdate().executeTakeFirst();
  if (row === undefined) throw problem("batch-not-found");
  return row;
}

export async function withCounts(tx: Tx, batch: BatchRow): Promise<CountedBatch> {
  const lines = await tx.selectFrom("app.batch_lines")
    .select(["state", "outcome", (make) => make.fn.countAll<number>().as("count")])
    .where("structure_id", "=", batch.structure_id).where("batch_id", "=", batch.id)
    .groupBy(["state", "outcome"]).execute();
  return { ...batch, lines };
}

/** The batches of a structure, the newest first. One more than the page, to know whether there is another. */
export async function listBatches(
  tx: Tx,
  structureId: string,
  page: PageRequest,
  state?: BatchRow["state"],
): Promise<CountedBatch[]> {
  let query = tx.selectFrom("app.batches").selectAll().where("structure_id", "=", structureId)
    .orderBy("created_at", "desc").orderBy("id").limit(page.limit + 1);
  if (state !== undefined) query = query.where("state", "=", state);
  if (page.after !== undefined) {
    const [at = "", id = ""] = page.after;
    query = query.where(
      sql<
        boolean
      >`(created_at < ${at}::timestamptz or (created_at = ${at}::timestamptz and id > ${id}::uuid))`,
    );
  }
  return await Promise.all((await query.execute()).map((row) => withCounts(tx, row)));
}

/** Writes what changed of the batch, as a new version. */
export async function updateBatch(
  tx: Tx,
  batch: BatchRow,
  values: Partial<
    Pick<
      BatchRow,
      | "state"
      | "checked_at"
      | "run_at"
      | "finished_at"
      | "acting_kind"
      | "acting_id"
      | "acting_label"
      | "acting_request_id"
    >
  >,
  now: Date,
): Promise<BatchRow> {
  return await tx.updateTable("app.batches")
    .set((set) => ({ ...values, version: set("version", "+", 1), updated_at: now }))
    .where("structure_id", "=", batch.structure_id).where("id", "=", batch.id)
    .returningAll().executeTakeFirstOrThrow();
}

/** Removes up to `limit` batches that nothing has happened to since `before`, with their lines; says how many. */
export async function deleteOldBatches(tx: Tx, before: Date, limit: number): Promise<number> {
  const old = tx.selectFrom("app.batches").select(["structure_id", "id"]).where("updated_at", "<", before)
    .where("state", "not in", ["running", "undoing"]).limit(limit);
  const rows = await tx.deleteFrom("app.batches").using(old.as("old"))
    .whereRef("app.batches.structure_id", "=", "old.structure_id").whereRef("app.batches.id", "=", "old.id")
    .returning("app.batches.id").execute();
  return rows.length;
}
