import type { OpenAPIHono } from "@hono/zod-openapi";
import type { AppDeps } from "../context.ts";
import { asPlatform, inStructure } from "../database/in-tenant.ts";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { answer, operation } from "../http/operation.ts";
import { page } from "../http/paginate.ts";
import { authorise } from "../identity/mod.ts";
import { getStructure, structureParam } from "../tenancy/mod.ts";
import { listInvitations } from "./invitation-queries.ts";
import {
  invitationBody,
  invitationInput,
  invitationPage,
  invitationParam,
  invitationQuery,
  toInvitationBody,
} from "./invitation-schemas.ts";
import { invite } from "./invite.ts";
import { timePageRequest } from "./schemas.ts";
import { withdrawInvitation } from "./withdraw-invitation.ts";

const path = "/api/v1/structures/{structureId}/invitations";

const inviteRoute = operation("invitation.create", {
  operationId: "createInvitation",
  method: "post",
  path,
  tags: ["people"],
  summary: "Invites a person: the role is his from his first sign-in on",
  params: structureParam,
  body: invitationInput,
  responses: { 201: answer("Invited, or was so already", invitationBody) },
  problems: ["structure-not-found", "structure-suspended", "structure-closed", "already-member"],
});
const listRoute = operation("invitation.read", {
  operationId: "listInvitations",
  method: "get",
  path,
  tags: ["people"],
  summary: "Invitations of the structure, the newest first",
  params: structureParam,
  query: invitationQuery,
  responses: { 200: answer("A page", invitationPage) },
  problems: ["forbidden", "structure-not-found"],
});
const withdrawRoute = operation("invitation.revoke", {
  operationId: "withdrawInvitation",
  method: "delete",
  path: `${path}/{invitationId}`,
  tags: ["people"],
  summary: "Withdraws an invitation",
  params: invitationParam,
  responses: { 204: { description: "Withdrawn, or was so already" } },
  problems: ["structure-not-found", "invitation-not-found", "invitation-closed"],
});

export function invitationRoutes({ config }: Pick<AppDeps, "config">): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(inviteRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ctx = contextOf(c);
    const input = { structureId, days: config.invitationDays, ...c.req.valid("json") };
    return c.json(toInvitationBody(await invite(ctx, input), ctx.now()), 201);
  });

  routes.openapi(listRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ctx = contextOf(c);
    authorise(ctx, "invitation.read", { structureId });
    const { status, ...query } = c.req.valid("query");
    const request = timePageRequest(query);
    const rows = await inStructure(ctx, structureId, async (tx) => {
      await getStructure(tx, structureId);
      return await asPlatform(tx, () => listInvitations(tx, structureId, request, status, ctx.now()));
    });
    return c.json(
      page(
        rows,
        request.limit,
        (row) => [row.created_at.toISOString(), row.id],
        (row) => toInvitationBody(row, ctx.now()),
      ),
      200,
    );
  });

  routes.openapi(withdrawRoute, async (c) => {
    await withdrawInvitation(contextOf(c), c.req.valid("param"));
    return c.body(null, 204);
  });

  return routes;
}
