import { type Selectable, sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { BatchLinesTable } from "../database/schema.ts";
import { problem } from "../problems.ts";
import type { Cells } from "./columns.ts";
import type { Fields } from "./judge-line.ts";
import type { LineError } from "./line-error.ts";
import type { BatchRow } from "./queries.ts";

export type LineRow = Selectable<BatchLinesTable> & {
  readonly fields: Cells;
  readonly claims: readonly string[];
  readonly errors: readonly LineError[];
  readonly before: Fields | null;
  readonly after: Fields | null;
};

export interface NewLine {
  readonly line: number;
  readonly cells: Cells;
  readonly address: string;
  readonly claims: readonly string[];
  readonly mailboxId?: string | undefined;
}

export async function insertLines(tx: Tx, batch: BatchRow, lines: readonly NewLine[]): Promise<void> {
  await sql`
    insert into app.batch_lines (structure_id, batch_id, line, fields, address, claims, mailbox_id)
    select ${batch.structure_id}, ${batch.id}, line, cells, address, claims, "mailboxId"
      from jsonb_to_recordset(${JSON.stringify(lines)}::jsonb)
        as l(line integer, cells jsonb, address text, claims jsonb, "mailboxId" uuid)`.execute(tx);
}

const ofBatch = (tx: Tx, batch: BatchRow) =>
  tx.selectFrom("app.batch_lines").selectAll().where("structure_id", "=", batch.structure_id)
    .where("batch_id", "=", batch.id).$castTo<LineRow>();

export interface LineFilter {
  readonly state?: LineRow["state"] | undefined;
  readonly outcome?: "none" | NonNullable<LineRow["outcome"]> | undefined;
}

/** The lines of a batch in their order, after `after`. */
export async function listLines(
  tx: Tx,
  batch: BatchRow,
  { after = 0, limit }: { readonly after?: number; readonly limit: number },
  filter: LineFilter = {},
): Promise<LineRow[]> {
  let query = ofBatch(tx, batch).where("line", ">", after).orderBy("line").limit(limit);
  if (filter.state !== undefined) query = query.where("state", "=", filter.state);
  if (filter.outcome === "none") query = query.where("outcome", "is", null);
  else if (filter.outcome !== undefined) query = query.where("outcome", "=", filter.outcome);
  return await query.execute();
}

/** Throws `batch-line-not-found`. */
export async function getLine(tx: Tx, batch: BatchRow, line: number): Promise<LineRow> {
  const row = await ofBatch(tx, batch).where("line", "=", line).executeTakeFirst();
  if (row === undefined) throw problem("batch-line-not-found");
  return row;
}

/** The next lines to run: found good, nothing done yet. */
export async function listWaitingLines(tx: Tx, batch: BatchRow, limit: number): Promise<LineRow[]> {
  return await ofBatch(tx, batch).where("outcome", "is", null)
    .where("state", "not in", ["unchecked", "error", "unchanged"]).orderBy("line").limit(limit).execute();
}

/** The next lines to take back, the last first: what was made on an earlier line may carry a later one. */
export async function listDoneLines(tx: Tx, batch: BatchRow, limit: number): Promise<LineRow[]> {
  return await ofBatch(tx, batch).where("outcome", "=", "done").orderBy("line", "desc").limit(limit)
    .execute();
}

/** Boxes that the batch made and the mail server has not been told of. */
export async function listUnappliedCreations(tx: Tx, batch: BatchRow): Promise<string[]> {
  const rows = await tx.selectFrom("app.batch_lines as line")
    .innerJoin(
      "app.mailboxes as box",
      (on) => on.onRef("box.structure_id", "=", "line.structure_id").onRef("box.id", "=", "line.mailbox_id"),
    )
    .select("box.id").where("line.structure_id", "=", batch.structure_id).where(
      "line.batch_id",
      "=",
      batch.id,
    )
    .where("line.state", "=", "create").where("line.outcome", "=", "done").where(
      "box.applied_version",
      "=",
      0,
    )
    .orderBy("box.id").execute();
  return rows.map(({ id }) => id);
}

/** Addresses that more than one line of the batch claims, each with the first line that does. */
export async function findDuplicates(tx: Tx, batch: BatchRow): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ address: string; line: number }>`
    select claim as address, min(line) as line
      from app.batch_lines, jsonb_array_elements_text(claims) as claim
     where structure_id = ${batch.structure_id} and batch_id = ${batch.id}
     group by claim having count(distinct line) > 1`.execute(tx);
  return new Map(rows.map(({ address, line }) => [address, line]));
}

/** Lines that have not been run and claim one of these addresses. */
export async function listLinesClaiming(
  tx: Tx,
  batch: BatchRow,
  addresses: readonly string[],
): Promise<LineRow[]> {
  if (addresses.length === 0) return [];
  return await ofBatch(tx, batch).where("outcome", "is", null)
    .where(sql<boolean>`claims ?| ${[...addresses]}::text[]`).orderBy("line").limit(1_000).execute();
}

/** Puts new cells in a line and has it begin anew. */
export async function replaceCells(
  tx: Tx,
  line: LineRow,
  values: { cells: Cells; address: string; claims: readonly string[]; now: Date },
): Promise<LineRow> {
  return await tx.updateTable("app.batch_lines").set({
    fields: JSON.stringify(values.cells),
    address: values.address,
    claims: JSON.stringify(values.claims),
    state: "unchecked",
    outcome: null,
    errors: "[]",
    updated_at: values.now,
  }).where("structure_id", "=", line.structure_id).where("batch_id", "=", line.batch_id)
    .where("line", "=", line.line).returningAll().$castTo<LineRow>().executeTakeFirstOrThrow();
}

/** What the dry run or the run found out about a line. */
export interface LineResult {
  readonly line: number;
  readonly state: LineRow["state"];
  readonly outcome: LineRow["outcome"];
  readonly errors: readonly LineError[];
  readonly before: Fields | null;
  readonly after: Fields | null;
  readonly mailboxId: string | null;
  readonly mailboxVersion: number | null;
}

export async function saveResults(
  tx: Tx,
  batch: BatchRow,
  results: readonly LineResult[],
  now: Date,
): Promise<void> {
  if (results.length === 0) return;
  await sql`
    update app.batch_lines l set state = r.state, outcome = r.outcome, errors = r.errors, before = r.before, after = r.after,
           mailbox_id = r."mailboxId", mailbox_version = r."mailboxVersion", updated_at = ${now}
      from jsonb_to_recordset(${
    JSON.stringify(results)
  }::jsonb) as r(line integer, state text, outcome text, errors jsonb,
           before jsonb, after jsonb, "mailboxId" uuid, "mailboxVersion" bigint)
     where l.structure_id = ${batch.structure_id} and l.batch_id = ${batch.id} and l.line = r.line`.execute(
    tx,
  );
}

/** Has lines that were not run be checked again: all of them, or those that failed. */
export async function forgetChecks(
  tx: Tx,
  batch: BatchRow,
  which: "all" | "failed",
  now: Date,
): Promise<void> {
  const update = tx.updateTable("app.batch_lines").set({ state: "unchecked", outcome: null, updated_at: now })
    .where("structure_id", "=", batch.structure_id).where("batch_id", "=", batch.id)
    .where((where) =>
      where.or([
        where("outcome", "=", "failed"),
        ...which === "all" ? [where("outcome", "is", null)] : [],
      ])
    );
  await update.execute();
}
