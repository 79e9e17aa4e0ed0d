import type { OpenAPIHono } from "@hono/zod-openapi";
import { inOperator, inStructure } from "../database/in-tenant.ts";
import {
  type ApiEnv,
  commonProblems,
  contextOf,
  createRoute,
  createRoutes,
  json,
  problemResponses,
  requires,
} from "../http/openapi.ts";
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

const listPeopleRoute = createRoute({
  ...requires("person.list"),
  operationId: "listPeople",
  method: "get",
  path: "/api/v1/people",
  tags: ["people"],
  summary: "Everybody, for the operator",
  request: { query: operatorPeopleQuery },
  responses: {
    200: { description: "A page", content: json(personPage) },
    ...problemResponses(...commonProblems, "invalid-request", "forbidden"),
  },
});
const listStructurePeopleRoute = createRoute({
  ...requires("person.read"),
  operationId: "listStructurePeople",
  method: "get",
  path: "/api/v1/structures/{structureId}/people",
  tags: ["people"],
  summary: "Whom a structure knows: members, holders and members of its boxes, people invited",
  request: { params: structureParam, query: peopleQuery },
  responses: {
    200: { description: "A page", content: json(personPage) },
    ...problemResponses(...commonProblems, "invalid-request", "forbidden", "structure-not-found"),
  },
});
const readPersonRoute = createRoute({
  ...requires("person.read"),
  operationId: "readPerson",
  method: "get",
  path: "/api/v1/structures/{structureId}/people/{personId}",
  tags: ["people"],
  summary: "One person, as the structure knows him",
  request: { params: personParam },
  responses: {
    200: { description: "The person", content: json(personBody) },
    ...problemResponses(
      ...commonProblems,
      "invalid-request",
      "forbidden",
      "structure-not-found",
      "person-not-found",
    ),
  },
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
