import type { OpenAPIHono } from "@hono/zod-openapi";
import { inStructure } from "../database/in-tenant.ts";
import { isCsv } from "../http/body.ts";
import { type ApiEnv, contextOf, createRoutes, json, z } from "../http/openapi.ts";
import { answer, operation, versionedAnswer } from "../http/operation.ts";
import { page, pageRequest } from "../http/paginate.ts";
import { etag, versionOf } from "../http/version.ts";
import { authorise, may } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { getStructure } from "../tenancy/mod.ts";
import { recheckBatch } from "./check.ts";
import { createImport, createSelection, type NewSelection } from "./create.ts";
import { authoriseOnBatch } from "./locate.ts";
import { getBatch, listBatches } from "./queries.ts";
import { abandonBatch, runBatch, undoBatch } from "./run.ts";
import {
  batchBody,
  batchPage,
  batchParam,
  batchQuery,
  checkInput,
  importQuery,
  runInput,
  selectionInput,
  structureParam,
  toBatchBody,
  undoInput,
} from "./schemas.ts";

const stepProblems = ["batch-not-found", "batch-state-forbids"] as const;

const createBatchRoute = operation("batch.create", {
  operationId: "createBatch",
  method: "post",
  path: "/api/v1/structures/{structureId}/batches",
  tags: ["batches"],
  summary: "Takes an import file, or one act on selected mailboxes; its dry run begins at once",
  params: structureParam,
  query: importQuery,
  body: {
    content: {
      ...json(selectionInput),
      "text/csv": { schema: z.string().openapi({ description: "At most 10 MB and 20 000 lines" }) },
    },
  },
  responses: { 201: versionedAnswer("Made; it is being checked", batchBody) },
  problems: [
    "structure-not-found",
    "structure-suspended",
    "structure-closed",
    "mailbox-not-found",
    "batch-too-long",
  ],
});
const listBatchesRoute = operation("batch.read", {
  operationId: "listBatches",
  method: "get",
  path: "/api/v1/structures/{structureId}/batches",
  tags: ["batches"],
  summary: "The batches of a structure, the newest first",
  params: structureParam,
  query: batchQuery,
  responses: { 200: answer("A page", batchPage) },
  problems: ["forbidden", "structure-not-found"],
});
const readBatchRoute = operation("batch.read", {
  operationId: "readBatch",
  method: "get",
  path: "/api/v1/batches/{batchId}",
  tags: ["batches"],
  summary: "One batch with its progress",
  params: batchParam,
  responses: { 200: versionedAnswer("The batch", batchBody) },
  problems: ["batch-not-found"],
});
const checkBatchRoute = operation("batch.check", {
  operationId: "checkBatch",
  method: "post",
  path: "/api/v1/batches/{batchId}/check",
  tags: ["batches"],
  summary: "Repeats the dry run of lines that were not run",
  params: batchParam,
  body: checkInput,
  isVersioned: true,
  responses: { 200: versionedAnswer("Being checked", batchBody) },
  problems: stepProblems,
});
const runBatchRoute = operation("batch.run", {
  operationId: "runBatch",
  method: "post",
  path: "/api/v1/batches/{batchId}/run",
  tags: ["batches"],
  summary: "Does what the dry run found; each line once, also when it is repeated",
  params: batchParam,
  body: runInput,
  isVersioned: true,
  responses: { 200: versionedAnswer("Running, or was run already", batchBody) },
  problems: [...stepProblems, "batch-has-errors"],
});
const undoBatchRoute = operation("batch.undo", {
  operationId: "undoBatch",
  method: "post",
  path: "/api/v1/batches/{batchId}/undo",
  tags: ["batches"],
  summary: "Takes back what the batch did, but for boxes that were changed since",
  params: batchParam,
  body: undoInput,
  isVersioned: true,
  responses: { 200: versionedAnswer("Being undone, or was undone already", batchBody) },
  problems: stepProblems,
});
const abandonBatchRoute = operation("batch.abandon", {
  operationId: "abandonBatch",
  method: "delete",
  path: "/api/v1/batches/{batchId}",
  tags: ["batches"],
  summary: "Gives up a batch that was not run",
  params: batchParam,
  isVersioned: true,
  responses: { 204: { description: "Given up, or was so already" } },
  problems: stepProblems,
});

type SelectionInput = z.infer<typeof selectionInput>;

function fromSelection(structureId: string, { fields, ...input }: SelectionInput): NewSelection {
  return { structureId, cells: fields, ...input };
}

export function batchRoutes(): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(createBatchRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ctx = contextOf(c);
    const batch = isCsv(c.req.header("content-type"))
      ? await createImport(ctx, {
        structureId,
        file: new Uint8Array(await c.req.arrayBuffer()),
        reason: c.req.valid("query").reason ?? "",
      })
      : await createSelection(ctx, fromSelection(structureId, c.req.valid("json") as SelectionInput));
    c.header("location", `/api/v1/batches/${batch.id}`);
    c.header("etag", etag(batch.version));
    return c.json(toBatchBody(batch), 201);
  });

  routes.openapi(listBatchesRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ctx = contextOf(c);
    authorise(ctx, "structure.read", { structureId });
    if (!may(ctx.actor, "batch.read", { structureId })) throw problem("forbidden", { action: "batch.read" });
    const { state, ...query } = c.req.valid("query");
    const request = pageRequest(query, 2);
    const rows = await inStructure(ctx, structureId, async (tx) => {
      await getStructure(tx, structureId);
      return await listBatches(tx, structureId, request, state);
    });
    return c.json(
      page(rows, request.limit, (row) => [row.created_at.toISOString(), row.id], toBatchBody),
      200,
    );
  });

  routes.openapi(readBatchRoute, async (c) => {
    const { batchId } = c.req.valid("param");
    const ctx = contextOf(c);
    const structureId = await authoriseOnBatch(ctx, "batch.read", batchId);
    const batch = await inStructure(ctx, structureId, (tx) => getBatch(tx, structureId, batchId));
    c.header("etag", etag(batch.version));
    return c.json(toBatchBody(batch), 200);
  });

  routes.openapi(checkBatchRoute, async (c) => {
    const { batchId } = c.req.valid("param");
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    const batch = await recheckBatch(contextOf(c), { batchId, ifVersion, ...c.req.valid("json") });
    c.header("etag", etag(batch.version));
    return c.json(toBatchBody(batch), 200);
  });

  routes.openapi(runBatchRoute, async (c) => {
    const { batchId } = c.req.valid("param");
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    const batch = await runBatch(contextOf(c), { batchId, ifVersion, ...c.req.valid("json") });
    c.header("etag", etag(batch.version));
    return c.json(toBatchBody(batch), 200);
  });

  routes.openapi(undoBatchRoute, async (c) => {
    const { batchId } = c.req.valid("param");
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    const batch = await undoBatch(contextOf(c), { batchId, ifVersion, ...c.req.valid("json") });
    c.header("etag", etag(batch.version));
    return c.json(toBatchBody(batch), 200);
  });

  routes.openapi(abandonBatchRoute, async (c) => {
    const { batchId } = c.req.valid("param");
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    await abandonBatch(contextOf(c), { batchId, ifVersion });
    return c.body(null, 204);
  });

  return routes;
}
