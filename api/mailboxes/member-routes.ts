import type { OpenAPIHono } from "@hono/zod-openapi";
import { inSystem } from "../database/in-tenant.ts";
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
import { addMember } from "./add-member.ts";
import { authoriseOnMailbox } from "./locate.ts";
import { listMembers } from "./queries.ts";
import { removeMember } from "./remove-member.ts";
import { mailboxParam, memberBody, memberInput, memberList, memberParam, toMemberBody } from "./schemas.ts";

const addRoute = createRoute({
  operationId: "addMailboxMember",
  ...requires("mailbox-member.add"),
  method: "post",
  path: "/api/v1/mailboxes/{mailboxId}/members",
  tags: ["mailboxes"],
  summary: "Lets a person open an ORG, APP or CAB box",
  request: {
    params: mailboxParam,
    headers: idempotencyHeader,
    body: { required: true, content: json(memberInput) },
  },
  responses: {
    201: { description: "Added, or was so already", content: json(memberBody) },
    ...problemResponses(
      ...repeatableProblems,
      "mailbox-not-found",
      "mailbox-closing",
      "mailbox-closed",
      "mailbox-holder-fixed",
    ),
  },
});
const listRoute = createRoute({
  operationId: "listMailboxMembers",
  ...requires("mailbox-member.read"),
  method: "get",
  path: "/api/v1/mailboxes/{mailboxId}/members",
  tags: ["mailboxes"],
  summary: "Who may open the box",
  request: { params: mailboxParam },
  responses: {
    200: { description: "All of them", content: json(memberList) },
    ...problemResponses(...commonProblems, "invalid-request", "mailbox-not-found"),
  },
});
const removeRoute = createRoute({
  operationId: "removeMailboxMember",
  ...requires("mailbox-member.remove"),
  method: "delete",
  path: "/api/v1/mailboxes/{mailboxId}/members/{personId}",
  tags: ["mailboxes"],
  summary: "Takes a person's access to the box away",
  request: { params: memberParam },
  responses: {
    204: { description: "Taken away" },
    ...problemResponses(
      ...bodilessProblems,
      "mailbox-not-found",
      "member-not-found",
    ),
  },
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
