import type { AppDeps } from "../context.ts";
import {
  commonProblems,
  contextOf,
  createRoute,
  createRoutes,
  json,
  problemResponses,
  requires,
} from "../http/openapi.ts";
import { structureParam } from "../tenancy/mod.ts";
import { readPlatformDashboard, readStructureDashboard } from "./read.ts";
import { dashboardBody, toDashboardBody } from "./schemas.ts";
import { createServiceWatch } from "./services.ts";

const platformRoute = createRoute({
  operationId: "readDashboard",
  method: "get",
  path: "/api/v1/dashboard",
  tags: ["dashboard"],
  summary: "What is wrong and what must be done, over all structures",
  ...requires("dashboard.read-platform"),
  responses: {
    200: { description: "As of now", content: json(dashboardBody) },
    ...problemResponses(...commonProblems, "forbidden"),
  },
});

const structureRoute = createRoute({
  operationId: "readStructureDashboard",
  method: "get",
  path: "/api/v1/structures/{structureId}/dashboard",
  tags: ["dashboard"],
  summary: "What is wrong and what must be done in one structure",
  ...requires("dashboard.read"),
  request: { params: structureParam },
  responses: {
    200: { description: "As of now", content: json(dashboardBody) },
    ...problemResponses(...commonProblems, "forbidden", "invalid-request", "structure-not-found"),
  },
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
