import type { OpenAPIHono } from "@hono/zod-openapi";
import { inStructure } from "../database/in-tenant.ts";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { answer, operation } from "../http/operation.ts";
import { page, pageRequest } from "../http/paginate.ts";
import { invalidRequest } from "../problems.ts";
import { versionOf } from "../http/version.ts";
import { correctLine } from "./correct.ts";
import { listLines } from "./line-queries.ts";
import { authoriseOnBatch } from "./locate.ts";
import { getBatch } from "./queries.ts";
import {
  batchLineParam,
  batchParam,
  correctionInput,
  lineBody,
  linePage,
  lineQuery,
  toLineBody,
} from "./schemas.ts";

const listLinesRoute = operation("batch.read", {
  operationId: "listBatchLines",
  method: "get",
  path: "/api/v1/batches/{batchId}/lines",
  tags: ["batches"],
  summary: "The lines of a batch in their order, with what the dry run found and what became of them",
  params: batchParam,
  query: lineQuery,
  responses: { 200: answer("A page", linePage) },
  problems: ["batch-not-found"],
});
const correctLineRoute = operation("batch.correct", {
  operationId: "correctBatchLine",
  method: "patch",
  path: "/api/v1/batches/{batchId}/lines/{line}",
  tags: ["batches"],
  summary: "Corrects cells of a line in place; it is checked again at once. If-Match: of the batch",
  params: batchLineParam,
  body: correctionInput,
  isVersioned: true,
  responses: { 200: answer("The line as it stands now", lineBody) },
  problems: ["batch-not-found", "batch-line-not-found", "batch-line-settled", "batch-state-forbids"],
});

export function batchLineRoutes(): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(listLinesRoute, async (c) => {
    const { batchId } = c.req.valid("param");
    const { state, outcome, ...query } = c.req.valid("query");
    const ctx = contextOf(c);
    const structureId = await authoriseOnBatch(ctx, "batch.read", batchId);
    const { limit, after } = pageRequest(query, 1);
    const place = Number(after?.[0] ?? 0);
    if (!Number.isSafeInteger(place) || place < 0 || place > 2_147_483_647) {
      throw invalidRequest([{ pointer: "/query/cursor", detail: "is not a cursor of this list" }]);
    }
    const rows = await inStructure(ctx, structureId, async (tx) => {
      const batch = await getBatch(tx, structureId, batchId);
      return await listLines(tx, batch, { after: place, limit: limit + 1 }, { state, outcome });
    });
    return c.json(page(rows, limit, (row) => [String(row.line)], toLineBody), 200);
  });

  routes.openapi(correctLineRoute, async (c) => {
    const { batchId, line } = c.req.valid("param");
    const { fields } = c.req.valid("json");
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    const corrected = await correctLine(contextOf(c), { batchId, line, cells: fields, ifVersion });
    return c.json(toLineBody(corrected), 200);
  });

  return routes;
}
