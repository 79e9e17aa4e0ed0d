import type { OpenAPIHono } from "@hono/zod-openapi";
import { inOperator, inStructure } from "../database/in-tenant.ts";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { answer, operation } from "../http/operation.ts";
import { page, pageQuery } from "../http/paginate.ts";
import { authorise } from "../identity/mod.ts";
import { authoriseOnDelegations, mailboxParam } from "../mailboxes/mod.ts";
import { getStructure, structureParam } from "../tenancy/mod.ts";
import { type AuditEventRow, listAuditEvents } from "./queries.ts";
import { auditPage, auditQuery, beforeId, openingPage, toAuditEventBody, toOpeningBody } from "./schemas.ts";

const listRoute = operation("audit.read", {
  operationId: "listStructureAudit",
  method: "get",
  path: "/api/v1/structures/{structureId}/audit",
  tags: ["audit"],
  summary: "What was done in the structure, the newest first",
  params: structureParam,
  query: auditQuery,
  responses: { 200: answer("A page", auditPage) },
  problems: ["forbidden", "structure-not-found"],
});
const listAllRoute = operation("audit.read-platform", {
  operationId: "listAudit",
  method: "get",
  path: "/api/v1/audit",
  tags: ["audit"],
  summary: "What was done anywhere, with the operator's own acts and the sign-ins",
  query: auditQuery,
  responses: { 200: answer("A page", auditPage) },
  problems: ["forbidden"],
});
const listOpeningsRoute = operation("mailbox-opening.read", {
  operationId: "listMailboxOpenings",
  method: "get",
  path: "/api/v1/mailboxes/{mailboxId}/openings",
  tags: ["audit"],
  summary: "Who opened the box beside its holder, once per session, the newest first; its holder may ask too",
  params: mailboxParam,
  query: pageQuery,
  responses: { 200: answer("A page", openingPage) },
  problems: ["forbidden", "mailbox-not-found"],
});

const cursorOf = (row: AuditEventRow) => [String(row.id)];

export function auditRoutes(): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(listRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const { limit, cursor, ...filter } = c.req.valid("query");
    const ctx = contextOf(c);
    authorise(ctx, "audit.read", { structureId });
    const before = beforeId({ limit, cursor });
    const rows = await inStructure(ctx, structureId, async (tx) => {
      await getStructure(tx, structureId);
      return await listAuditEvents(tx, { ...filter, structureId }, { limit, beforeId: before });
    });
    return c.json(page(rows, limit, cursorOf, toAuditEventBody), 200);
  });

  routes.openapi(listAllRoute, async (c) => {
    const { limit, cursor, ...filter } = c.req.valid("query");
    const ctx = contextOf(c);
    authorise(ctx, "audit.read-platform");
    const before = beforeId({ limit, cursor });
    const rows = await inOperator(ctx, (tx) => listAuditEvents(tx, filter, { limit, beforeId: before }));
    return c.json(page(rows, limit, cursorOf, toAuditEventBody), 200);
  });

  routes.openapi(listOpeningsRoute, async (c) => {
    const { mailboxId } = c.req.valid("param");
    const { limit, cursor } = c.req.valid("query");
    const ctx = contextOf(c);
    const { structureId } = await authoriseOnDelegations(ctx, "mailbox-opening.read", mailboxId);
    const filter = { structureId, action: "mailbox.open", subjectId: mailboxId };
    const before = beforeId({ limit, cursor });
    const rows = await inStructure(
      ctx,
      structureId,
      (tx) => listAuditEvents(tx, filter, { limit, beforeId: before }),
    );
    return c.json(page(rows, limit, cursorOf, toOpeningBody), 200);
  });

  return routes;
}
