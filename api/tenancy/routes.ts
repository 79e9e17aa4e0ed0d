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
} from "../http/openapi.ts";
import type { OpenAPIHono } from "@hono/zod-openapi";
import { inOperator, inPerson, inStructure } from "../database/in-tenant.ts";
import { idempotencyHeader } from "../http/idempotency.ts";
import { page, pageQuery, pageRequest } from "../http/paginate.ts";
import { etag, ifMatchHeader, versionOf } from "../http/version.ts";
import { authorise, may } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { createDomain } from "./create-domain.ts";
import { createStructure } from "./create-structure.ts";
import { getStructure, listDomains, listStructures } from "./queries.ts";
import { resumeStructure } from "./resume-structure.ts";
import {
  domainBody,
  domainInput,
  domainPage,
  structureBody,
  structureInput,
  structurePage,
  structureParam,
  suspensionInput,
  toDomainBody,
  toStructureBody,
} from "./schemas.ts";
import { suspendStructure } from "./suspend-structure.ts";

const structureAnswer = (description: string) => ({
  description,
  headers: { ETag: { schema: { type: "string" as const }, description: "Its version" } },
  content: json(structureBody),
});
const conflicts = ["structure-not-found", "structure-closed", "version-mismatch"] as const;

const createStructureRoute = createRoute({
  operationId: "createStructure",
  method: "post",
  path: "/api/v1/structures",
  tags: ["structures"],
  summary: "Opens a structure",
  request: { headers: idempotencyHeader, body: { required: true, content: json(structureInput) } },
  responses: {
    201: structureAnswer("Opened"),
    ...problemResponses(
      ...repeatableProblems,
      "structure-identifier-taken",
    ),
  },
});
const listStructuresRoute = createRoute({
  operationId: "listStructures",
  method: "get",
  path: "/api/v1/structures",
  tags: ["structures"],
  summary: "Structures by name: all of them for the operator, one's own for everybody else",
  request: { query: pageQuery },
  responses: {
    200: { description: "A page", content: json(structurePage) },
    ...problemResponses(...commonProblems, "invalid-request"),
  },
});
const readStructureRoute = createRoute({
  operationId: "readStructure",
  method: "get",
  path: "/api/v1/structures/{structureId}",
  tags: ["structures"],
  summary: "One structure",
  request: { params: structureParam },
  responses: {
    200: structureAnswer("The structure"),
    ...problemResponses(...commonProblems, "invalid-request", "structure-not-found"),
  },
});
const suspendStructureRoute = createRoute({
  operationId: "suspendStructure",
  method: "post",
  path: "/api/v1/structures/{structureId}/suspension",
  tags: ["structures"],
  summary: "Suspends a structure: its boxes neither sign in, send nor receive; their mail is kept",
  request: {
    params: structureParam,
    headers: idempotencyHeader.extend(ifMatchHeader.shape),
    body: { required: true, content: json(suspensionInput) },
  },
  responses: {
    200: structureAnswer("Suspended, or was so already"),
    ...problemResponses(...repeatableProblems, ...conflicts),
  },
});
const resumeStructureRoute = createRoute({
  operationId: "resumeStructure",
  method: "delete",
  path: "/api/v1/structures/{structureId}/suspension",
  tags: ["structures"],
  summary: "Ends a structure's suspension",
  request: { params: structureParam, headers: ifMatchHeader },
  responses: {
    200: structureAnswer("Active, or was so already"),
    ...problemResponses(
      ...bodilessProblems,
      ...conflicts,
    ),
  },
});
const createDomainRoute = createRoute({
  operationId: "createDomain",
  method: "post",
  path: "/api/v1/structures/{structureId}/domains",
  tags: ["domains"],
  summary: "Gives a structure a mail domain",
  request: {
    params: structureParam,
    headers: idempotencyHeader,
    body: { required: true, content: json(domainInput) },
  },
  responses: {
    201: { description: "Given; the mail server learns it within seconds", content: json(domainBody) },
    ...problemResponses(
      ...repeatableProblems,
      "structure-not-found",
      "structure-suspended",
      "structure-closed",
      "domain-name-taken",
    ),
  },
});
const listDomainsRoute = createRoute({
  operationId: "listDomains",
  method: "get",
  path: "/api/v1/structures/{structureId}/domains",
  tags: ["domains"],
  summary: "The domains of a structure, by name",
  request: { params: structureParam, query: pageQuery },
  responses: {
    200: { description: "A page", content: json(domainPage) },
    ...problemResponses(...commonProblems, "invalid-request", "forbidden", "structure-not-found"),
  },
});

export function tenancyRoutes(): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(createStructureRoute, async (c) => {
    const structure = await createStructure(contextOf(c), c.req.valid("json"));
    c.header("location", `/api/v1/structures/${structure.id}`);
    c.header("etag", etag(structure.version));
    return c.json(toStructureBody(structure), 201);
  });

  routes.openapi(listStructuresRoute, async (c) => {
    const ctx = contextOf(c);
    const request = pageRequest(c.req.valid("query"), 2);
    if (ctx.actor.kind !== "person") throw problem("sign-in-required");
    const { personId, memberships } = ctx.actor;
    // Who has no role of the operator sees the structures he has a role in, under his own scope.
    const rows = may(ctx.actor, "structure.list")
      ? await inOperator(ctx, (tx) => listStructures(tx, request, "all"))
      : await inPerson(
        ctx,
        personId,
        (tx) => listStructures(tx, request, memberships.map((one) => one.structureId)),
      );
    return c.json(page(rows, request.limit, (row) => [row.name, row.id], toStructureBody), 200);
  });

  routes.openapi(readStructureRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ctx = contextOf(c);
    authorise(ctx, "structure.read", { structureId });
    const structure = await inStructure(ctx, structureId, (tx) => getStructure(tx, structureId));
    c.header("etag", etag(structure.version));
    return c.json(toStructureBody(structure), 200);
  });

  routes.openapi(suspendStructureRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    const structure = await suspendStructure(contextOf(c), {
      structureId,
      ifVersion,
      ...c.req.valid("json"),
    });
    c.header("etag", etag(structure.version));
    return c.json(toStructureBody(structure), 200);
  });

  routes.openapi(resumeStructureRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    const structure = await resumeStructure(contextOf(c), { structureId, ifVersion });
    c.header("etag", etag(structure.version));
    return c.json(toStructureBody(structure), 200);
  });

  routes.openapi(createDomainRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    return c.json(
      toDomainBody(await createDomain(contextOf(c), { structureId, ...c.req.valid("json") })),
      201,
    );
  });

  routes.openapi(listDomainsRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ctx = contextOf(c);
    authorise(ctx, "domain.read", { structureId });
    const request = pageRequest(c.req.valid("query"), 1);
    const rows = await inStructure(ctx, structureId, async (tx) => {
      await getStructure(tx, structureId);
      return await listDomains(tx, structureId, request);
    });
    return c.json(page(rows, request.limit, (row) => [row.name], toDomainBody), 200);
  });

  return routes;
}
