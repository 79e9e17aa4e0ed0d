import type { OpenAPIHono } from "@hono/zod-openapi";
import { inStructure } from "../database/in-tenant.ts";
import { isCsv } from "../http/body.ts";
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
  z,
} from "../http/openapi.ts";
import { page, pageRequest } from "../http/paginate.ts";
import { etag, ifMatchHeader, versionOf } from "../http/version.ts";
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

const batchAnswer = (description: string) => ({
  description,
  headers: { ETag: { schema: { type: "string" as const }, description: "Its version" } },
  content: json(batchBody),
});
const step = {
  params: batchParam,
  headers: idempotencyHeader.extend(ifMatchHeader.shape),
};
const stepProblems = ["batch-not-found", "batch-state-forbids", "version-mismatch"] as const;

const createBatchRoute = createRoute({
  operationId: "createBatch",
  ...requires("batch.create"),
  method: "post",
  path: "/api/v1/structures/{structureId}/batches",
  tags: ["batches"],
  summary: "Takes an import file, or one act on selected mailboxes; its dry run begins at once",
  request: {
    params: structureParam,
    query: importQuery,
    headers: idempotencyHeader,
    body: {
      content: {
        ...json(selectionInput),
        "text/csv": { schema: z.string().openapi({ description: "At most 10 MB and 20 000 lines" }) },
      },
    },
  },
  responses: {
    201: batchAnswer("Made; it is being checked"),
    ...problemResponses(
      ...repeatableProblems,
      "structure-not-found",
      "structure-suspended",
      "structure-closed",
      "mailbox-not-found",
      "batch-too-long",
    ),
  },
});
const listBatchesRoute = createRoute({
  operationId: "listBatches",
  ...requires("batch.read"),
  method: "get",
  path: "/api/v1/structures/{structureId}/batches",
  tags: ["batches"],
  summary: "The batches of a structure, the newest first",
  request: { params: structureParam, query: batchQuery },
  responses: {
    200: { description: "A page", content: json(batchPage) },
    ...problemResponses(...commonProblems, "invalid-request", "forbidden", "structure-not-found"),
  },
});
const readBatchRoute = createRoute({
  operationId: "readBatch",
  ...requires("batch.read"),
  method: "get",
  path: "/api/v1/batches/{batchId}",
  tags: ["batches"],
  summary: "One batch with its progress",
  request: { params: batchParam },
  responses: {
    200: batchAnswer("The batch"),
    ...problemResponses(...commonProblems, "invalid-request", "batch-not-found"),
  },
});
const checkBatchRoute = createRoute({
  operationId: "checkBatch",
  ...requires("batch.check"),
  method: "post",
  path: "/api/v1/batches/{batchId}/check",
  tags: ["batches"],
  summary: "Repeats the dry run of lines that were not run",
  request: { ...step, body: { required: true, content: json(checkInput) } },
  responses: {
    200: batchAnswer("Being checked"),
    ...problemResponses(...repeatableProblems, ...stepProblems),
  },
});
const runBatchRoute = createRoute({
  operationId: "runBatch",
  ...requires("batch.run"),
  method: "post",
  path: "/api/v1/batches/{batchId}/run",
  tags: ["batches"],
  summary: "Does what the dry run found; each line once, also when it is repeated",
  request: { ...step, body: { required: true, content: json(runInput) } },
  responses: {
    200: batchAnswer("Running, or was run already"),
    ...problemResponses(...repeatableProblems, ...stepProblems, "batch-has-errors"),
  },
});
const undoBatchRoute = createRoute({
  operationId: "undoBatch",
  ...requires("batch.undo"),
  method: "post",
  path: "/api/v1/batches/{batchId}/undo",
  tags: ["batches"],
  summary: "Takes back what the batch did, but for boxes that were changed since",
  request: { ...step, body: { required: true, content: json(undoInput) } },
  responses: {
    200: batchAnswer("Being undone, or was undone already"),
    ...problemResponses(...repeatableProblems, ...stepProblems),
  },
});
const abandonBatchRoute = createRoute({
  operationId: "abandonBatch",
  ...requires("batch.abandon"),
  method: "delete",
  path: "/api/v1/batches/{batchId}",
  tags: ["batches"],
  summary: "Gives up a batch that was not run",
  request: { params: batchParam, headers: ifMatchHeader },
  responses: {
    204: { description: "Given up, or was so already" },
    ...problemResponses(...bodilessProblems, ...stepProblems),
  },
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
