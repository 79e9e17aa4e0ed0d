import type { OpenAPIHono } from "@hono/zod-openapi";
import { inSystem } from "../database/in-tenant.ts";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { answer, operation } from "../http/operation.ts";
import { addMember } from "./add-member.ts";
import { authoriseOnMailbox } from "./locate.ts";
import { listMembers } from "./queries.ts";
import { removeMember } from "./remove-member.ts";
import { mailboxParam, memberBody, memberInput, memberList, memberParam, toMemberBody } from "./schemas.ts";

const addRoute = operation("mailbox-member.add", {
  operationId: "addMailboxMember",
  method: "post",
  path: "/api/v1/mailboxes/{mailboxId}/members",
  tags: ["mailboxes"],
  summary: "Lets a person open an ORG, APP or CAB box",
  params: mailboxParam,
  body: memberInput,
  responses: { 201: answer("Added, or was so already", memberBody) },
  problems: ["mailbox-not-found", "mailbox-closing", "mailbox-closed", "mailbox-holder-fixed"],
});
const listRoute = operation("mailbox-member.read", {
  operationId: "listMailboxMembers",
  method: "get",
  path: "/api/v1/mailboxes/{mailboxId}/members",
  tags: ["mailboxes"],
  summary: "Who may open the box",
  params: mailboxParam,
  responses: { 200: answer("All of them", memberList) },
  problems: ["mailbox-not-found"],
});
const removeRoute = operation("mailbox-member.remove", {
  operationId: "removeMailboxMember",
  method: "delete",
  path: "/api/v1/mailboxes/{mailboxId}/members/{personId}",
  tags: ["mailboxes"],
  summary: "Takes a person's access to the box away",
  params: memberParam,
  responses: { 204: { description: "Taken away" } },
  problems: ["mailbox-not-found", "member-not-found"],
});

export function memberRoutes(): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(addRoute, async (c) => {
    const { mailboxId } = c.req.valid("param");
    return c.json(toMemberBody(await addMember(contextOf(c), { mailboxId, ...c.req.valid("json") })), 201);
  });

  routes.openapi(listRoute, async (c) => {
    const { mailboxId } = c.req.valid("param");
    const ctx = contextOf(c);
    const structureId = await authoriseOnMailbox(ctx, "mailbox-member.read", mailboxId);
    // Authorised above; a member may be known to no other table of this structure, so the platform reads.
    const rows = await inSystem(ctx, (tx) => listMembers(tx, structureId, mailboxId));
    return c.json({ items: rows.map(toMemberBody) }, 200);
  });

  routes.openapi(removeRoute, async (c) => {
    await removeMember(contextOf(c), c.req.valid("param"));
    return c.body(null, 204);
  });

  return routes;
}
