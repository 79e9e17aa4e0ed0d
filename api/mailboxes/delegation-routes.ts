import type { OpenAPIHono } from "@hono/zod-openapi";
import { inSystem } from "../database/in-tenant.ts";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { answer, operation, versionedAnswer } from "../http/operation.ts";
import { etag, versionOf } from "../http/version.ts";
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

const grantRoute = operation("mailbox-delegation.grant", {
  operationId: "grantDelegation",
  method: "post",
  path,
  tags: ["mailboxes"],
  summary: "Lets a person read, write in, send from or manage the mailbox of another, between dates",
  params: mailboxParam,
  body: delegationInput,
  responses: { 201: versionedAnswer("Given", delegationBody) },
  problems: [
    "mailbox-not-found",
    "mailbox-closing",
    "mailbox-closed",
    "person-not-found",
    "delegation-exists",
    "delegation-of-own-mailbox",
    "delegation-to-oneself",
    "delegation-beyond-own",
  ],
});
const listRoute = operation("mailbox-delegation.read", {
  operationId: "listDelegations",
  method: "get",
  path,
  tags: ["mailboxes"],
  summary: "Who may do what with the mailbox, beside its holder and members",
  params: mailboxParam,
  responses: { 200: answer("All that are not revoked", delegationList) },
  problems: ["mailbox-not-found"],
});
const changeRoute = operation("mailbox-delegation.change", {
  operationId: "changeDelegation",
  method: "patch",
  path: `${path}/{delegationId}`,
  tags: ["mailboxes"],
  summary: "Changes what a delegate may do, and until when",
  params: delegationParam,
  body: delegationChange,
  isVersioned: true,
  responses: { 200: versionedAnswer("As it is now", delegationBody) },
  problems: [
    "mailbox-not-found",
    "mailbox-closing",
    "mailbox-closed",
    "delegation-not-found",
    "delegation-to-oneself",
    "delegation-beyond-own",
  ],
});
const revokeRoute = operation("mailbox-delegation.revoke", {
  operationId: "revokeDelegation",
  method: "delete",
  path: `${path}/{delegationId}`,
  tags: ["mailboxes"],
  summary: "Ends a delegation at once",
  params: delegationParam,
  isVersioned: true,
  responses: { 204: { description: "Ended" } },
  problems: ["mailbox-not-found", "delegation-not-found", "delegation-beyond-own"],
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
