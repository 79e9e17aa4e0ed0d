import type { OpenAPIHono } from "@hono/zod-openapi";
import {
  exportStructureAppPasswords,
  structureAppPasswordQuery,
  type StructureAppPasswordRow,
} from "../client-access/mod.ts";
import { type ApiEnv, contextOf, createRoutes, z } from "../http/openapi.ts";
import { operation } from "../http/operation.ts";
import { searchWords } from "../people/mod.ts";
import { structureParam } from "../tenancy/mod.ts";
import { type Columns, pages, toCsv, toDate, toYesNo } from "./pages.ts";

const columns: Columns<StructureAppPasswordRow> = [
  ["nom", (one) => one.family_name],
  ["prenom", (one) => one.given_name],
  ["boite", (one) => one.address],
  ["appareil", (one) => one.device],
  ["lecture_imap", (one) => toYesNo(one.may_imap)],
  ["envoi_smtp", (one) => toYesNo(one.may_submission)],
  ["cree_le", (one) => toDate(one.created_at)],
  ["expire_le", (one) => toDate(one.expires_at)],
  ["derniere_utilisation", (one) => toDate(one.last_used_at)],
];

const route = operation("app-password.read", {
  operationId: "exportStructureAppPasswords",
  method: "get",
  path: "/api/v1/structures/{structureId}/app-passwords/export",
  tags: ["structures"],
  summary: "The app passwords of all mailboxes of a structure as CSV",
  params: structureParam,
  query: structureAppPasswordQuery.omit({ limit: true, cursor: true }),
  responses: {
    200: {
      description: "The whole list as CSV: UTF-8 with its mark, `;`, no cell that is a formula",
      headers: { "Content-Disposition": { schema: { type: "string" as const } } },
      content: { "text/csv": { schema: z.string() } },
    },
  },
  problems: ["forbidden", "structure-not-found"],
});

export function appPasswordExportRoutes(): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();
  routes.openapi(route, async (c) => {
    const { structureId } = c.req.valid("param");
    const { q, ...query } = c.req.valid("query");
    const ctx = contextOf(c);
    const filter = { ...query, words: searchWords(q) };
    const rows = pages(
      (page) => exportStructureAppPasswords(ctx, { structureId, page, filter }),
      (row) => [filter.sort, row.sort_key, row.id],
    );
    const day = ctx.now().toISOString().slice(0, 10);
    return c.body(await toCsv(columns, rows), 200, {
      "content-type": "text/csv; charset=utf-8",
      "content-disposition": `attachment; filename="mots-de-passe-d-application-${day}.csv"`,
      "cache-control": "no-store",
    });
  });
  return routes;
}
