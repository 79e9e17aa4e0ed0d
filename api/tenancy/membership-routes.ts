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

const grantRoute = createRoute({
  operationId: "grantMembership",
  ...requires("membership.grant"),
  method: "post",
  path: "/api/v1/structures/{structureId}/memberships",
  tags: ["memberships"],
  summary: "Gives a person a role in the structure",
  request: {
    params: structureParam,
    headers: idempotencyHeader,
    body: { required: true, content: json(membershipInput) },
  },
  responses: {
    201: { description: "Given, or was so already", content: json(membershipBody) },
    ...problemResponses(
      ...repeatableProblems,
      "structure-not-found",
      "structure-suspended",
      "structure-closed",
    ),
  },
});
const listRoute = createRoute({
  operationId: "listMemberships",
  ...requires("membership.read"),
  method: "get",
  path: "/api/v1/structures/{structureId}/memberships",
  tags: ["memberships"],
  summary: "Who has which role in the structure",
  request: { params: structureParam, query: pageQuery },
  responses: {
    200: { description: "A page", content: json(membershipPage) },
    ...problemResponses(...commonProblems, "invalid-request", "forbidden", "structure-not-found"),
  },
});
const revokeRoute = createRoute({
  operationId: "revokeMembership",
  ...requires("membership.revoke"),
  method: "delete",
  path: "/api/v1/structures/{structureId}/memberships/{personId}/{role}",
  tags: ["memberships"],
  summary: "Takes a role away",
  request: { params: membershipParam },
  responses: {
    204: { description: "Taken away" },
    ...problemResponses(
      ...bodilessProblems,
      "structure-not-found",
      "membership-not-found",
      "last-administrator",
    ),
  },
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
