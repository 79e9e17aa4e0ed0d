import type { OpenAPIHono } from "@hono/zod-openapi";
import { inSystem } from "../database/in-tenant.ts";
import { idempotencyHeader } from "../http/idempotency.ts";
import {
  type ApiEnv,
  bodilessProblems,
  changeProblems,
  commonProblems,
  contextOf,
  createRoute,
  createRoutes,
  json,
  problemResponses,
  repeatableProblems,
  requires,
} from "../http/openapi.ts";
import { etag, ifMatchHeader, versionOf } from "../http/version.ts";
import { changeDelegation } from "./change-delegation.ts";
import { listDelegations } from "./delegation-queries.ts";
import {
  delegationBody,
  delegationChange,
  delegationInput,
  delegationList,
  delegationParam,
  toDelegationBody,
} from "./delegation-schemas.ts";
import { grantDelegation } from "./grant-delegation.ts";
import { authoriseOnDelegations } from "./locate.ts";
import { revokeDelegation } from "./revoke-delegation.ts";
import { mailboxParam } from "./schemas.ts";

const path = "/api/v1/mailboxes/{mailboxId}/delegations";
const answer = (description: string) => ({
  description,
  headers: { ETag: { schema: { type: "string" as const }, description: "Its version" } },
  content: json(delegationBody),
});

const grantRoute = createRoute({
  operationId: "grantDelegation",
  ...requires("mailbox-delegation.grant"),
  method: "post",
  path,
  tags: ["mailboxes"],
  summary: "Lets a person read, write in, send from or manage the mailbox of another, between dates",
  request: {
    params: mailboxParam,
    headers: idempotencyHeader,
    body: { required: true, content: json(delegationInput) },
  },
  responses: {
    201: answer("Given"),
    ...problemResponses(
      ...repeatableProblems,
      "mailbox-not-found",
      "mailbox-closing",
      "mailbox-closed",
      "person-not-found",
      "delegation-exists",
      "delegation-of-own-mailbox",
      "delegation-to-oneself",
      "delegation-beyond-own",
    ),
  },
});
const listRoute = createRoute({
  operationId: "listDelegations",
  ...requires("mailbox-delegation.read"),
  method: "get",
  path,
  tags: ["mailboxes"],
  summary: "Who may do what with the mailbox, beside its holder and members",
  request: { params: mailboxParam },
  responses: {
    200: { description: "All that are not revoked", content: json(delegationList) },
    ...problemResponses(...commonProblems, "invalid-request", "mailbox-not-found"),
  },
});
const changeRoute = createRoute({
  operationId: "changeDelegation",
  ...requires("mailbox-delegation.change"),
  method: "patch",
  path: `${path}/{delegationId}`,
  tags: ["mailboxes"],
  summary: "Changes what a delegate may do, and until when",
  request: {
    params: delegationParam,
    headers: ifMatchHeader,
    body: { required: true, content: json(delegationChange) },
  },
  responses: {
    200: answer("As it is now"),
    ...problemResponses(
      ...changeProblems,
      "mailbox-not-found",
      "mailbox-closing",
      "mailbox-closed",
      "delegation-not-found",
      "delegation-to-oneself",
      "delegation-beyond-own",
      "version-mismatch",
    ),
  },
});
const revokeRoute = createRoute({
  operationId: "revokeDelegation",
  ...requires("mailbox-delegation.revoke"),
  method: "delete",
  path: `${path}/{delegationId}`,
  tags: ["mailboxes"],
  summary: "Ends a delegation at once",
  request: { params: delegationParam, headers: ifMatchHeader },
  responses: {
    204: { description: "Ended" },
    ...problemResponses(
      ...bodilessProblems,
      "mailbox-not-found",
      "delegation-not-found",
      "delegation-beyond-own",
      "version-mismatch",
    ),
  },
});

export function delegationRoutes(): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(grantRoute, async (c) => {
    const { mailboxId } = c.req.valid("param");
    const ctx = contextOf(c);
    const delegation = await grantDelegation(ctx, { mailboxId, ...c.req.valid("json") });
    c.header("etag", etag(delegation.version));
    return c.json(toDelegationBody(delegation, ctx.now()), 201);
  });

  routes.openapi(listRoute, async (c) => {
    const { mailboxId } = c.req.valid("param");
    const ctx = contextOf(c);
    const { structureId } = await authoriseOnDelegations(ctx, "mailbox-delegation.read", mailboxId);
    // Authorised above; a delegate may be known to no other table of this structure, so the platform reads.
    const rows = await inSystem(ctx, (tx) => listDelegations(tx, structureId, mailboxId));
    return c.json({ items: rows.map((row) => toDelegationBody(row, ctx.now())) }, 200);
  });

  routes.openapi(changeRoute, async (c) => {
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    const ctx = contextOf(c);
    const delegation = await changeDelegation(ctx, {
      ...c.req.valid("param"),
      ...c.req.valid("json"),
      ifVersion,
    });
    c.header("etag", etag(delegation.version));
    return c.json(toDelegationBody(delegation, ctx.now()), 200);
  });

  routes.openapi(revokeRoute, async (c) => {
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    await revokeDelegation(contextOf(c), { ...c.req.valid("param"), ifVersion });
    return c.body(null, 204);
  });

  return routes;
}
