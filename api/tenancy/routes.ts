import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "../context.ts";
import { asPlatform, inOperator, inPerson, inStructure } from "../database/in-tenant.ts";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { answer, operation, versionedAnswer } from "../http/operation.ts";
import { page, type PageRequest, sortedPageRequest } from "../http/paginate.ts";
import { etag, versionOf } from "../http/version.ts";
import { authorise, may, requirePerson } from "../identity/mod.ts";
import { changeStructure } from "./change-structure.ts";
import { closeStructure } from "./close-structure.ts";
import { createStructure } from "./create-structure.ts";
import { getStructure } from "./queries.ts";
import { resumeStructure } from "./resume-structure.ts";
import {
  closingInput,
  structureBody,
  structureChange,
  structureInput,
  structurePage,
  structureParam,
  structureQuery,
  suspensionInput,
  toStructureBody,
} from "./schemas.ts";
import {
  isSortValue,
  listStructures,
  structureCursor,
  type StructureFilter,
  type StructureView,
  toStructureSort,
  viewStructure,
  viewStructures,
} from "./structure-queries.ts";
import { suspendStructure } from "./suspend-structure.ts";

const conflicts = ["structure-not-found", "structure-closed"] as const;
const resellerProblems = [
  "structure-not-reseller",
  "reseller-quota-exceeded",
  "reseller-child-unlimited",
] as const;

const createStructureRoute = operation("structure.create", {
  operationId: "createStructure",
  method: "post",
  path: "/api/v1/structures",
  tags: ["structures"],
  summary: "Opens a structure, with its domains and its administrator",
  body: structureInput,
  responses: { 201: versionedAnswer("Opened", structureBody) },
  problems: [
    ...resellerProblems,
    "structure-identifier-taken",
    "structure-not-found",
    "structure-suspended",
    "structure-closed",
    "domain-name-taken",
    "domain-outside-reseller",
  ],
});
const listStructuresRoute = operation("everybody", {
  operationId: "listStructures",
  method: "get",
  path: "/api/v1/structures",
  tags: ["structures"],
  summary: "Structures: all of them for the operator, those one has a role in for everybody else",
  query: structureQuery,
  responses: { 200: answer("A page", structurePage) },
});
const readStructureRoute = operation("structure.read", {
  operationId: "readStructure",
  method: "get",
  path: "/api/v1/structures/{structureId}",
  tags: ["structures"],
  summary: "One structure",
  params: structureParam,
  responses: { 200: versionedAnswer("The structure", structureBody) },
  problems: ["structure-not-found"],
});
const changeStructureRoute = operation("structure.change", {
  operationId: "changeStructure",
  method: "patch",
  path: "/api/v1/structures/{structureId}",
  tags: ["structures"],
  summary: "Changes a structure: its settings by itself; its name, quotas and reseller by who is above it",
  params: structureParam,
  body: structureChange,
  isVersioned: true,
  responses: { 200: versionedAnswer("Changed, or was so already", structureBody) },
  problems: [...conflicts, ...resellerProblems, "quota-below-use", "structure-has-children"],
});
const suspendStructureRoute = operation("structure.suspend", {
  operationId: "suspendStructure",
  method: "post",
  path: "/api/v1/structures/{structureId}/suspension",
  tags: ["structures"],
  summary: "Suspends a structure: its boxes neither sign in, send nor receive; their mail is kept",
  params: structureParam,
  body: suspensionInput,
  isVersioned: true,
  responses: { 200: versionedAnswer("Suspended, or was so already", structureBody) },
  problems: conflicts,
});
const resumeStructureRoute = operation("structure.resume", {
  operationId: "resumeStructure",
  method: "delete",
  path: "/api/v1/structures/{structureId}/suspension",
  tags: ["structures"],
  summary: "Ends a structure's suspension",
  params: structureParam,
  isVersioned: true,
  responses: { 200: versionedAnswer("Active, or was so already", structureBody) },
  problems: conflicts,
});
const closeStructureRoute = operation("structure.close", {
  operationId: "closeStructure",
  method: "post",
  path: "/api/v1/structures/{structureId}/closing",
  tags: ["structures"],
  summary: "Closes a structure for good, with its domains; its boxes are closed before",
  params: structureParam,
  body: closingInput,
  isVersioned: true,
  responses: { 200: versionedAnswer("Closed, or was so already", structureBody) },
  problems: ["structure-not-found", "structure-has-open-mailboxes", "structure-has-children"],
});

export function tenancyRoutes(): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(createStructureRoute, async (c) => {
    const structure = await createStructure(contextOf(c), c.req.valid("json"));
    c.header("location", `/api/v1/structures/${structure.id}`);
    c.header("etag", etag(structure.version));
    return c.json(toStructureBody(structure), 201);
  });

  routes.openapi(listStructuresRoute, async (c) => {
    const query = c.req.valid("query");
    const sort = toStructureSort(query.sort);
    const request = sortedPageRequest(query, (value) => isSortValue(sort.sortBy, value));
    const rows = await listFor(contextOf(c), request, { ...query, ...sort });
    const key = (row: StructureView) => [query.sort, ...structureCursor(row, sort.sortBy)];
    return c.json(page(rows, request.limit, key, toStructureBody), 200);
  });

  routes.openapi(readStructureRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ctx = contextOf(c);
    authorise(ctx, "structure.read", { structureId });
    const structure = await inStructure(
      ctx,
      structureId,
      async (tx) => await viewStructure(tx, await getStructure(tx, structureId)),
    );
    c.header("etag", etag(structure.version));
    return c.json(toStructureBody(structure), 200);
  });

  routes.openapi(changeStructureRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    const structure = await changeStructure(contextOf(c), {
      structureId,
      ifVersion,
      ...c.req.valid("json"),
    });
    c.header("etag", etag(structure.version));
    return c.json(toStructureBody(structure), 200);
  });

  routes.openapi(suspendStructureRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    const structure = await suspendStructure(contextOf(c), {
      structureId,
      ifVersion,
      ...c.req.valid("json"),
    });
    c.header("etag", etag(structure.version));
    return c.json(toStructureBody(structure), 200);
  });

  routes.openapi(resumeStructureRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    const structure = await resumeStructure(contextOf(c), { structureId, ifVersion });
    c.header("etag", etag(structure.version));
    return c.json(toStructureBody(structure), 200);
  });

  routes.openapi(closeStructureRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    const structure = await closeStructure(contextOf(c), { structureId, ifVersion, ...c.req.valid("json") });
    c.header("etag", etag(structure.version));
    return c.json(toStructureBody(structure), 200);
  });

  return routes;
}

/** Who has no role of the operator sees the structures he has a role in, under his own scope. */
async function listFor(
  ctx: Context,
  request: PageRequest,
  filter: StructureFilter,
): Promise<StructureView[]> {
  if (may(ctx.actor, "structure.list")) {
    return await inOperator(
      ctx,
      async (tx) => await viewStructures(tx, await listStructures(tx, request, "all", filter)),
    );
  }
  if (ctx.actor.kind === "service") {
    const { structureId } = ctx.actor;
    const ids = may(ctx.actor, "structure.read", { structureId }) ? [structureId] : [];
    return await inStructure(
      ctx,
      structureId,
      async (tx) => await viewStructures(tx, await listStructures(tx, request, ids, filter)),
    );
  }
  const { personId, memberships } = requirePerson(ctx);
  const ids = [...new Set(memberships.map((one) => one.structureId))];
  return await inPerson(ctx, personId, async (tx) => {
    const rows = await listStructures(tx, request, ids, filter);
    // A person's own scope does not see who else has a role there.
    return await asPlatform(tx, () => viewStructures(tx, rows));
  });
}
