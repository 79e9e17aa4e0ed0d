import { plainText } from "../http/plain-text.ts";
import { pageOf } from "../http/paginate.ts";
import { z } from "../http/openapi.ts";
import { purposes } from "./consent.ts";
import { dataMap } from "./data-map.ts";
import type { PlannedStep } from "./erasure-plan.ts";
import type { ErasureStepRow, NamedErasureRow } from "./erasure-queries.ts";
import type { ExportRow } from "./export-queries.ts";
import type { ErasurePreview } from "./plan-erasure.ts";
import type { CharterRow, ConsentRow } from "./queries.ts";

const id = (name: string) => z.guid().openapi({ param: { name, in: "path" }, format: "uuid" });
export const exportParam = z.object({ exportId: id("exportId") });
export const erasureParam = z.object({ erasureId: id("erasureId") });

/** Several lines of text that a person wrote: line breaks are kept, other control characters refused. */
const longText = z.string().min(1).max(100_000).refine(
  // deno-lint-ignore no-control-regex -- these are what is refused
  (text) => text.isWellFormed() && !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(text),
  { error: "holds a character that is not text" },
);
export const charterInput = z.strictObject({
  version: plainText(1, 40),
  title: plainText(1, 200),
  text: longText,
}).openapi("NewCharter");
export const acceptanceInput = z.strictObject({ charterId: z.guid() }).openapi("CharterAcceptance");
export const consentInput = z.strictObject({ purpose: z.enum(purposes), isGiven: z.boolean() }).openapi(
  "ConsentDecision",
);
export const ownExportInput = z.strictObject({
  includeMail: z.boolean().openapi({ description: "Whether the mail of one's personal boxes goes in" }),
}).openapi("NewExport");
export const mailboxExportInput = z.strictObject({ reason: plainText(1, 255) }).openapi("NewMailboxExport");
export const erasureInput = z.strictObject({ personId: z.guid(), reason: plainText(1, 255) }).openapi(
  "NewErasure",
);

export const charterBody = z.object({
  id: z.uuid(),
  version: z.string(),
  title: z.string(),
  text: z.string(),
  sha256: z.string(),
  publishedAt: z.iso.datetime(),
}).openapi("Charter");
export const currentCharterBody = z.object({
  charter: charterBody.nullable(),
  acceptedAt: z.iso.datetime().nullable().openapi({ description: "When the person asking accepted it" }),
}).openapi("CurrentCharter");
export const charterList = z.object({
  items: z.array(charterBody.extend({ acceptanceCount: z.int() })),
}).openapi("CharterList");
export const consentList = z.object({
  items: z.array(z.object({
    purpose: z.enum(purposes),
    isGiven: z.boolean(),
    decidedAt: z.iso.datetime().nullable().openapi({ description: "null: never asked, so not given" }),
  })),
}).openapi("ConsentList");
export const exportBody = z.object({
  id: z.uuid(),
  kind: z.enum(["person", "mailbox"]),
  mailboxId: z.uuid().nullable(),
  status: z.enum(["queued", "running", "ready", "failed", "expired"]),
  failure: z.string().nullable(),
  doneCount: z.int().openapi({ description: "Messages in the archive so far" }),
  totalCount: z.int().nullable(),
  sizeBytes: z.int().nullable(),
  sha256: z.string().nullable(),
  createdAt: z.iso.datetime(),
  readyAt: z.iso.datetime().nullable(),
  expiresAt: z.iso.datetime().nullable(),
}).openapi("Export");
export const exportList = z.object({ items: z.array(exportBody) }).openapi("ExportList");
export const erasureBody = z.object({
  id: z.uuid(),
  personId: z.uuid(),
  givenName: z.string().openapi({ description: "Empty once it was erased" }),
  familyName: z.string().openapi({ description: "Empty once it was erased" }),
  requestedBy: z.uuid(),
  reason: z.string(),
  status: z.enum(["planned", "running", "done", "cancelled"]),
  version: z.int(),
  createdAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
}).openapi("Erasure");
export const erasurePage = pageOf(erasureBody).openapi("ErasurePage");
const erasureStep = z.object({
  category: z.string(),
  title: z.string(),
  act: z.enum(["erase", "keep"]),
  dueAt: z.iso.datetime().nullable().openapi({
    description: "Erased then, or kept until then; null = kept",
  }),
  ground: z.string(),
  doneAt: z.iso.datetime().nullable(),
});
export const erasurePlanBody = erasureBody.extend({ steps: z.array(erasureStep) }).openapi("ErasurePlan");
export const erasurePreviewQuery = z.object({
  personId: z.guid().openapi({ param: { name: "personId", in: "query" }, format: "uuid" }),
});
export const erasurePreviewBody = z.object({
  personId: z.uuid(),
  givenName: z.string(),
  familyName: z.string(),
  mailboxes: z.array(z.string()).openapi({ description: "Personal boxes that would be closed at once" }),
  steps: z.array(erasureStep.omit({ doneAt: true })),
}).openapi("ErasurePreview");
export const registerBody = z.object({
  items: z.array(z.object({
    name: z.string(),
    title: z.string(),
    purpose: z.string(),
    basis: z.string(),
    people: z.string(),
    recipients: z.string(),
    retention: z.string(),
    columns: z.array(z.string()),
  })),
}).openapi("ProcessingRegister");

const iso = (date: Date | null) => date?.toISOString() ?? null;

export function toCharterBody(row: CharterRow): z.infer<typeof charterBody> {
  return {
    id: row.id,
    version: row.version_label,
    title: row.title,
    text: row.text,
    sha256: new Uint8Array(row.sha256).toHex(),
    publishedAt: row.published_at.toISOString(),
  };
}

export function toConsentList(rows: readonly ConsentRow[]): z.infer<typeof consentList> {
  return {
    items: purposes.map((purpose) => {
      const row = rows.find((one) => one.purpose === purpose);
      return { purpose, isGiven: row?.is_given ?? false, decidedAt: iso(row?.decided_at ?? null) };
    }),
  };
}

export function toExportBody(row: ExportRow): z.infer<typeof exportBody> {
  return {
    id: row.id,
    kind: row.kind,
    mailboxId: row.mailbox_id,
    status: row.status,
    failure: row.failure,
    doneCount: row.done_count,
    totalCount: row.total_count,
    sizeBytes: row.size_bytes,
    sha256: row.sha256 === null ? null : new Uint8Array(row.sha256).toHex(),
    createdAt: row.created_at.toISOString(),
    readyAt: iso(row.ready_at),
    expiresAt: iso(row.expires_at),
  };
}

export function toErasureBody(row: NamedErasureRow): z.infer<typeof erasureBody> {
  return {
    id: row.id,
    personId: row.person_id,
    givenName: row.given_name,
    familyName: row.family_name,
    requestedBy: row.requested_by,
    reason: row.reason,
    status: row.status,
    version: row.version,
    createdAt: row.created_at.toISOString(),
    endedAt: iso(row.ended_at),
  };
}

export function toErasurePlanBody(
  row: NamedErasureRow,
  steps: readonly ErasureStepRow[],
): z.infer<typeof erasurePlanBody> {
  return {
    ...toErasureBody(row),
    steps: steps.map((one) => ({ ...toStep(one), doneAt: iso(one.done_at) })),
  };
}

export function toErasurePreviewBody(
  { person, mailboxes, steps }: ErasurePreview,
): z.infer<typeof erasurePreviewBody> {
  return {
    personId: person.id,
    givenName: person.given_name,
    familyName: person.family_name,
    mailboxes: [...mailboxes],
    steps: steps.map(toStep),
  };
}

function toStep({ category, act, due_at, ground }: PlannedStep) {
  const titles: Readonly<Record<string, { readonly title: string }>> = dataMap;
  return { category, title: titles[category]?.title ?? category, act, dueAt: iso(due_at), ground };
}

export function toRegisterBody(): z.infer<typeof registerBody> {
  return {
    items: Object.entries(dataMap).map(([name, one]) => ({
      name,
      title: one.title,
      purpose: one.purpose,
      basis: one.basis,
      people: one.people,
      recipients: one.recipients,
      retention: one.retention,
      columns: [...one.columns],
    })),
  };
}
