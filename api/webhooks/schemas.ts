import { actions } from "../actions.ts";
import { z } from "../http/openapi.ts";
import { pageOf, pageQuery, type PageRequest, pageRequest } from "../http/paginate.ts";
import { invalidRequest } from "../problems.ts";
import { structureParam } from "../tenancy/mod.ts";
import type { DeliveryRow, WebhookRow } from "./queries.ts";
import { parseWebhookUrl } from "./webhook-url.ts";

export const webhookParam = structureParam.extend({
  webhookId: z.guid().openapi({ param: { name: "webhookId", in: "path" }, format: "uuid" }),
});
const status = z.enum(["active", "disabled"]);
const events = z.array(z.enum(actions)).min(1).max(actions.length).nullable().openapi({
  description: "Acts that are told, by name; null = all of the structure",
  example: ["mailbox.create", "mailbox.close"],
});
const url = (isPrivateAllowed: boolean) =>
  z.string().max(2048).transform((text, check) => {
    const parsed = parseWebhookUrl(text, isPrivateAllowed);
    if (parsed.ok) return parsed.url;
    check.addIssue({ code: "custom", message: parsed.reason });
    return z.NEVER;
  }).openapi({
    type: "string",
    format: "uri",
    maxLength: 2048,
    description: "https, to a name of the Internet; no redirect is followed",
    example: "https://si.clinique.example/mssante",
  });

export const webhookInput = (isPrivateAllowed: boolean) =>
  z.strictObject({ url: url(isPrivateAllowed), events: events.default(null) }).openapi("NewWebhook");
export const webhookChange = (isPrivateAllowed: boolean) =>
  z.strictObject({
    url: url(isPrivateAllowed).optional(),
    events: events.optional(),
    status: status.optional(),
  }).refine((change) => Object.keys(change).length > 0, "changes nothing").openapi("WebhookChange");

export const secretInput = z.strictObject({
  overlapHours: z.int().min(0).max(720).nullable().openapi({
    description:
      "How long the secret before it goes on signing beside the new one; 0 ends it at once, null is the operator's setting",
  }),
}).openapi("WebhookSecretRotation");

export const webhookBody = z.object({
  id: z.uuid(),
  structureId: z.uuid(),
  url: z.string(),
  events: z.array(z.string()).nullable(),
  status,
  disabledAt: z.iso.datetime().nullable(),
  failingSince: z.iso.datetime().nullable().openapi({ description: "Since when every call has failed" }),
  oldSecretsUntil: z.iso.datetime().nullable().openapi({
    description: "Until when the secret before this one signs beside it",
  }),
  version: z.int(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
}).openapi("Webhook");
export const newWebhookBody = webhookBody.extend({
  secret: z.string().openapi({ description: "Key of the signatures (Standard Webhooks), shown this once" }),
}).openapi("WebhookWithSecret");
export const webhookList = z.object({ items: z.array(webhookBody) }).openapi("WebhookList");

const deliveryStatus = z.enum(["pending", "delivered", "failed"]);
export const deliveryQuery = pageQuery.extend({ status: deliveryStatus.optional() });
export const deliveryBody = z.object({
  id: z.uuid().openapi({ description: "`webhook-id` of every attempt" }),
  webhookId: z.uuid(),
  event: z.string(),
  seq: z.int().nullable().openapi({ description: "Number in the structure's trail; null for a test" }),
  status: deliveryStatus,
  attempts: z.int(),
  responseStatus: z.int().nullable(),
  error: z.string().nullable().openapi({
    description: "private-address, unknown-name, timeout, no-connection, disabled",
  }),
  createdAt: z.iso.datetime(),
  nextAttemptAt: z.iso.datetime().nullable(),
  deliveredAt: z.iso.datetime().nullable(),
}).openapi("WebhookDelivery");
export const deliveryPage = pageOf(deliveryBody).openapi("WebhookDeliveryPage");

/** Throws `invalid-request` for a cursor that is none of this list. */
export function deliveryPageRequest(query: { limit: number; cursor?: string | undefined }): PageRequest {
  const request = pageRequest(query, 2);
  const key = z.tuple([z.iso.datetime(), z.guid()]);
  if (request.after !== undefined && !key.safeParse(request.after).success) {
    throw invalidRequest([{ pointer: "/query/cursor", detail: "is not a cursor of this list" }]);
  }
  return request;
}

const text = (date: Date | null) => date?.toISOString() ?? null;

export function toWebhookBody(row: WebhookRow): z.infer<typeof webhookBody> {
  return {
    id: row.id,
    structureId: row.structure_id,
    url: row.url,
    events: row.events,
    status: row.status,
    disabledAt: text(row.disabled_at),
    failingSince: text(row.failing_since),
    oldSecretsUntil: text(row.old_secrets_until),
    version: row.version,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

/** For the trail: the host, since a path or query may hold a key of the receiver's. */
export function toWebhookSnapshot(row: WebhookRow) {
  return {
    host: new URL(row.url).host,
    events: row.events,
    status: row.status,
    oldSecretsUntil: text(row.old_secrets_until),
    version: row.version,
  };
}

export function toDeliveryBody(row: DeliveryRow): z.infer<typeof deliveryBody> {
  return {
    id: row.id,
    webhookId: row.webhook_id,
    event: row.event,
    seq: row.seq,
    status: row.status,
    attempts: row.attempts,
    responseStatus: row.response_status,
    error: row.error,
    createdAt: row.created_at.toISOString(),
    nextAttemptAt: text(row.next_attempt_at),
    deliveredAt: text(row.delivered_at),
  };
}
