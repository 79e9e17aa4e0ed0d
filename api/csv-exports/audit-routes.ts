import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context as HonoContext } from "hono";
import { type AuditEventRow, type AuditFilter, auditQuery, listAuditEvents } from "../audit/mod.ts";
import { inOperator, inStructure, type Tx } from "../database/in-tenant.ts";
import { type ApiEnv, contextOf, createRoutes, z } from "../http/openapi.ts";
import { operation } from "../http/operation.ts";
import { authorise } from "../identity/mod.ts";
import { getStructure, structureParam } from "../tenancy/mod.ts";
import { type Columns, pages, toCsv, toDate } from "./pages.ts";

const columns: Columns<AuditEventRow> = [
  ["numero", (event) => event.seq],
  ["date", (event) => toDate(event.at)],
  ["structure", (event) => event.structure_id],
  ["auteur_type", (event) => event.actor_kind],
  ["auteur_id", (event) => event.actor_person_id],
  ["auteur", (event) => event.actor_label],
  ["acte", (event) => event.action],
  ["objet_type", (event) => event.subject_kind],
  ["objet_id", (event) => event.subject_id],
  ["avant", (event) => toText(event.before)],
  ["apres", (event) => toText(event.after)],
  ["motif", (event) => event.reason],
  ["requete", (event) => event.request_id],
  ["empreinte", (event) => event.hash],
];

const toText = (snapshot: Record<string, unknown> | null) =>
  snapshot === null ? "" : JSON.stringify(snapshot);

const csvFile = {
  description: "The newest first as CSV: UTF-8 with its mark, `;`, no cell that is a formula",
  headers: { "Content-Disposition": { schema: { type: "string" as const } } },
  content: { "text/csv": { schema: z.string() } },
};
const query = auditQuery.omit({ limit: true, cursor: true });

const structureRoute = operation("audit.read", {
  operationId: "exportStructureAudit",
  method: "get",
  path: "/api/v1/structures/{structureId}/audit/export",
  tags: ["audit"],
  summary: "The trail of a structure as CSV",
  params: structureParam,
  query,
  responses: { 200: csvFile },
  problems: ["forbidden", "structure-not-found"],
});
const allRoute = operation("audit.read-platform", {
  operationId: "exportAudit",
  method: "get",
  path: "/api/v1/audit/export",
  tags: ["audit"],
  summary: "The whole trail as CSV, for the operator",
  query,
  responses: { 200: csvFile },
  problems: ["forbidden"],
});

export function auditExportRoutes(): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(structureRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ctx = contextOf(c);
    authorise(ctx, "audit.read", { structureId });
    const filter = { ...c.req.valid("query"), structureId };
    return await answerCsv(c, filter, (run) =>
      inStructure(ctx, structureId, async (tx) => {
        await getStructure(tx, structureId);
        return await run(tx);
      }));
  });

  routes.openapi(allRoute, async (c) => {
    const ctx = contextOf(c);
    authorise(ctx, "audit.read-platform");
    return await answerCsv(c, c.req.valid("query"), (run) => inOperator(ctx, run));
  });

  return routes;
}

type Rows = AuditEventRow[];

async function answerCsv(
  c: HonoContext<ApiEnv>,
  filter: AuditFilter,
  inScope: (run: (tx: Tx) => Promise<Rows>) => Promise<Rows>,
) {
  const rows = pages(
    ({ limit, after }) => {
      const beforeId = after === undefined ? undefined : Number(after[0]);
      return inScope((tx) => listAuditEvents(tx, filter, { limit, beforeId }));
    },
    (row) => [String(row.id)],
  );
  const day = contextOf(c).now().toISOString().slice(0, 10);
  return c.body(await toCsv(columns, rows), 200, {
    "content-type": "text/csv; charset=utf-8",
    "content-disposition": `attachment; filename="trace-${day}.csv"`,
    "cache-control": "no-store",
  });
}
