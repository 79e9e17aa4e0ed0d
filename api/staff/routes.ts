import type { OpenAPIHono } from "@hono/zod-openapi";
import { inOperator } from "../database/in-tenant.ts";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { answer, operation } from "../http/operation.ts";
import { page, pageQuery, pageRequest } from "../http/paginate.ts";
import { authorise, forgetSessions } from "../identity/mod.ts";
import { changeStaffRoles, closeStaff, type Invited, inviteStaff, resetStaff } from "./administer.ts";
import { listAccounts } from "./queries.ts";
import {
  invitedBody,
  resetInput,
  rolesInput,
  staffBody,
  staffInput,
  staffPage,
  staffParam,
  toStaffBody,
} from "./schemas.ts";
import { enrolmentUrl, type Staff } from "./staff.ts";

const tags = ["staff"];
const path = "/api/v1/staff";

const listRoute = operation("staff.read", {
  operationId: "listStaff",
  method: "get",
  path,
  tags,
  summary: "Accounts of the operator's staff, by login",
  query: pageQuery,
  responses: { 200: answer("A page", staffPage) },
  problems: ["forbidden"],
});
const createStaffRoute = operation("staff.create", {
  operationId: "createStaff",
  method: "post",
  path,
  tags,
  summary: "Makes an account with its roles, and the link that sets it up, shown this once",
  body: staffInput,
  responses: { 201: answer("Made", invitedBody) },
  problems: ["staff-login-taken", "factor-required"],
});
const resetRoute = operation("staff.reset", {
  operationId: "resetStaff",
  method: "post",
  path: `${path}/{personId}/reset`,
  tags,
  summary:
    "After a factor was lost: all factors of the account are void, its sessions end, a new link is given",
  params: staffParam,
  body: resetInput,
  responses: { 200: answer("Reset", invitedBody) },
  problems: [
    "person-not-found",
    "staff-own-account",
    "staff-account-closed",
    "last-administrator",
    "factor-required",
  ],
});
const rolesRoute = operation("staff.change-roles", {
  operationId: "changeStaffRoles",
  method: "put",
  path: `${path}/{personId}/roles`,
  tags,
  summary: "Gives an account these roles in the place of those it had; in force at its next request",
  params: staffParam,
  body: rolesInput,
  responses: { 200: answer("Changed, or was so already", staffBody) },
  problems: ["person-not-found", "staff-account-closed", "last-administrator", "factor-required"],
});
const closeRoute = operation("staff.close", {
  operationId: "closeStaff",
  method: "delete",
  path: `${path}/{personId}`,
  tags,
  summary: "Closes an account for good: its factors, roles and sessions end",
  params: staffParam,
  responses: { 204: { description: "Closed, or was so already" } },
  problems: ["person-not-found", "staff-own-account", "last-administrator", "factor-required"],
});

/** Administration of the accounts; the pages by which their people come in are in sign-in-routes.ts. */
export function staffRoutes(staff: Staff): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();
  const toInvited = ({ account, link }: Invited) => ({
    ...toStaffBody(account),
    enrolmentUrl: enrolmentUrl(staff.baseUrl, link),
  });

  routes.openapi(listRoute, async (c) => {
    const ctx = contextOf(c);
    authorise(ctx, "staff.read");
    const request = pageRequest(c.req.valid("query"), 1);
    const rows = await inOperator(ctx, (tx) => listAccounts(tx, request));
    return c.json(page(rows, request.limit, (row) => [row.login], toStaffBody), 200);
  });

  routes.openapi(createStaffRoute, async (c) => {
    const invited = await inviteStaff(contextOf(c), c.req.valid("json"));
    c.header("cache-control", "no-store");
    return c.json(toInvited(invited), 201);
  });

  routes.openapi(resetRoute, async (c) => {
    const { personId } = c.req.valid("param");
    const { ended, ...invited } = await resetStaff(contextOf(c), { personId, ...c.req.valid("json") });
    await forgetSessions(staff.cache, ended);
    c.header("cache-control", "no-store");
    return c.json(toInvited(invited), 200);
  });

  routes.openapi(rolesRoute, async (c) => {
    const { personId } = c.req.valid("param");
    const { account, sessions } = await changeStaffRoles(contextOf(c), {
      personId,
      ...c.req.valid("json"),
    });
    await staff.cache.forget(sessions);
    return c.json(toStaffBody(account), 200);
  });

  routes.openapi(closeRoute, async (c) => {
    await forgetSessions(staff.cache, await closeStaff(contextOf(c), c.req.valid("param").personId));
    return c.body(null, 204);
  });

  return routes;
}
