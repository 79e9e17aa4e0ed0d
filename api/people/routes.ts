import type { OpenAPIHono } from "@hono/zod-openapi";
import { inOperator, inStructure } from "../database/in-tenant.ts";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { answer, operation } from "../http/operation.ts";
import { page } from "../http/paginate.ts";
import { authorise } from "../identity/mod.ts";
import { getStructure, structureParam } from "../tenancy/mod.ts";
import { getPersonOfStructure, listPeople, listPeopleOfStructure } from "./queries.ts";
import {
  operatorPeopleQuery,
  peoplePageRequest,
  peopleQuery,
  personBody,
  personPage,
  personParam,
  toPersonBody,
} from "./schemas.ts";
import { searchWords } from "./search-words.ts";

const listPeopleRoute = operation("person.list", {
  operationId: "listPeople",
  method: "get",
  path: "/api/v1/people",
  tags: ["people"],
  summary: "Everybody, for the operator",
  query: operatorPeopleQuery,
  responses: { 200: answer("A page", personPage) },
  problems: ["forbidden"],
});
const listStructurePeopleRoute = operation("person.read", {
  operationId: "listStructurePeople",
  method: "get",
  path: "/api/v1/structures/{structureId}/people",
  tags: ["people"],
  summary: "Whom a structure knows: members, holders and members of its boxes, people invited",
  params: structureParam,
  query: peopleQuery,
  responses: { 200: answer("A page", personPage) },
  problems: ["forbidden", "structure-not-found"],
});
const readPersonRoute = operation("person.read", {
  operationId: "readPerson",
  method: "get",
  path: "/api/v1/structures/{structureId}/people/{personId}",
  tags: ["people"],
  summary: "One person, as the structure knows him",
  params: personParam,
  responses: { 200: answer("The person", personBody) },
  problems: ["forbidden", "structure-not-found", "person-not-found"],
});

export function peopleRoutes(): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(listPeopleRoute, async (c) => {
    const ctx = contextOf(c);
    authorise(ctx, "person.list");
    const { q, status, sort, ...query } = c.req.valid("query");
    const request = peoplePageRequest({ ...query, sort });
    const filter = { words: searchWords(q), status, sort };
    const rows = await inOperator(ctx, (tx) => listPeople(tx, request, filter, ctx.now()));
    return c.json(page(rows, request.limit, (row) => [row.sort_key, row.id], toPersonBody), 200);
  });

  routes.openapi(listStructurePeopleRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ctx = contextOf(c);
    authorise(ctx, "person.read", { structureId });
    const { q, status, role, sort, ...query } = c.req.valid("query");
    const request = peoplePageRequest({ ...query, sort });
    const filter = { words: searchWords(q), status, role, sort };
    const rows = await inStructure(ctx, structureId, async (tx) => {
      await getStructure(tx, structureId);
      return await listPeopleOfStructure(tx, structureId, request, filter, ctx.now());
    });
    return c.json(page(rows, request.limit, (row) => [row.sort_key, row.id], toPersonBody), 200);
  });

  routes.openapi(readPersonRoute, async (c) => {
    const { structureId, personId } = c.req.valid("param");
    const ctx = contextOf(c);
    authorise(ctx, "person.read", { structureId });
    const row = await inStructure(ctx, structureId, async (tx) => {
      await getStructure(tx, structureId);
      return await getPersonOfStructure(tx, structureId, personId, ctx.now());
    });
    return c.json(toPersonBody(row), 200);
  });

  return routes;
}
