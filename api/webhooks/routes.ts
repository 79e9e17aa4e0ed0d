import type { OpenAPIHono } from "@hono/zod-openapi";
import { inStructure } from "../database/in-tenant.ts";
import { idempotencyHeader } from "../http/idempotency.ts";
import {
  type ApiEnv,
  bodilessProblems,
  changeProblems,
  commonProblems,
  contextOf,
  createRoute,
  createRoutes,
  json,
  problemResponses,
  repeatableProblems,
  requires,
} from "../http/openapi.ts";
import { page } from "../http/paginate.ts";
import { etag, ifMatchHeader, versionOf } from "../http/version.ts";
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
import type { WebhookSettings } from "./settings.ts";

const tags = ["webhooks"];
const path = "/api/v1/structures/{structureId}/webhooks";
const missing = ["structure-not-found", "webhook-not-found"] as const;
const readProblems = [...commonProblems, "invalid-request", "forbidden"] as const;

const listRoute = createRoute({
  ...requires("webhook.read"),
  operationId: "listWebhooks",
  method: "get",
  path,
  tags,
  summary: "Where the structure's software is told of what happens",
  request: { params: structureParam },
  responses: {
    200: { description: "All of them", content: json(webhookList) },
    ...problemResponses(...readProblems, "structure-not-found"),
  },
});
const readRoute = createRoute({
  ...requires("webhook.read"),
  operationId: "readWebhook",
  method: "get",
  path: `${path}/{webhookId}`,
  tags,
  summary: "One webhook",
  request: { params: webhookParam },
  responses: {
    200: { description: "The webhook", content: json(webhookBody) },
    ...problemResponses(...readProblems, ...missing),
  },
});
const createWebhookRoute = (isPrivateAllowed: boolean) =>
  createRoute({
    ...requires("webhook.create"),
    operationId: "createWebhook",
    method: "post",
    path,
    tags,
    summary: "Tells a URL of what happens from now on; answers the secret of the signatures, this once",
    request: {
      params: structureParam,
      headers: idempotencyHeader,
      body: { required: true, content: json(webhookInput(isPrivateAllowed)) },
    },
    responses: {
      201: { description: "Made", content: json(newWebhookBody) },
      ...problemResponses(
        ...repeatableProblems,
        "structure-not-found",
        "structure-suspended",
        "structure-closed",
        "webhook-limit-reached",
      ),
    },
  });
const changeWebhookRoute = (isPrivateAllowed: boolean) =>
  createRoute({
    ...requires("webhook.change"),
    operationId: "changeWebhook",
    method: "patch",
    path: `${path}/{webhookId}`,
    tags,
    summary: "Changes where and what is told, disables it or begins again",
    request: {
      params: webhookParam,
      headers: ifMatchHeader,
      body: { required: true, content: json(webhookChange(isPrivateAllowed)) },
    },
    responses: {
      200: { description: "Changed", content: json(webhookBody) },
      ...problemResponses(...changeProblems, ...missing, "version-mismatch"),
    },
  });
const removeRoute = createRoute({
  ...requires("webhook.delete"),
  operationId: "deleteWebhook",
  method: "delete",
  path: `${path}/{webhookId}`,
  tags,
  summary: "Removes a webhook with its secret and deliveries",
  request: { params: webhookParam, headers: ifMatchHeader },
  responses: {
    204: { description: "Removed" },
    ...problemResponses(...bodilessProblems, ...missing, "version-mismatch"),
  },
});
const rotateRoute = createRoute({
  ...requires("webhook.rotate-secret"),
  operationId: "rotateWebhookSecret",
  method: "post",
  path: `${path}/{webhookId}/secret`,
  tags,
  summary: "Replaces the secret of the signatures; the one before signs beside it for some hours",
  description: "The new secret is in this answer and nowhere else; a repetition makes another one.",
  request: {
    params: webhookParam,
    headers: idempotencyHeader.extend(ifMatchHeader.shape),
    body: { required: true, content: json(secretInput) },
  },
  responses: {
    201: { description: "Replaced", content: json(newWebhookBody) },
    ...problemResponses(...repeatableProblems, ...missing, "version-mismatch"),
  },
});
const testRoute = createRoute({
  ...requires("webhook.test"),
  operationId: "testWebhook",
  method: "post",
  path: `${path}/{webhookId}/test`,
  tags,
  summary: "Sends an event webhook.test, to this webhook alone",
  request: { params: webhookParam, headers: idempotencyHeader },
  responses: {
    202: { description: "On its way: its delivery says how it went", content: json(deliveryBody) },
    ...problemResponses(
      ...bodilessProblems,
      "unsupported-media-type",
      "request-too-large",
      "idempotency-key-reused",
      "idempotency-key-in-use",
      ...missing,
      "webhook-disabled",
    ),
  },
});
const deliveriesRoute = createRoute({
  ...requires("webhook.read"),
  operationId: "listWebhookDeliveries",
  method: "get",
  path: `${path}/{webhookId}/deliveries`,
  tags,
  summary: "What was sent, the newest first",
  request: { params: webhookParam, query: deliveryQuery },
  responses: {
    200: { description: "A page", content: json(deliveryPage) },
    ...problemResponses(...readProblems, ...missing),
  },
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
