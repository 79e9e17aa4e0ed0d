/** Clients of the authorisation server, for the operator; and the programs of a person, for himself. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context as HonoContext } from "hono";
import { inOperator } from "../database/in-tenant.ts";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { answer, operation, versionedAnswer } from "../http/operation.ts";
import { page, pageRequest } from "../http/paginate.ts";
import { etag, versionOf } from "../http/version.ts";
import { authorise } from "../identity/mod.ts";
import { type ClientRow, countUse, getClient, listClients } from "./client-queries.ts";
import {
  certificateInput,
  clientBody,
  clientChange,
  clientInput,
  clientPage,
  clientParam,
  clientQuery,
  clientWithUse,
  programList,
  programParam,
  suspensionInput,
  toClientBody,
  toClientWithUse,
  toProgramList,
} from "./client-schemas.ts";
import { certifyClient, changeClient, createClient, setClientStatus } from "./clients.ts";
import type { Oauth } from "./oauth.ts";
import { readOwnPrograms, revokeOwnProgram } from "./programs.ts";

const tags = ["programs"];
const path = "/api/v1/oauth-clients";
const one = { path: `${path}/{oauthClientId}`, tags, params: clientParam } as const;
const changed = (description: string) => ({ 200: versionedAnswer(description, clientBody) });

const listRoute = operation("oauth-client.list", {
  operationId: "listOauthClients",
  method: "get",
  path,
  tags,
  summary: "Programs and software that may ask for tokens, by their identifiers",
  query: clientQuery,
  responses: { 200: answer("A page", clientPage) },
  problems: ["forbidden"],
});
const readRoute = operation("oauth-client.read", {
  operationId: "readOauthClient",
  method: "get",
  ...one,
  summary: "One of them, with what would end with it",
  responses: { 200: versionedAnswer("The client", clientWithUse) },
  problems: ["oauth-client-not-found"],
});
const createClientRoute = operation("oauth-client.create", {
  operationId: "createOauthClient",
  method: "post",
  path,
  tags,
  summary: "Registers a program of people's own machines, or the software of a structure by its certificate",
  body: clientInput,
  responses: { 201: versionedAnswer("Registered", clientBody) },
  problems: ["factor-required", "oauth-client-taken"],
});
const changeRoute = operation("oauth-client.change", {
  operationId: "changeOauthClient",
  method: "patch",
  ...one,
  summary: "Changes its name, or where a program may be answered",
  body: clientChange,
  isVersioned: true,
  responses: changed("As it is now"),
  problems: ["factor-required", "oauth-client-not-found", "oauth-client-withdrawn"],
});
const certifyRoute = operation("oauth-client.certify", {
  operationId: "certifyOauthClient",
  method: "put",
  ...one,
  path: `${path}/{oauthClientId}/certificate`,
  summary: "Gives a software another certificate; with other names than before, what it was given ends",
  body: certificateInput,
  isVersioned: true,
  responses: changed("Known by it from now on"),
  problems: ["factor-required", "oauth-client-not-found", "oauth-client-withdrawn", "oauth-client-taken"],
});
const suspendRoute = operation("oauth-client.suspend", {
  operationId: "suspendOauthClient",
  method: "post",
  ...one,
  path: `${path}/{oauthClientId}/suspension`,
  summary: "Ends at once all that a client was given, and gives it nothing until it is resumed",
  body: suspensionInput,
  isVersioned: true,
  responses: changed("Suspended, or was so already"),
  problems: ["oauth-client-not-found", "oauth-client-withdrawn"],
});
const resumeRoute = operation("oauth-client.resume", {
  operationId: "resumeOauthClient",
  method: "delete",
  ...one,
  path: `${path}/{oauthClientId}/suspension`,
  summary: "Ends a client's suspension; what ended with it does not come back",
  isVersioned: true,
  responses: changed("Active, or was so already"),
  problems: ["oauth-client-not-found", "oauth-client-withdrawn"],
});
const withdrawRoute = operation("oauth-client.withdraw", {
  operationId: "withdrawOauthClient",
  method: "delete",
  ...one,
  summary: "Ends a client for good, and at once all that it was given",
  isVersioned: true,
  responses: changed("Withdrawn, or was so already"),
  problems: ["oauth-client-not-found"],
});
const listProgramsRoute = operation("everybody", {
  operationId: "listOwnPrograms",
  method: "get",
  path: "/api/v1/programs",
  tags,
  summary: "Programs that may open the boxes of the person who asks, in his name",
  responses: { 200: answer("All of them, the newest first", programList) },
  problems: ["forbidden"],
});
const revokeProgramRoute = operation("everybody", {
  operationId: "revokeOwnProgram",
  method: "delete",
  path: "/api/v1/programs/{programId}",
  tags,
  summary: "Takes that right away at once, with all that the program holds open",
  params: programParam,
  responses: { 204: { description: "Taken away" } },
  problems: ["program-not-found"],
});

export function oauthRoutes(oauth: Oauth): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();
  routes.openapi(listRoute, async (c) => {
    const ctx = contextOf(c);
    authorise(ctx, "oauth-client.list");
    const query = c.req.valid("query");
    const request = pageRequest(query, 1);
    const rows = await inOperator(ctx, (tx) => listClients(tx, request, query));
    return c.json(page(rows, request.limit, (row) => [row.client_id], toClientBody), 200);
  });
  routes.openapi(readRoute, async (c) => {
    const ctx = contextOf(c);
    authorise(ctx, "oauth-client.read");
    const { oauthClientId } = c.req.valid("param");
    const { client, use } = await inOperator(ctx, async (tx) => ({
      client: await getClient(tx, oauthClientId),
      use: await countUse(tx, oauthClientId, ctx.now()),
    }));
    c.header("etag", etag(client.version));
    return c.json(toClientWithUse(client, use), 200);
  });
  routes.openapi(createClientRoute, async (c) => {
    const client = await createClient(contextOf(c), c.req.valid("json"));
    c.header("etag", etag(client.version));
    return c.json(toClientBody(client), 201);
  });
  routes.openapi(changeRoute, async (c) => {
    const aim = { id: c.req.valid("param").oauthClientId, ifVersion: seenIn(c.req.valid("header")) };
    return c.json(shown(c, await changeClient(contextOf(c), { ...aim, ...c.req.valid("json") })), 200);
  });
  routes.openapi(certifyRoute, async (c) => {
    const aim = { id: c.req.valid("param").oauthClientId, ifVersion: seenIn(c.req.valid("header")) };
    return c.json(
      shown(c, await certifyClient(oauth, contextOf(c), { ...aim, ...c.req.valid("json") })),
      200,
    );
  });
  routes.openapi(suspendRoute, async (c) => {
    const aim = { id: c.req.valid("param").oauthClientId, ifVersion: seenIn(c.req.valid("header")) };
    const { reason } = c.req.valid("json");
    const client = await setClientStatus(oauth, contextOf(c), { ...aim, status: "suspended", reason });
    return c.json(shown(c, client), 200);
  });
  routes.openapi(resumeRoute, async (c) => {
    const aim = { id: c.req.valid("param").oauthClientId, ifVersion: seenIn(c.req.valid("header")) };
    return c.json(shown(c, await setClientStatus(oauth, contextOf(c), { ...aim, status: "active" })), 200);
  });
  routes.openapi(withdrawRoute, async (c) => {
    const aim = { id: c.req.valid("param").oauthClientId, ifVersion: seenIn(c.req.valid("header")) };
    return c.json(shown(c, await setClientStatus(oauth, contextOf(c), { ...aim, status: "withdrawn" })), 200);
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

function seenIn(headers: { readonly "if-match"?: string | undefined }): number | undefined {
  return versionOf(headers["if-match"]);
}

function shown(c: HonoContext<ApiEnv>, client: ClientRow) {
  c.header("etag", etag(client.version));
  return toClientBody(client);
}
