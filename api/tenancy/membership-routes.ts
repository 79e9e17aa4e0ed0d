import type { OpenAPIHono } from "@hono/zod-openapi";
import { inStructure } from "../database/in-tenant.ts";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { answer, operation } from "../http/operation.ts";
import { page, pageQuery, pageRequest } from "../http/paginate.ts";
import { authorise } from "../identity/mod.ts";
import { grantMembership } from "./grant-membership.ts";
import { getStructure, listMemberships } from "./queries.ts";
import { revokeMembership } from "./revoke-membership.ts";
import {
  membershipBody,
  membershipInput,
  membershipPage,
  membershipParam,
  structureParam,
  toMembershipBody,
} from "./schemas.ts";

const grantRoute = operation("membership.grant", {
  operationId: "grantMembership",
  method: "post",
  path: "/api/v1/structures/{structureId}/memberships",
  tags: ["memberships"],
  summary: "Gives a person a role in the structure",
  params: structureParam,
  body: membershipInput,
  responses: { 201: answer("Given, or was so already", membershipBody) },
  problems: ["structure-not-found", "structure-suspended", "structure-closed"],
});
const listRoute = operation("membership.read", {
  operationId: "listMemberships",
  method: "get",
  path: "/api/v1/structures/{structureId}/memberships",
  tags: ["memberships"],
  summary: "Who has which role in the structure",
  params: structureParam,
  query: pageQuery,
  responses: { 200: answer("A page", membershipPage) },
  problems: ["forbidden", "structure-not-found"],
});
const revokeRoute = operation("membership.revoke", {
  operationId: "revokeMembership",
  method: "delete",
  path: "/api/v1/structures/{structureId}/memberships/{personId}/{role}",
  tags: ["memberships"],
  summary: "Takes a role away",
  params: membershipParam,
  responses: { 204: { description: "Taken away" } },
  problems: ["structure-not-found", "membership-not-found", "last-administrator"],
});

export function membershipRoutes(): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(grantRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const membership = await grantMembership(contextOf(c), { structureId, ...c.req.valid("json") });
    return c.json(toMembershipBody(membership), 201);
  });

  routes.openapi(listRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ctx = contextOf(c);
    authorise(ctx, "membership.read", { structureId });
    const request = pageRequest(c.req.valid("query"), 3);
    const rows = await inStructure(ctx, structureId, async (tx) => {
      await getStructure(tx, structureId);
      return await listMemberships(tx, structureId, request);
    });
    return c.json(
      page(rows, request.limit, (row) => [row.family_name, row.person_id, row.role], toMembershipBody),
      200,
    );
  });

  routes.openapi(revokeRoute, async (c) => {
    await revokeMembership(contextOf(c), c.req.valid("param"));
    return c.body(null, 204);
  });

  return routes;
}
