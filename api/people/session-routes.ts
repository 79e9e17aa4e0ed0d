import type { OpenAPIHono } from "@hono/zod-openapi";
import {
  type ApiEnv,
  bodilessProblems,
  contextOf,
  createRoute,
  createRoutes,
  json,
  problemResponses,
  requires,
} from "../http/openapi.ts";
import { endedSessionsBody, type SessionDependencies } from "../identity/mod.ts";
import { endPersonSessions } from "./end-sessions.ts";
import { personParam } from "./schemas.ts";

const endPersonSessionsRoute = createRoute({
  ...requires("person.end-sessions"),
  operationId: "endPersonSessions",
  method: "delete",
  path: "/api/v1/structures/{structureId}/people/{personId}/sessions",
  tags: ["people"],
  summary: "Ends at once all that a person of the structure has open on the platform; he may sign in again",
  request: { params: personParam },
  responses: {
    200: { description: "How many there were", content: json(endedSessionsBody) },
    ...problemResponses(...bodilessProblems, "structure-not-found", "person-not-found"),
  },
});

export function personSessionRoutes(sessions: SessionDependencies): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();
  routes.openapi(endPersonSessionsRoute, async (c) => {
    return c.json({ ended: await endPersonSessions(sessions, contextOf(c), c.req.valid("param")) }, 200);
  });
  return routes;
}
