import { Buffer } from "node:buffer";
import { z } from "../http/openapi.ts";
import { pageOf, pageQuery, type PageRequest, sortedPageRequest } from "../http/paginate.ts";
import { plainText } from "../http/plain-text.ts";
import { invalidRequest } from "../problems.ts";
import { mailboxParam } from "../mailboxes/mod.ts";
import { structureParam } from "../tenancy/mod.ts";
import type { ClientCertificateRow } from "./certificate-queries.ts";
import { type AppPasswordRow, appPasswordSorts } from "./queries.ts";

const scope = z.enum(["imap", "submission"]);
const date = z.iso.datetime({ offset: true }).refine((text) => /^2[01]/.test(text), {
  error: "must lie between the years 2000 and 2199",
});

export const appPasswordParam = mailboxParam.extend({
  appPasswordId: z.guid().openapi({ param: { name: "appPasswordId", in: "path" }, format: "uuid" }),
});
export const appPasswordInput = z.strictObject({
  device: plainText(1, 64).openapi({
    description: "The program or machine",
    example: "Thunderbird, poste 3",
  }),
  scopes: z.array(scope).min(1).max(2).openapi({ description: "What it is good for" }),
  expiresAt: date.optional().openapi({
    description: "The longest life that the operator allows, when absent",
  }),
}).openapi("NewAppPassword");
const appPasswordFields = {
  id: z.uuid(),
  mailboxId: z.uuid(),
  person: z.object({ id: z.uuid(), givenName: z.string(), familyName: z.string() }),
  device: z.string(),
  scopes: z.array(scope),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().nullable().openapi({ description: "To the minute" }),
  status: z.enum(["live", "expired"]),
};
export const appPasswordBody = z.object(appPasswordFields).openapi("AppPassword");
export const appPasswordList = z.object({ items: z.array(appPasswordBody) }).openapi("AppPasswordList");
export const structureAppPasswordQuery = pageQuery.extend({
  q: plainText(0, 100).optional().openapi({
    description:
      "Words that must all be found in device, person or mailbox; accents and capitals do not count",
    example: "allard",
  }),
  status: appPasswordFields.status.optional(),
  sort: z.enum(appPasswordSorts).default("-createdAt"),
});
export const structureAppPasswordPage = pageOf(
  z.object({ ...appPasswordFields, address: z.string().openapi({ description: "Of the mailbox" }) })
    .openapi("StructureAppPassword"),
).extend({ total: z.int().openapi({ description: "How many the filters leave" }) })
  .openapi("StructureAppPasswordPage");
export const revocationInput = z.strictObject({
  appPasswordIds: z.array(z.guid()).min(1).max(1000).optional().openapi({ description: "These" }),
  filter: structureAppPasswordQuery.pick({ q: true, status: true }).strict().optional().openapi({
    description: "All that the list would show; without a word all of the structure",
  }),
}).refine(({ appPasswordIds, filter }) => (appPasswordIds === undefined) !== (filter === undefined), {
  error: "names either app passwords or a filter",
}).openapi("AppPasswordRevocation");
export const revocationBody = z.object({
  count: z.int().openapi({ description: "How many were revoked now" }),
}).openapi("AppPasswordsRevoked");

/** Throws `invalid-request` for a cursor that is none of this list. */
export function appPasswordPageRequest(query: z.infer<typeof structureAppPasswordQuery>): PageRequest {
  const request = sortedPageRequest(query, (value) => /^\d{0,20}$/.test(value));
  if (request.after !== undefined && !z.guid().safeParse(request.after[2]).success) {
    throw invalidRequest([{ pointer: "/query/cursor", detail: "is not a cursor of this list" }]);
  }
  return request;
}

export const newAppPasswordBody = z.object({
  ...appPasswordFields,
  address: z.string().openapi({ description: "The user name" }),
  password: z.string().openapi({ description: "Shown this once" }),
}).openapi("GivenAppPassword");

export function toAppPasswordBody(row: AppPasswordRow, now: Date): z.infer<typeof appPasswordBody> {
  return {
    id: row.id,
    mailboxId: row.mailbox_id,
    person: { id: row.person_id, givenName: row.given_name, familyName: row.family_name },
    device: row.device,
    scopes: [
      ...(row.may_imap ? ["imap" as const] : []),
      ...(row.may_submission ? ["submission" as const] : []),
    ],
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    status: row.expires_at <= now ? "expired" : "live",
  };
}

const label = plainText(1, 100).openapi({
  description: "Which software has it",
  example: "DPI de la clinique",
});
const mailboxIds = z.array(z.guid()).max(200).refine((ids) => new Set(ids).size === ids.length, {
  error: "names a mailbox twice",
}).openapi({ description: "Mailboxes of software (APP) that it opens" });
export const certificateParam = structureParam.extend({
  certificateId: z.guid().openapi({ param: { name: "certificateId", in: "path" }, format: "uuid" }),
});
export const certificateInput = z.strictObject({
  label,
  certificate: z.string().min(1).max(20_000).openapi({
    description: "The certificate in PEM, never its key",
  }),
  mailboxIds,
}).openapi("NewClientCertificate");
export const certificateChange = z.strictObject({
  label: label.optional(),
  mailboxIds: mailboxIds.optional(),
})
  .refine((change) => Object.keys(change).length > 0, { error: "changes nothing" })
  .openapi("ClientCertificateChange");
export const certificateBody = z.object({
  id: z.uuid(),
  structureId: z.uuid(),
  label: z.string(),
  subject: z.string(),
  issuer: z.string(),
  serial: z.string().openapi({ description: "Hexadecimal" }),
  sha256: z.string().openapi({ description: "Of the certificate, hexadecimal" }),
  mailboxes: z.array(z.object({ id: z.uuid(), address: z.string() })),
  status: z.enum(["in_force", "expired", "withdrawn"]),
  expiresAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().nullable().openapi({ description: "To the minute" }),
  version: z.int(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
}).openapi("ClientCertificate");
export const certificateList = z.object({ items: z.array(certificateBody) }).openapi("ClientCertificateList");

export function toCertificateBody(row: ClientCertificateRow, now: Date): z.infer<typeof certificateBody> {
  return {
    id: row.id,
    structureId: row.structure_id,
    label: row.label,
    subject: row.subject,
    issuer: row.issuer,
    serial: row.serial,
    sha256: Buffer.from(row.sha256).toString("hex"),
    mailboxes: row.mailboxes.map(({ id, address }) => ({ id, address })),
    status: row.withdrawn_at !== null ? "withdrawn" : row.not_after <= now ? "expired" : "in_force",
    expiresAt: row.not_after.toISOString(),
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    version: row.version,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
