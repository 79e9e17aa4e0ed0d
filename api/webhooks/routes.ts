import type { OpenAPIHono } from "@hono/zod-openapi";
import type { WebhookSettings } from "../config-webhooks.ts";
import { inStructure } from "../database/in-tenant.ts";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { answer, operation } from "../http/operation.ts";
import { page } from "../http/paginate.ts";
import { etag, versionOf } from "../http/version.ts";
import { authorise } from "../identity/mod.ts";
import { getStructure, structureParam } from "../tenancy/mod.ts";
import { changeWebhook } from "./change.ts";
import { createWebhook } from "./create.ts";
import { getWebhook, listDeliveries, listWebhooks } from "./queries.ts";
import { removeWebhook } from "./remove.ts";
import { rotateWebhookSecret } from "./rotate-secret.ts";
import {
  deliveryBody,
  deliveryPage,
  deliveryPageRequest,
  deliveryQuery,
  newWebhookBody,
  secretInput,
  toDeliveryBody,
  toWebhookBody,
  webhookBody,
  webhookChange,
  webhookInput,
  webhookList,
  webhookParam,
} from "./schemas.ts";
import { testWebhook } from "./send-test.ts";

const tags = ["webhooks"];
const path = "/api/v1/structures/{structureId}/webhooks";
const missing = ["structure-not-found", "webhook-not-found"] as const;

const listRoute = operation("webhook.read", {
  operationId: "listWebhooks",
  method: "get",
  path,
  tags,
  summary: "Where the structure's software is told of what happens",
  params: structureParam,
  responses: { 200: answer("All of them", webhookList) },
  problems: ["forbidden", "structure-not-found"],
});
const readRoute = operation("webhook.read", {
  operationId: "readWebhook",
  method: "get",
  path: `${path}/{webhookId}`,
  tags,
  summary: "One webhook",
  params: webhookParam,
  responses: { 200: answer("The webhook", webhookBody) },
  problems: ["forbidden", ...missing],
});
const createWebhookRoute = (isPrivateAllowed: boolean) =>
  operation("webhook.create", {
    operationId: "createWebhook",
    method: "post",
    path,
    tags,
    summary: "Tells a URL of what happens from now on; answers the secret of the signatures, this once",
    params: structureParam,
    body: webhookInput(isPrivateAllowed),
    responses: { 201: answer("Made", newWebhookBody) },
    problems: ["structure-not-found", "structure-suspended", "structure-closed", "webhook-limit-reached"],
  });
const changeWebhookRoute = (isPrivateAllowed: boolean) =>
  operation("webhook.change", {
    operationId: "changeWebhook",
    method: "patch",
    path: `${path}/{webhookId}`,
    tags,
    summary: "Changes where and what is told, disables it or begins again",
    params: webhookParam,
    body: webhookChange(isPrivateAllowed),
    isVersioned: true,
    responses: { 200: answer("Changed", webhookBody) },
    problems: missing,
  });
const removeRoute = operation("webhook.delete", {
  operationId: "deleteWebhook",
  method: "delete",
  path: `${path}/{webhookId}`,
  tags,
  summary: "Removes a webhook with its secret and deliveries",
  params: webhookParam,
  isVersioned: true,
  responses: { 204: { description: "Removed" } },
  problems: missing,
});
const rotateRoute = operation("webhook.rotate-secret", {
  operationId: "rotateWebhookSecret",
  method: "post",
  path: `${path}/{webhookId}/secret`,
  tags,
  summary: "Replaces the secret of the signatures; the one before signs beside it for some hours",
  description: "The new secret is in this answer and nowhere else; a repetition makes another one.",
  params: webhookParam,
  body: secretInput,
  isVersioned: true,
  responses: { 201: answer("Replaced", newWebhookBody) },
  problems: missing,
});
const testRoute = operation("webhook.test", {
  operationId: "testWebhook",
  method: "post",
  path: `${path}/{webhookId}/test`,
  tags,
  summary: "Sends an event webhook.test, to this webhook alone",
  params: webhookParam,
  responses: { 202: answer("On its way: its delivery says how it went", deliveryBody) },
  problems: [...missing, "webhook-disabled"],
});
const deliveriesRoute = operation("webhook.read", {
  operationId: "listWebhookDeliveries",
  method: "get",
  path: `${path}/{webhookId}/deliveries`,
  tags,
  summary: "What was sent, the newest first",
  params: webhookParam,
  query: deliveryQuery,
  responses: { 200: answer("A page", deliveryPage) },
  problems: ["forbidden", ...missing],
});

export function webhookRoutes(
  { isPrivateAllowed, secretOverlapHours }: Pick<WebhookSettings, "isPrivateAllowed" | "secretOverlapHours">,
): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(listRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ctx = contextOf(c);
    authorise(ctx, "webhook.read", { structureId });
    const rows = await inStructure(ctx, structureId, async (tx) => {
      await getStructure(tx, structureId);
      return await listWebhooks(tx, structureId);
    });
    return c.json({ items: rows.map(toWebhookBody) }, 200);
  });

  routes.openapi(readRoute, async (c) => {
    const { structureId, webhookId } = c.req.valid("param");
    const ctx = contextOf(c);
    authorise(ctx, "webhook.read", { structureId });
    const row = await inStructure(ctx, structureId, (tx) => getWebhook(tx, structureId, webhookId));
    c.header("etag", etag(row.version));
    return c.json(toWebhookBody(row), 200);
  });

  routes.openapi(createWebhookRoute(isPrivateAllowed), async (c) => {
    const { structureId } = c.req.valid("param");
    const { webhook, secret } = await createWebhook(contextOf(c), { structureId, ...c.req.valid("json") });
    c.header("etag", etag(webhook.version));
    // Kept nowhere, by the Idempotency-Key neither.
    c.header("cache-control", "no-store");
    return c.json({ ...toWebhookBody(webhook), secret }, 201);
  });

  routes.openapi(changeWebhookRoute(isPrivateAllowed), async (c) => {
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    const row = await changeWebhook(contextOf(c), {
      ...c.req.valid("param"),
      ...c.req.valid("json"),
      ifVersion,
    });
    c.header("etag", etag(row.version));
    return c.json(toWebhookBody(row), 200);
  });

  routes.openapi(removeRoute, async (c) => {
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    await removeWebhook(contextOf(c), { ...c.req.valid("param"), ifVersion });
    return c.body(null, 204);
  });

  routes.openapi(rotateRoute, async (c) => {
    const { overlapHours } = c.req.valid("json");
    const { webhook, secret } = await rotateWebhookSecret(contextOf(c), {
      ...c.req.valid("param"),
      overlapHours: overlapHours ?? secretOverlapHours,
      ifVersion: versionOf(c.req.valid("header")["if-match"]),
    });
    c.header("etag", etag(webhook.version));
    c.header("cache-control", "no-store");
    return c.json({ ...toWebhookBody(webhook), secret }, 201);
  });

  routes.openapi(testRoute, async (c) => {
    return c.json(toDeliveryBody(await testWebhook(contextOf(c), c.req.valid("param"))), 202);
  });

  routes.openapi(deliveriesRoute, async (c) => {
    const { structureId, webhookId } = c.req.valid("param");
    const { limit, cursor, status } = c.req.valid("query");
    const ctx = contextOf(c);
    authorise(ctx, "webhook.read", { structureId });
    const request = deliveryPageRequest({ limit, cursor });
    const rows = await inStructure(ctx, structureId, async (tx) => {
      await getWebhook(tx, structureId, webhookId);
      return await listDeliveries(tx, { structureId, webhookId }, { status }, request);
    });
    return c.json(page(rows, limit, (row) => [row.created_at.toISOString(), row.id], toDeliveryBody), 200);
  });

  return routes;
}
