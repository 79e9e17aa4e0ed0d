import { pageOf } from "../http/paginate.ts";
import { z } from "../http/openapi.ts";
import { plainText } from "../http/plain-text.ts";
import type { ClientRow, ProgramRow } from "./queries.ts";

const clientId = z.string().regex(/^[a-z0-9][a-z0-9._-]{2,63}$/, {
  error: "3 to 64 of a-z, 0-9, dot, hyphen and underscore",
}).openapi({ example: "logiciel-cabinet" });
const name = plainText(1, 100).openapi({ description: "As people are asked about it" });

export const clientInput = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("native"),
    clientId,
    name,
    redirectUris: z.array(z.string().max(500).regex(/^[\x21-\x7e]+$/, "is not a URI")).min(1).max(10).openapi(
      {
        description: "Compared character for character, but for the port of a loopback address",
      },
    ),
  }).openapi("NewNativeClient"),
  z.strictObject({
    kind: z.literal("lps"),
    clientId,
    name,
    certificate: z.string().min(1).max(20_000).openapi({
      description: "One certificate in PEM: its subject and issuer are the client, also after a renewal",
    }),
  }).openapi("NewLpsClient"),
]).openapi("NewOauthClient");
export type ClientInput = z.infer<typeof clientInput>;

export const clientParam = z.object({ oauthClientId: z.uuid() });
export const programParam = z.object({ programId: z.uuid() });

export const clientBody = z.object({
  id: z.uuid(),
  clientId: z.string(),
  kind: z.enum(["native", "lps"]),
  name: z.string(),
  redirectUris: z.array(z.string()),
  subject: z.string().nullable(),
  issuer: z.string().nullable(),
  createdAt: z.iso.datetime(),
  withdrawnAt: z.iso.datetime().nullable(),
}).openapi("OauthClient");
export const clientPage = pageOf(clientBody).openapi("OauthClientPage");

export const programList = z.object({
  items: z.array(
    z.object({
      id: z.uuid(),
      name: z.string(),
      kind: z.enum(["native", "lps"]),
      authorisedAt: z.iso.datetime(),
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
    redirectUris: row.redirect_uris as string[],
    subject: row.subject,
    issuer: row.issuer,
    createdAt: row.created_at.toISOString(),
    withdrawnAt: row.withdrawn_at?.toISOString() ?? null,
  };
}

export function toProgramList(rows: readonly ProgramRow[]): z.infer<typeof programList> {
  return {
    items: rows.map((row) => ({
      id: row.id,
      name: row.name,
      kind: row.kind,
      authorisedAt: row.created_at.toISOString(),
      expiresAt: row.expires_at.toISOString(),
    })),
  };
}
