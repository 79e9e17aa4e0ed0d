import type { Action } from "../actions.ts";
import { z } from "../http/openapi.ts";
import { pageOf, pageQuery } from "../http/paginate.ts";
import { plainText } from "../http/plain-text.ts";
import { serviceScopes } from "../identity/mod.ts";
import { structureParam } from "../tenancy/mod.ts";
import type { KeyRow, ServiceAccountRow } from "./queries.ts";

const uuidParam = (name: string) => z.guid().openapi({ param: { name, in: "path" }, format: "uuid" });
export const accountParam = structureParam.extend({ serviceAccountId: uuidParam("serviceAccountId") });
export const keyParam = accountParam.extend({ keyId: uuidParam("keyId") });

const status = z.enum(["active", "revoked"]);
export const accountQuery = pageQuery.extend({ status: status.optional() });

const [first, ...others] = serviceScopes;
const scope = z.enum([first!, ...others] as [Action, ...Action[]]);
const scopes = z.array(scope).min(1).max(serviceScopes.length)
  .overwrite((some) => [...new Set(some)].sort())
  .openapi({ description: "What the account may do in its structure", example: ["mailbox.read"] });
const expiresAt = z.iso.datetime({ offset: true }).nullable().openapi({ description: "Null: no end" });

export const accountInput = z.strictObject({
  name: plainText(1, 100),
  description: plainText(0, 255).default(""),
  scopes,
  expiresAt: expiresAt.default(null),
}).openapi("NewServiceAccount");
export const accountChange = z.strictObject({
  name: plainText(1, 100).optional(),
  description: plainText(0, 255).optional(),
  scopes: scopes.optional(),
  expiresAt: expiresAt.optional(),
}).refine((change) => Object.keys(change).length > 0, { error: "must change something" })
  .openapi("ServiceAccountChange");
export const keyInput = z.strictObject({ expiresAt }).openapi(
  "NewServiceAccountKey",
);

export const keyBody = z.object({
  id: z.uuid(),
  prefix: z.string().openapi({ description: "First characters of the secret, to recognise it by" }),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable(),
  lastUsedAt: z.iso.datetime().nullable().openapi({ description: "To the minute" }),
  revokedAt: z.iso.datetime().nullable(),
}).openapi("ServiceAccountKey");
export const newKeyBody = keyBody.extend({
  secret: z.string().openapi({ description: "Shown this once: only its digest is kept" }),
}).openapi("ServiceAccountSecret");
export const accountBody = z.object({
  id: z.uuid(),
  structureId: z.uuid(),
  name: z.string(),
  description: z.string(),
  scopes: z.array(z.string()),
  status,
  expiresAt: z.iso.datetime().nullable(),
  keys: z.array(keyBody).openapi({ description: "The oldest first, revoked ones too" }),
  version: z.int(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
}).openapi("ServiceAccount");
export const accountPage = pageOf(accountBody).openapi("ServiceAccountPage");

export function toKeyBody(row: KeyRow): z.infer<typeof keyBody> {
  return {
    id: row.id,
    prefix: row.prefix,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
  };
}

export function toAccountBody(row: ServiceAccountRow): z.infer<typeof accountBody> {
  return {
    id: row.id,
    structureId: row.structure_id,
    name: row.name,
    description: row.description,
    scopes: row.scopes as string[],
    status: row.status,
    expiresAt: row.expires_at?.toISOString() ?? null,
    keys: row.keys.map(toKeyBody),
    version: row.version,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
