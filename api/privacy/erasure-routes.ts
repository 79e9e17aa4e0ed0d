/** Erasure of a person: planned by the operator, watched, given up. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { inOperator } from "../database/in-tenant.ts";
import { type ApiEnv, contextOf, createRoutes, json } from "../http/openapi.ts";
import { answer, operation } from "../http/operation.ts";
import { page, pageQuery, pageRequest } from "../http/paginate.ts";
import { versionOf } from "../http/version.ts";
import { authorise, requirePerson } from "../identity/mod.ts";
import type { RetentionDays } from "./erasure-plan.ts";
import { getErasure, listErasures, listErasureSteps } from "./erasure-queries.ts";
import { cancelErasure, planErasure, previewErasure } from "./plan-erasure.ts";
import {
  erasureInput,
  erasurePage,
  erasureParam,
  erasurePlanBody,
  erasurePreviewBody,
  erasurePreviewQuery,
  toErasureBody,
  toErasurePlanBody,
  toErasurePreviewBody,
} from "./schemas.ts";

const tags = ["privacy"];

const planRoute = operation("erasure.plan", {
  operationId: "planErasure",
  method: "post",
  path: "/api/v1/privacy/erasures",
  tags,
  summary: "Plans the erasure of a person: what goes when, what is kept and by which law",
  body: { content: json(erasureInput), required: true },
  responses: { 201: answer("The plan", erasurePlanBody) },
  problems: ["person-not-found", "last-administrator", "erasure-open"],
});
const previewRoute = operation("erasure.plan", {
  operationId: "previewErasure",
  method: "get",
  path: "/api/v1/privacy/erasure-preview",
  tags,
  summary: "What a plan made now would say: nothing is written",
  query: erasurePreviewQuery,
  responses: { 200: answer("What would go when, and what would stay", erasurePreviewBody) },
  problems: ["forbidden", "person-not-found"],
});
const listRoute = operation("erasure.list", {
  operationId: "listErasures",
  method: "get",
  path: "/api/v1/privacy/erasures",
  tags,
  summary: "Plans, newest first",
  query: pageQuery,
  responses: { 200: answer("A page", erasurePage) },
  problems: ["forbidden"],
});
const readRoute = operation("erasure.read", {
  operationId: "readErasure",
  method: "get",
  path: "/api/v1/privacy/erasures/{erasureId}",
  tags,
  summary: "A plan with its steps",
  params: erasureParam,
  responses: { 200: answer("The plan", erasurePlanBody) },
  problems: ["erasure-not-found"],
});
const cancelRoute = operation("erasure.cancel", {
  operationId: "cancelErasure",
  method: "delete",
  path: "/api/v1/privacy/erasures/{erasureId}",
  tags,
  summary: "Gives a plan up, as long as nothing was erased",
  params: erasureParam,
  isVersioned: true,
  responses: { 204: { description: "Given up, or was so already" } },
  problems: ["erasure-not-found", "erasure-ended"],
});

export function erasureRoutes(days: RetentionDays): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(planRoute, async (c) => {
    const ctx = contextOf(c);
    const { erasure, steps } = await planErasure(ctx, requirePerson(ctx), c.req.valid("json"), days);
    return c.json(toErasurePlanBody(erasure, steps), 201);
  });

  routes.openapi(previewRoute, async (c) => {
    const preview = await previewErasure(contextOf(c), c.req.valid("query").personId, days);
    return c.json(toErasurePreviewBody(preview), 200);
  });

  routes.openapi(listRoute, async (c) => {
    const ctx = contextOf(c);
    authorise(ctx, "erasure.list");
    const request = pageRequest(c.req.valid("query"), 2);
    const rows = await inOperator(ctx, (tx) => listErasures(tx, request));
    const key = (row: (typeof rows)[number]) => [row.created_at.toISOString(), row.id];
    return c.json(page(rows, request.limit, key, toErasureBody), 200);
  });

  routes.openapi(readRoute, async (c) => {
    const ctx = contextOf(c);
    authorise(ctx, "erasure.read");
    const { erasureId } = c.req.valid("param");
    const body = await inOperator(
      ctx,
      async (tx) => toErasurePlanBody(await getErasure(tx, erasureId), await listErasureSteps(tx, erasureId)),
    );
    return c.json(body, 200);
  });

  routes.openapi(cancelRoute, async (c) => {
    const { erasureId } = c.req.valid("param");
    await cancelErasure(contextOf(c), { erasureId, ifVersion: versionOf(c.req.valid("header")["if-match"]) });
    return c.body(null, 204);
  });

  return routes;
}
