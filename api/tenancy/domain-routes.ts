import type { OpenAPIHono } from "@hono/zod-openapi";
import { inStructure } from "../database/in-tenant.ts";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { answer, operation, versionedAnswer } from "../http/operation.ts";
import { page, sortedPageRequest } from "../http/paginate.ts";
import { etag, versionOf } from "../http/version.ts";
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

const conflicts = [
  "structure-not-found",
  "structure-closed",
  "domain-not-found",
  "domain-closed",
] as const;

const createDomainRoute = operation("domain.create", {
  operationId: "createDomain",
  method: "post",
  path: "/api/v1/structures/{structureId}/domains",
  tags: ["domains"],
  summary: "Gives a structure a mail domain",
  params: structureParam,
  body: domainInput,
  responses: { 201: versionedAnswer("Given; the mail server learns it within seconds", domainBody) },
  problems: [
    "structure-not-found",
    "structure-suspended",
    "structure-closed",
    "domain-name-taken",
    "domain-outside-reseller",
  ],
});
const listDomainsRoute = operation("domain.read", {
  operationId: "listDomains",
  method: "get",
  path: "/api/v1/structures/{structureId}/domains",
  tags: ["domains"],
  summary: "The domains of a structure, by name",
  params: structureParam,
  query: domainQuery,
  responses: { 200: answer("A page", domainPage) },
  problems: ["forbidden", "structure-not-found"],
});
const readDomainRoute = operation("domain.read", {
  operationId: "readDomain",
  method: "get",
  path: "/api/v1/structures/{structureId}/domains/{domainId}",
  tags: ["domains"],
  summary: "One domain",
  params: domainParam,
  responses: { 200: versionedAnswer("The domain", domainBody) },
  problems: ["forbidden", "structure-not-found", "domain-not-found"],
});
const suspendDomainRoute = operation("domain.suspend", {
  operationId: "suspendDomain",
  method: "post",
  path: "/api/v1/structures/{structureId}/domains/{domainId}/suspension",
  tags: ["domains"],
  summary: "Suspends a domain: its boxes neither sign in, send nor receive; their mail is kept",
  params: domainParam,
  body: suspensionInput,
  isVersioned: true,
  responses: { 200: versionedAnswer("Suspended, or was so already", domainBody) },
  problems: conflicts,
});
const resumeDomainRoute = operation("domain.resume", {
  operationId: "resumeDomain",
  method: "delete",
  path: "/api/v1/structures/{structureId}/domains/{domainId}/suspension",
  tags: ["domains"],
  summary: "Ends a domain's suspension",
  params: domainParam,
  isVersioned: true,
  responses: { 200: versionedAnswer("Active, or was so already", domainBody) },
  problems: conflicts,
});
const closeDomainRoute = operation("domain.close", {
  operationId: "closeDomain",
  method: "post",
  path: "/api/v1/structures/{structureId}/domains/{domainId}/closing",
  tags: ["domains"],
  summary: "Closes a domain for good; its boxes are closed or moved before",
  params: domainParam,
  body: closingInput,
  isVersioned: true,
  responses: { 200: versionedAnswer("Closed, or was so already", domainBody) },
  problems: ["structure-not-found", "domain-not-found", "domain-has-open-mailboxes"],
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
