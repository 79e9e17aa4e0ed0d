import type { OpenAPIHono } from "@hono/zod-openapi";
import { inStructure } from "../database/in-tenant.ts";
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
import { page, sortedPageRequest } from "../http/paginate.ts";
import { etag, ifMatchHeader, versionOf } from "../http/version.ts";
import { authorise } from "../identity/mod.ts";
import { closeDomain } from "./close-domain.ts";
import { createDomain } from "./create-domain.ts";
import { getDomain, listDomains } from "./domain-queries.ts";
import { getStructure } from "./queries.ts";
import {
  closingInput,
  domainBody,
  domainInput,
  domainPage,
  domainParam,
  domainQuery,
  structureParam,
  suspensionInput,
  toDomainBody,
} from "./schemas.ts";
import { resumeDomain, suspendDomain } from "./suspend-domain.ts";

const domainAnswer = (description: string) => ({
  description,
  headers: { ETag: { schema: { type: "string" as const }, description: "Its version" } },
  content: json(domainBody),
});
const conflicts = [
  "structure-not-found",
  "structure-closed",
  "domain-not-found",
  "domain-closed",
  "version-mismatch",
] as const;

const createDomainRoute = createRoute({
  operationId: "createDomain",
  ...requires("domain.create"),
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
    201: domainAnswer("Given; the mail server learns it within seconds"),
    ...problemResponses(
      ...repeatableProblems,
      "structure-not-found",
      "structure-suspended",
      "structure-closed",
      "domain-name-taken",
      "domain-outside-reseller",
    ),
  },
});
const listDomainsRoute = createRoute({
  operationId: "listDomains",
  ...requires("domain.read"),
  method: "get",
  path: "/api/v1/structures/{structureId}/domains",
  tags: ["domains"],
  summary: "The domains of a structure, by name",
  request: { params: structureParam, query: domainQuery },
  responses: {
    200: { description: "A page", content: json(domainPage) },
    ...problemResponses(...commonProblems, "invalid-request", "forbidden", "structure-not-found"),
  },
});
const readDomainRoute = createRoute({
  operationId: "readDomain",
  ...requires("domain.read"),
  method: "get",
  path: "/api/v1/structures/{structureId}/domains/{domainId}",
  tags: ["domains"],
  summary: "One domain",
  request: { params: domainParam },
  responses: {
    200: domainAnswer("The domain"),
    ...problemResponses(
      ...commonProblems,
      "invalid-request",
      "forbidden",
      "structure-not-found",
      "domain-not-found",
    ),
  },
});
const suspendDomainRoute = createRoute({
  operationId: "suspendDomain",
  ...requires("domain.suspend"),
  method: "post",
  path: "/api/v1/structures/{structureId}/domains/{domainId}/suspension",
  tags: ["domains"],
  summary: "Suspends a domain: its boxes neither sign in, send nor receive; their mail is kept",
  request: {
    params: domainParam,
    headers: idempotencyHeader.extend(ifMatchHeader.shape),
    body: { required: true, content: json(suspensionInput) },
  },
  responses: {
    200: domainAnswer("Suspended, or was so already"),
    ...problemResponses(...repeatableProblems, ...conflicts),
  },
});
const resumeDomainRoute = createRoute({
  operationId: "resumeDomain",
  ...requires("domain.resume"),
  method: "delete",
  path: "/api/v1/structures/{structureId}/domains/{domainId}/suspension",
  tags: ["domains"],
  summary: "Ends a domain's suspension",
  request: { params: domainParam, headers: ifMatchHeader },
  responses: {
    200: domainAnswer("Active, or was so already"),
    ...problemResponses(...bodilessProblems, ...conflicts),
  },
});
const closeDomainRoute = createRoute({
  operationId: "closeDomain",
  ...requires("domain.close"),
  method: "post",
  path: "/api/v1/structures/{structureId}/domains/{domainId}/closing",
  tags: ["domains"],
  summary: "Closes a domain for good; its boxes are closed or moved before",
  request: {
    params: domainParam,
    headers: idempotencyHeader.extend(ifMatchHeader.shape),
    body: { required: true, content: json(closingInput) },
  },
  responses: {
    200: domainAnswer("Closed, or was so already"),
    ...problemResponses(
      ...repeatableProblems,
      "structure-not-found",
      "domain-not-found",
      "domain-has-open-mailboxes",
      "version-mismatch",
    ),
  },
});

export function domainRoutes(): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(createDomainRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const domain = await createDomain(contextOf(c), { structureId, ...c.req.valid("json") });
    c.header("location", `/api/v1/structures/${structureId}/domains/${domain.id}`);
    c.header("etag", etag(domain.version));
    return c.json(toDomainBody(domain), 201);
  });

  routes.openapi(listDomainsRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const query = c.req.valid("query");
    const ctx = contextOf(c);
    authorise(ctx, "domain.read", { structureId });
    const request = sortedPageRequest(query);
    const filter = { ...query, isDescending: query.sort === "-name" };
    const rows = await inStructure(ctx, structureId, async (tx) => {
      await getStructure(tx, structureId);
      return await listDomains(tx, structureId, request, filter);
    });
    return c.json(page(rows, request.limit, (row) => [query.sort, row.name, row.id], toDomainBody), 200);
  });

  routes.openapi(readDomainRoute, async (c) => {
    const { structureId, domainId } = c.req.valid("param");
    const ctx = contextOf(c);
    authorise(ctx, "domain.read", { structureId });
    const domain = await inStructure(ctx, structureId, async (tx) => {
      await getStructure(tx, structureId);
      return await getDomain(tx, structureId, domainId);
    });
    c.header("etag", etag(domain.version));
    return c.json(toDomainBody(domain), 200);
  });

  routes.openapi(suspendDomainRoute, async (c) => {
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    const input = { ...c.req.valid("param"), ifVersion, ...c.req.valid("json") };
    const domain = await suspendDomain(contextOf(c), input);
    c.header("etag", etag(domain.version));
    return c.json(toDomainBody(domain), 200);
  });

  routes.openapi(resumeDomainRoute, async (c) => {
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    const domain = await resumeDomain(contextOf(c), { ...c.req.valid("param"), ifVersion });
    c.header("etag", etag(domain.version));
    return c.json(toDomainBody(domain), 200);
  });

  routes.openapi(closeDomainRoute, async (c) => {
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    const input = { ...c.req.valid("param"), ifVersion, ...c.req.valid("json") };
    const domain = await closeDomain(contextOf(c), input);
    c.header("etag", etag(domain.version));
    return c.json(toDomainBody(domain), 200);
  });

  return routes;
}
