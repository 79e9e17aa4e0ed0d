import { actions } from "../actions.ts";
import { z } from "../http/openapi.ts";
import { pageOf, pageQuery, pageRequest } from "../http/paginate.ts";
import { plainText } from "../http/plain-text.ts";
import { invalidRequest } from "../problems.ts";
import type { AuditEventRow } from "./queries.ts";

const moment = z.iso.datetime({ offset: true }).transform((text) => new Date(text)).refine(
  (date) => date.getUTCFullYear() > 1900 && date.getUTCFullYear() < 10_000,
  "is out of range",
).openapi({ type: "string", format: "date-time" });

export const auditQuery = pageQuery.extend({
  q: plainText(0, 100).optional().openapi({
    description:
      "Words that must all be found in who, what, on what and why; accents and capitals do not count",
  }),
  action: z.enum(actions).optional(),
  actorId: z.guid().optional().openapi({ description: "Person or service account" }),
  subjectId: z.string().min(1).max(100).regex(/^[^\0]*$/).optional(),
  from: moment.optional(),
  to: moment.optional().openapi({ description: "Up to and without" }),
});

/** The id that the page goes on before. Throws `invalid-request` for a cursor that is none of this list. */
export function beforeId(query: { limit: number; cursor?: string | undefined }): number | undefined {
  const { after } = pageRequest(query, 1);
  if (after === undefined) return undefined;
  if (!/^\d{1,15}$/.test(after[0] ?? "")) {
    throw invalidRequest([{ pointer: "/query/cursor", detail: "is not a cursor of this list" }]);
  }
  return Number(after[0]);
}

const snapshot = z.record(z.string(), z.unknown()).nullable();
const actorKind = z.enum(["person", "service", "system", "anonymous"]);

export const auditEventBody = z.object({
  id: z.int(),
  seq: z.int().nullable().openapi({ description: "Place in the structure's chain, without gaps" }),
  at: z.iso.datetime(),
  structureId: z.uuid().nullable(),
  actorKind,
  actorId: z.uuid().nullable(),
  actorLabel: z.string().openapi({ description: "Name of the person, the service account or the job" }),
  action: z.string(),
  subjectKind: z.string(),
  subjectId: z.string(),
  before: snapshot,
  after: snapshot,
  reason: z.string().nullable(),
  requestId: z.string().nullable(),
  previousHash: z.string().nullable(),
  hash: z.string().nullable().openapi({
    description: "SHA-256 of this row and the hash before it, hexadecimal",
  }),
}).openapi("AuditEvent");
export const auditPage = pageOf(auditEventBody).openapi("AuditEventPage");

export const openingBody = z.object({
  at: z.iso.datetime(),
  actorKind,
  actorId: z.uuid().nullable(),
  actorLabel: z.string(),
  relation: z.enum(["member", "delegate"]).nullable().openapi({
    description: "Whose the box is to who opened it",
  }),
}).openapi("MailboxOpening");
export const openingPage = pageOf(openingBody).openapi("MailboxOpeningPage");

export function toAuditEventBody(row: AuditEventRow): z.infer<typeof auditEventBody> {
  return {
    id: row.id,
    seq: row.seq,
    at: row.at.toISOString(),
    structureId: row.structure_id,
    actorKind: row.actor_kind,
    actorId: row.actor_person_id,
    actorLabel: row.actor_label,
    action: row.action,
    subjectKind: row.subject_kind,
    subjectId: row.subject_id,
    before: row.before,
    after: row.after,
    reason: row.reason,
    requestId: row.request_id,
    previousHash: row.previous_hash,
    hash: row.hash,
  };
}

export function toOpeningBody(row: AuditEventRow): z.infer<typeof openingBody> {
  const { relation } = row.after ?? {};
  return {
    at: row.at.toISOString(),
    actorKind: row.actor_kind,
    actorId: row.actor_person_id,
    actorLabel: row.actor_label,
    relation: relation === "member" || relation === "delegate" ? relation : null,
  };
}
