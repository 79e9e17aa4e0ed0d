/** Clients of the authorisation server, for the operator; and the programs of a person, for himself. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { inOperator } from "../database/in-tenant.ts";
import { idempotencyHeader } from "../http/idempotency.ts";
import {
  type ApiEnv,
  bodilessProblems,
  commonProblems,
  contextOf,
  createRoute,
  createRoutes,
  json,
  problemResponses,
  repeatableProblems,
  requires,
} from "../http/openapi.ts";
import { page, pageQuery, pageRequest } from "../http/paginate.ts";
import { authorise } from "../identity/mod.ts";
import { listClients } from "./client-queries.ts";
import {
  clientBody,
  clientInput,
  clientPage,
  clientParam,
  programList,
  programParam,
  toClientBody,
  toProgramList,
} from "./client-schemas.ts";
import { createClient, withdrawClient } from "./clients.ts";
import { readOwnPrograms, revokeOwnProgram } from "./grants.ts";
import type { Oauth } from "./oauth.ts";

const tags = ["programs"];
const path = "/api/v1/oauth-clients";

const listRoute = createRoute({
  ...requires("oauth-client.read"),
  operationId: "listOauthClients",
  method: "get",
  path,
  tags,
  summary: "Programs and software that may ask for tokens, by their names",
  request: { query: pageQuery },
  responses: {
    200: { description: "A page", content: json(clientPage) },
    ...problemResponses(...commonProblems, "invalid-request", "forbidden"),
  },
});
const createClientRoute = createRoute({
  ...requires("oauth-client.create"),
  operationId: "createOauthClient",
  method: "post",
  path,
  tags,
  summary: "Registers a program of people's own machines, or the software of a structure by its certificate",
  request: { headers: idempotencyHeader, body: { required: true, content: json(clientInput) } },
  responses: {
    201: { description: "Registered", content: json(clientBody) },
    ...problemResponses(...repeatableProblems, "oauth-client-taken"),
  },
});
const withdrawRoute = createRoute({
  ...requires("oauth-client.withdraw"),
  operationId: "withdrawOauthClient",
  method: "delete",
  path: `${path}/{oauthClientId}`,
  tags,
  summary: "Ends a client for good, and at once all that it was given",
  request: { params: clientParam },
  responses: {
    200: { description: "Withdrawn", content: json(clientBody) },
    ...problemResponses(...bodilessProblems, "oauth-client-not-found"),
  },
});
const listProgramsRoute = createRoute({
  ...requires("everybody"),
  operationId: "listOwnPrograms",
  method: "get",
  path: "/api/v1/programs",
  tags,
  summary: "Programs that may open the boxes of the person who asks, in his name",
  responses: {
    200: { description: "All of them, the newest first", content: json(programList) },
    ...problemResponses(...commonProblems, "forbidden"),
  },
});
const revokeProgramRoute = createRoute({
  ...requires("everybody"),
  operationId: "revokeOwnProgram",
  method: "delete",
  path: "/api/v1/programs/{programId}",
  tags,
  summary: "Takes that right away at once",
  request: { params: programParam },
  responses: {
    204: { description: "Taken away" },
    ...problemResponses(...bodilessProblems, "program-not-found"),
  },
});

export function oauthRoutes(oauth: Oauth): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();
  routes.openapi(listRoute, async (c) => {
    const ctx = contextOf(c);
    authorise(ctx, "oauth-client.read");
    const request = pageRequest(c.req.valid("query"), 1);
    const rows = await inOperator(ctx, (tx) => listClients(tx, request));
    return c.json(page(rows, request.limit, (row) => [row.client_id], toClientBody), 200);
  });
  routes.openapi(createClientRoute, async (c) => {
    return c.json(toClientBody(await createClient(contextOf(c), c.req.valid("json"))), 201);
  });
  routes.openapi(withdrawRoute, async (c) => {
    const { oauthClientId } = c.req.valid("param");
    return c.json(toClientBody(await withdrawClient(oauth, contextOf(c), oauthClientId)), 200);
  });
  routes.openapi(listProgramsRoute, async (c) => {
    return c.json(toProgramList(await readOwnPrograms(oauth, contextOf(c))), 200);
  });
  routes.openapi(revokeProgramRoute, async (c) => {
    await revokeOwnProgram(oauth, contextOf(c), c.req.valid("param").programId);
    return c.body(null, 204);
  });
  return routes;
}
