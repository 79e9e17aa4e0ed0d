import { pageOf, pageQuery } from "../http/paginate.ts";
import { z } from "../http/openapi.ts";
import { plainText } from "../http/plain-text.ts";
import { clientIdForm, type ClientRow, type ClientUse, statusOf } from "./client-queries.ts";
import type { ProgramRow } from "./program-queries.ts";

const kind = z.enum(["native", "lps"]);
const status = z.enum(["active", "suspended", "withdrawn"]);
const clientId = z.string().regex(clientIdForm, {
  error: "3 to 64 of a-z, 0-9, dot, hyphen and underscore",
}).openapi({ example: "logiciel-cabinet" });
const name = plainText(1, 100).openapi({ description: "As people are asked about it" });
const redirectUris = z.array(z.string().max(500).regex(/^[\x21-\x7e]+$/, "is not a URI")).min(1).max(10)
  .openapi({
    description: "Compared character for character, but for the port of a loopback address",
  });
const certificate = z.string().min(1).max(20_000).openapi({
  description: "One certificate in PEM: its subject and issuer are the client, also after a renewal",
});

export const clientInput = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("native"), clientId, name, redirectUris }).openapi("NewNativeClient"),
  z.strictObject({ kind: z.literal("lps"), clientId, name, certificate }).openapi("NewLpsClient"),
]).openapi("NewOauthClient");
export type ClientInput = z.infer<typeof clientInput>;
export const clientChange = z.strictObject({ name, redirectUris }).partial()
  .refine((change) => Object.keys(change).length > 0, { error: "must change something" })
  .openapi("OauthClientChange");
export const certificateInput = z.strictObject({ certificate }).openapi("OauthClientCertificate");
export const suspensionInput = z.strictObject({ reason: plainText(1, 500) }).openapi("OauthClientSuspension");

export const clientQuery = pageQuery.extend({
  q: plainText(1, 100).optional().openapi({ description: "Words of its identifier, name or certificate" }),
  kind: kind.optional(),
  status: status.optional(),
});
export const clientParam = z.object({ oauthClientId: z.uuid() });
export const programParam = z.object({ programId: z.uuid() });

export const clientBody = z.object({
  id: z.uuid(),
  clientId: z.string(),
  kind,
  name: z.string(),
  status,
  redirectUris: z.array(z.string()),
  subject: z.string().nullable(),
  issuer: z.string().nullable(),
  certificateExpiresAt: z.iso.datetime().nullable().openapi({
    description: "Of the one that it showed last",
  }),
  createdAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().nullable().openapi({ description: "To the minute" }),
  suspendedAt: z.iso.datetime().nullable(),
  withdrawnAt: z.iso.datetime().nullable(),
  version: z.int(),
}).openapi("OauthClient");
export const clientPage = pageOf(clientBody).openapi("OauthClientPage");
export const clientWithUse = clientBody.extend({
  use: z.object({ grants: z.int(), people: z.int() }).openapi({
    description: "What it holds now, and would end with it: how often it was let in, and for how many people",
  }),
}).openapi("OauthClientWithUse");

export const programList = z.object({
  items: z.array(
    z.object({
      id: z.uuid(),
      name: z.string(),
      kind,
      authorisedAt: z.iso.datetime(),
      lastUsedAt: z.iso.datetime().openapi({ description: "To the minute" }),
      expiresAt: z.iso.datetime(),
    }).openapi("OwnProgram"),
  ),
}).openapi("OwnProgramList");

export function toClientBody(row: ClientRow): z.infer<typeof clientBody> {
  return {
    id: row.id,
    clientId: row.client_id,
    kind: row.kind,
    name: row.name,
    status: statusOf(row),
    redirectUris: row.redirect_uris as string[],
    subject: row.subject,
    issuer: row.issuer,
    certificateExpiresAt: row.certificate_expires_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    suspendedAt: row.suspended_at?.toISOString() ?? null,
    withdrawnAt: row.withdrawn_at?.toISOString() ?? null,
    version: row.version,
  };
}

export function toClientWithUse(
  row: ClientRow,
  { grants, people }: ClientUse,
): z.infer<typeof clientWithUse> {
  return { ...toClientBody(row), use: { grants, people } };
}

export function toProgramList(rows: readonly ProgramRow[]): z.infer<typeof programList> {
  return {
    items: rows.map((row) => ({
      id: row.id,
      name: row.name,
      kind: row.kind,
      authorisedAt: row.since.toISOString(),
      lastUsedAt: row.last_used_at.toISOString(),
      expiresAt: row.expires_at.toISOString(),
    })),
  };
}
