import type { OpenAPIHono } from "@hono/zod-openapi";
import { inOperator } from "../database/in-tenant.ts";
import { type ApiEnv, contextOf, createRoutes, z } from "../http/openapi.ts";
import { answer, operation } from "../http/operation.ts";
import { page, pageOf, pageQuery, pageRequest } from "../http/paginate.ts";
import { authorise } from "../identity/mod.ts";
import { personInput } from "../tenancy/mod.ts";
import { listOperatorRoles, type OperatorRoleRow } from "./operator-role-queries.ts";
import { grantOperatorRole, revokeOperatorRole } from "./operator-roles.ts";

const role = z.enum(["operator_administrator", "operator_support", "auditor"]);
const roleBody = z.object({
  personId: z.uuid(),
  idNatPs: z.string().nullable(),
  givenName: z.string(),
  familyName: z.string(),
  role,
  createdAt: z.iso.datetime(),
}).openapi("OperatorRole");

const tags = ["people"];
const listRoute = operation("operator-role.read", {
  operationId: "listOperatorRoles",
  method: "get",
  path: "/api/v1/operator-roles",
  tags,
  summary: "Who works for the operator, by name",
  query: pageQuery.extend({ role: role.optional() }),
  responses: { 200: answer("A page", pageOf(roleBody).openapi("OperatorRolePage")) },
  problems: ["forbidden"],
});
const grantRoute = operation("operator-role.grant", {
  operationId: "grantOperatorRole",
  method: "post",
  path: "/api/v1/operator-roles",
  tags,
  summary: "Gives a person a role over every structure",
  body: z.strictObject({ ...personInput, role }).openapi("NewOperatorRole"),
  responses: { 201: answer("Given, or was so already", roleBody) },
  problems: ["factor-required"],
});
const revokeRoute = operation("operator-role.revoke", {
  operationId: "revokeOperatorRole",
  method: "delete",
  path: "/api/v1/operator-roles/{personId}/{role}",
  tags,
  summary: "Takes a role of the operator away",
  params: z.object({
    personId: z.guid().openapi({ param: { name: "personId", in: "path" }, format: "uuid" }),
    role: role.openapi({ param: { name: "role", in: "path" } }),
  }),
  responses: { 204: { description: "Taken away" } },
  problems: ["person-not-found", "operator-role-not-found", "last-administrator", "factor-required"],
});

export function operatorRoleRoutes(): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(listRoute, async (c) => {
    const ctx = contextOf(c);
    authorise(ctx, "operator-role.read");
    const { role, ...query } = c.req.valid("query");
    const request = pageRequest(query, 3);
    const rows = await inOperator(ctx, (tx) => listOperatorRoles(tx, request, role));
    return c.json(
      page(rows, request.limit, (row) => [row.sort_name, row.person_id, row.role], toRoleBody),
      200,
    );
  });

  routes.openapi(grantRoute, async (c) => {
    return c.json(toRoleBody(await grantOperatorRole(contextOf(c), c.req.valid("json"))), 201);
  });

  routes.openapi(revokeRoute, async (c) => {
    await revokeOperatorRole(contextOf(c), c.req.valid("param"));
    return c.body(null, 204);
  });

  return routes;
}

function toRoleBody(row: OperatorRoleRow): z.infer<typeof roleBody> {
  return {
    personId: row.person_id,
    idNatPs: row.id_nat_ps,
    givenName: row.given_name,
    familyName: row.family_name,
    role: row.role,
    createdAt: row.created_at.toISOString(),
  };
}
