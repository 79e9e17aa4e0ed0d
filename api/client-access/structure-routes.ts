/** The app passwords of a whole structure: seen in one list, and ended together. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { answer, operation } from "../http/operation.ts";
import { page } from "../http/paginate.ts";
import { searchWords } from "../people/mod.ts";
import { structureParam } from "../tenancy/mod.ts";
import {
  appPasswordPageRequest,
  revocationBody,
  revocationInput,
  structureAppPasswordPage,
  structureAppPasswordQuery,
  toAppPasswordBody,
} from "./schemas.ts";
import { readStructureAppPasswords, revokeAppPasswords } from "./structure-app-passwords.ts";

const path = "/api/v1/structures/{structureId}/app-passwords";
const tags = ["structures"];

const listRoute = operation("app-password.read", {
  operationId: "listStructureAppPasswords",
  method: "get",
  path,
  tags,
  summary: "The app passwords of all mailboxes of a structure",
  params: structureParam,
  query: structureAppPasswordQuery,
  responses: { 200: answer("A page, without those revoked", structureAppPasswordPage) },
  problems: ["forbidden", "structure-not-found"],
});
const revokeRoute = operation("app-password.revoke-many", {
  operationId: "revokeAppPasswords",
  method: "post",
  path: `${path}/revocation`,
  tags,
  summary: "Ends several app passwords for good, or all of the structure, and what is connected with them",
  params: structureParam,
  body: revocationInput,
  responses: { 200: answer("Revoked, or were so already", revocationBody) },
  problems: ["structure-not-found"],
});

export function structureAppPasswordRoutes(): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(listRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const query = c.req.valid("query");
    const ctx = contextOf(c);
    const request = appPasswordPageRequest(query);
    const filter = { words: searchWords(query.q), status: query.status, sort: query.sort };
    const { rows, total } = await readStructureAppPasswords(ctx, { structureId, page: request, filter });
    const body = page(
      rows,
      request.limit,
      (row) => [query.sort, row.sort_key, row.id],
      (row) => ({ ...toAppPasswordBody(row, ctx.now()), address: row.address }),
    );
    return c.json({ ...body, total }, 200);
  });

  routes.openapi(revokeRoute, async (c) => {
    const { appPasswordIds, filter = {} } = c.req.valid("json");
    const which = appPasswordIds ?? { words: searchWords(filter.q), status: filter.status };
    const count = await revokeAppPasswords(contextOf(c), { ...c.req.valid("param"), which });
    return c.json({ count }, 200);
  });

  return routes;
}
