import type { OpenAPIHono } from "@hono/zod-openapi";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { answer, operation } from "../http/operation.ts";
import { endedSessionsBody, type SessionDependencies } from "../identity/mod.ts";
import { endPersonSessions } from "./end-sessions.ts";
import { personParam } from "./schemas.ts";

const endPersonSessionsRoute = operation("person.end-sessions", {
  operationId: "endPersonSessions",
  method: "delete",
  path: "/api/v1/structures/{structureId}/people/{personId}/sessions",
  tags: ["people"],
  summary: "Ends at once all that a person of the structure has open on the platform; he may sign in again",
  params: personParam,
  responses: { 200: answer("How many there were", endedSessionsBody) },
  problems: ["structure-not-found", "person-not-found"],
});

export function personSessionRoutes(sessions: SessionDependencies): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();
  routes.openapi(endPersonSessionsRoute, async (c) => {
    return c.json({ ended: await endPersonSessions(sessions, contextOf(c), c.req.valid("param")) }, 200);
  });
  return routes;
}
