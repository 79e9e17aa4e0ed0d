/** Archives: asked for, watched, fetched by who asked. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { recordAudit } from "../audit/mod.ts";
import { inOperator, inPerson } from "../database/in-tenant.ts";
import { type ApiEnv, contextOf, createRoutes, json, z } from "../http/openapi.ts";
import { answer, operation } from "../http/operation.ts";
import { requirePerson } from "../identity/mod.ts";
import { mailboxParam } from "../mailboxes/mod.ts";
import { problem } from "../problems.ts";
import { findExportOf, listExportsOf } from "./export-queries.ts";
import { archivePath } from "./make-export.ts";
import { requestMailboxExport, requestOwnExport } from "./request-export.ts";
import {
  exportBody,
  exportList,
  exportParam,
  mailboxExportInput,
  ownExportInput,
  toExportBody,
} from "./schemas.ts";

const tags = ["privacy"];

const requestOwnRoute = operation("everybody", {
  operationId: "requestOwnExport",
  method: "post",
  path: "/api/v1/privacy/exports",
  tags,
  summary: "Asks for one archive of everything about oneself, the mail of one's personal boxes included",
  body: { content: json(ownExportInput), required: true },
  responses: { 201: answer("It is being made", exportBody) },
  problems: ["export-running"],
});
const requestMailboxRoute = operation("export.request-mailbox", {
  operationId: "requestMailboxExport",
  method: "post",
  path: "/api/v1/mailboxes/{mailboxId}/exports",
  tags,
  summary: "Asks for an archive of a box's mail; the holder sees that it was asked for",
  params: mailboxParam,
  body: { content: json(mailboxExportInput), required: true },
  responses: { 201: answer("It is being made", exportBody) },
  problems: ["mailbox-not-found", "mailbox-closed", "export-running"],
});
const listRoute = operation("everybody", {
  operationId: "listExports",
  method: "get",
  path: "/api/v1/privacy/exports",
  tags,
  summary: "The archives that the person asking has asked for, newest first",
  responses: { 200: answer("The last fifty", exportList) },
  problems: ["forbidden"],
});
const readRoute = operation("everybody", {
  operationId: "readExport",
  method: "get",
  path: "/api/v1/privacy/exports/{exportId}",
  tags,
  summary: "How far an archive is",
  params: exportParam,
  responses: { 200: answer("Its state", exportBody) },
  problems: ["forbidden", "export-not-found"],
});
const fetchRoute = operation("everybody", {
  operationId: "fetchExportArchive",
  method: "get",
  path: "/api/v1/privacy/exports/{exportId}/archive",
  tags,
  summary: "The archive itself; each fetch stands in the trail",
  params: exportParam,
  responses: {
    200: {
      description: "ZIP",
      content: { "application/zip": { schema: z.string().openapi({ format: "binary" }) } },
    },
  },
  problems: ["forbidden", "export-not-found", "export-not-ready"],
});

/** @param directory where the worker puts the archives; null = none are made here */
export function exportRoutes(directory: string | null): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(requestOwnRoute, async (c) => {
    const ctx = contextOf(c);
    return c.json(toExportBody(await requestOwnExport(ctx, requirePerson(ctx), c.req.valid("json"))), 201);
  });

  routes.openapi(requestMailboxRoute, async (c) => {
    const ctx = contextOf(c);
    const input = { ...c.req.valid("param"), ...c.req.valid("json") };
    return c.json(toExportBody(await requestMailboxExport(ctx, requirePerson(ctx), input)), 201);
  });

  routes.openapi(listRoute, async (c) => {
    const ctx = contextOf(c);
    const { personId } = requirePerson(ctx);
    const rows = await inPerson(ctx, personId, (tx) => listExportsOf(tx, personId));
    return c.json({ items: rows.map(toExportBody) }, 200);
  });

  routes.openapi(readRoute, async (c) => {
    const ctx = contextOf(c);
    const { personId } = requirePerson(ctx);
    const { exportId } = c.req.valid("param");
    const row = await inPerson(ctx, personId, (tx) => findExportOf(tx, personId, exportId));
    if (row === undefined) throw problem("export-not-found");
    return c.json(toExportBody(row), 200);
  });

  routes.openapi(fetchRoute, async (c) => {
    const ctx = contextOf(c);
    const { personId } = requirePerson(ctx);
    const { exportId } = c.req.valid("param");
    const row = await inPerson(ctx, personId, (tx) => findExportOf(tx, personId, exportId));
    if (row === undefined) throw problem("export-not-found");
    const isOver = row.expires_at !== null && row.expires_at <= ctx.now();
    if (row.status !== "ready" || isOver || directory === null) {
      throw problem("export-not-ready", { state: isOver ? "expired" : row.status });
    }
    const file = await Deno.open(archivePath(directory, exportId), { read: true });
    await inOperator(ctx, (tx) =>
      recordAudit(tx, ctx, {
        action: "export.fetch",
        subject: row.mailbox_id === null
          ? { kind: "export", id: exportId }
          : { kind: "mailbox", id: row.mailbox_id },
        structureId: row.structure_id,
        after: { kind: row.kind },
      }));
    return c.body(file.readable, 200, {
      "content-type": "application/zip",
      "content-length": String(row.size_bytes),
      "content-disposition": `attachment; filename="mssante-${exportId}.zip"`,
      "cache-control": "no-store",
    });
  });

  return routes;
}
