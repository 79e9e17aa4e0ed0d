import type { AppDeps } from "../context.ts";
import { contextOf, createRoutes } from "../http/openapi.ts";
import { answer, operation } from "../http/operation.ts";
import { structureParam } from "../tenancy/mod.ts";
import { readPlatformDashboard, readStructureDashboard } from "./read.ts";
import { dashboardBody, toDashboardBody } from "./schemas.ts";
import { createServiceWatch } from "./services.ts";

const tags = ["dashboard"];
const responses = { 200: answer("As of now", dashboardBody) };

const platformRoute = operation("dashboard.read-platform", {
  operationId: "readDashboard",
  method: "get",
  path: "/api/v1/dashboard",
  tags,
  summary: "What is wrong and what must be done, over all structures",
  responses,
  problems: ["forbidden"],
});

const structureRoute = operation("dashboard.read", {
  operationId: "readStructureDashboard",
  method: "get",
  path: "/api/v1/structures/{structureId}/dashboard",
  tags,
  summary: "What is wrong and what must be done in one structure",
  params: structureParam,
  responses,
  problems: ["forbidden", "structure-not-found"],
});

export function dashboardRoutes(deps: AppDeps) {
  const routes = createRoutes();
  const services = createServiceWatch(deps);
  const { inactivity, guard } = deps.config;
  const settings = { noticeAfterDays: inactivity.noticeAfterDays, attackQuietSeconds: guard.quietSeconds };

  routes.openapi(platformRoute, async (c) => {
    const dashboard = await readPlatformDashboard(contextOf(c), await services(), settings);
    return c.json(toDashboardBody(dashboard), 200);
  });

  routes.openapi(structureRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ctx = contextOf(c);
    const dashboard = await readStructureDashboard(ctx, structureId, await services(), settings);
    return c.json(toDashboardBody(dashboard), 200);
  });

  return routes;
}
