import { z } from "../http/openapi.ts";
import { pageOf, pageQuery } from "../http/paginate.ts";
import { plainText } from "../http/plain-text.ts";
import { mailboxQuery } from "../mailboxes/mod.ts";
import { structureParam } from "../tenancy/mod.ts";
import { columns } from "./columns.ts";
import { lineErrorCodes } from "./line-error.ts";
import type { LineRow } from "./line-queries.ts";
import type { CountedBatch } from "./queries.ts";

const batchState = z.enum(["checking", "ready", "running", "done", "undoing", "undone", "abandoned"]);
const lineState = z.enum([
  "unchecked",
  "create",
  "change",
  "close",
  "suspend",
  "resume",
  "reopen",
  "unchanged",
  "error",
]);
const lineOutcome = z.enum(["done", "failed", "undone", "kept"]);

export const batchParam = z.object({
  batchId: z.guid().openapi({ param: { name: "batchId", in: "path" }, format: "uuid" }),
});
export const batchLineParam = batchParam.extend({
  line: z.coerce.number().int().min(1).max(2_147_483_647).openapi({
    param: { name: "line", in: "path" },
    description: "Line of the file, the header being 1; place in the selection",
  }),
});
export const batchQuery = pageQuery.extend({ state: batchState.optional() });
export const lineQuery = pageQuery.extend({
  state: lineState.optional(),
  outcome: z.union([z.literal("none"), lineOutcome]).optional(),
});

const reason = plainText(0, 255).default("");
/** Cells by column: 1000 characters is more than any field takes. */
const cells = z.strictObject(
  Object.fromEntries(columns.map((column) => [column, plainText(0, 1_000).optional()])) as Record<
    (typeof columns)[number],
    z.ZodOptional<ReturnType<typeof plainText>>
  >,
);
const { limit: _limit, cursor: _cursor, sort: _sort, ...filterShape } = mailboxQuery.shape;

export const selectionInput = z.strictObject({
  action: z.enum(["suspend", "resume", "close", "change"]),
  mailboxIds: z.array(z.guid().openapi({ format: "uuid" })).min(1).max(20_000).optional(),
  filter: z.strictObject(filterShape).optional().openapi({
    description: "Instead of `mailboxIds`: every mailbox that the list finds by it",
  }),
  fields: cells.omit({
    operation: true,
    adresse: true,
    type: true,
    titulaire_rpps: true,
    nom: true,
    prenom: true,
  })
    .default({}).openapi({ description: "For `change`: the cells of an import, by column" }),
  reason,
}).refine((input) => (input.mailboxIds === undefined) !== (input.filter === undefined), {
  error: "needs either mailboxIds or filter",
  path: ["mailboxIds"],
}).refine((input) => (input.action === "change") === (Object.keys(input.fields).length > 0), {
  error: "are for the action change, which needs some",
  path: ["fields"],
}).openapi("NewSelectionBatch");
export const importQuery = z.object({
  reason: plainText(0, 255).optional().openapi({ description: "For a file: why, for the trail" }),
});
export const correctionInput = z.strictObject({ fields: cells }).openapi("BatchLineCorrection");
export const runInput = z.strictObject({
  skipErrors: z.boolean().openapi({
    description: "Runs the good lines and leaves the others",
  }),
}).openapi("BatchRun");

export const checkInput = z.strictObject({
  lines: z.enum(["all", "failed"]).openapi({
    description: "All that were not run, or only those that failed",
  }),
}).openapi("BatchCheck");
export const undoInput = z.strictObject({ reason: plainText(1, 255) }).openapi("BatchUndo");

const counts = z.object(Object.fromEntries(lineState.options.map((state) => [state, z.int()])) as Record<
  (typeof lineState.options)[number],
  z.ZodInt
>);
export const batchBody = z.object({
  id: z.uuid(),
  structureId: z.uuid(),
  source: z.enum(["csv", "selection"]),
  action: z.enum(["import", "suspend", "resume", "close", "change"]),
  reason: z.string(),
  state: batchState,
  lineCount: z.int(),
  counts: counts.openapi({ description: "Lines by what the dry run found" }),
  progress: z.object({
    total: z.int().openapi({ description: "Lines that the run does something with" }),
    done: z.int(),
    failed: z.int(),
    undone: z.int(),
    kept: z.int().openapi({ description: "Not taken back: somebody has changed the box since" }),
    checked: z.int().openapi({ description: "Lines that the dry run has looked at" }),
  }),
  createdBy: z.object({ kind: z.string(), id: z.uuid().nullable(), name: z.string() }),
  version: z.int(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  checkedAt: z.iso.datetime().nullable(),
  runAt: z.iso.datetime().nullable(),
  finishedAt: z.iso.datetime().nullable(),
}).openapi("Batch");
export const batchPage = pageOf(batchBody).openapi("BatchPage");

const fields = z.object({
  type: z.string().optional(),
  holderIdNatPs: z.string().nullable().optional(),
  displayName: z.string().optional(),
  description: z.string().optional(),
  service: z.string().optional(),
  responsible: z.string().optional(),
  phone: z.string().optional(),
  quotaBytes: z.int().optional(),
  redList: z.boolean().optional(),
  aliases: z.array(z.string()).optional(),
  status: z.string().optional(),
  suspensionReason: z.string().nullable().optional(),
});
export const lineBody = z.object({
  line: z.int(),
  address: z.string(),
  state: lineState,
  outcome: lineOutcome.nullable(),
  fields: z.record(z.string(), z.string()).openapi({ description: "The cells as they stand, by column" }),
  errors: z.array(z.object({ column: z.string(), code: z.enum(lineErrorCodes), message: z.string() })),
  before: fields.nullable().openapi({ description: "Only the fields that differ" }),
  after: fields.nullable(),
  mailboxId: z.uuid().nullable(),
  updatedAt: z.iso.datetime(),
}).openapi("BatchLine");
export const linePage = pageOf(lineBody).openapi("BatchLinePage");
export { structureParam };

export function toBatchBody(batch: CountedBatch): z.infer<typeof batchBody> {
  const sum = (choose: (line: CountedBatch["lines"][number]) => boolean) =>
    batch.lines.filter(choose).reduce((total, line) => total + line.count, 0);
  const of = (outcome: string) => sum((line) => line.outcome === outcome);
  return {
    id: batch.id,
    structureId: batch.structure_id,
    source: batch.source,
    action: batch.action,
    reason: batch.reason,
    state: batch.state,
    lineCount: batch.line_count,
    counts: Object.fromEntries(
      lineState.options.map((state) => [state, sum((line) => line.state === state)]),
    ) as z.infer<typeof counts>,
    progress: {
      total: sum((line) => !["unchecked", "error", "unchanged"].includes(line.state)),
      done: of("done"),
      failed: of("failed"),
      undone: of("undone"),
      kept: of("kept"),
      checked: sum((line) => line.state !== "unchecked"),
    },
    createdBy: { kind: batch.created_by_kind, id: batch.created_by_id, name: batch.created_by_label },
    version: batch.version,
    createdAt: batch.created_at.toISOString(),
    updatedAt: batch.updated_at.toISOString(),
    checkedAt: batch.checked_at?.toISOString() ?? null,
    runAt: batch.run_at?.toISOString() ?? null,
    finishedAt: batch.finished_at?.toISOString() ?? null,
  };
}

export function toLineBody(row: LineRow): z.infer<typeof lineBody> {
  return {
    line: row.line,
    address: row.address,
    state: row.state,
    outcome: row.outcome,
    fields: row.fields as Record<string, string>,
    errors: [...row.errors],
    before: row.before as z.infer<typeof fields> | null,
    after: row.after as z.infer<typeof fields> | null,
    mailboxId: row.mailbox_id,
    updatedAt: row.updated_at.toISOString(),
  };
}
