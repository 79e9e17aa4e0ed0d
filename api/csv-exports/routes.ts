import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context as HonoContext } from "hono";
import { authoriseOnBatch, batchParam, getBatch, lineQuery, listLines } from "../bulk/mod.ts";
import { asPlatform, inOperator, inStructure } from "../database/in-tenant.ts";
import { type ApiEnv, contextOf, createRoutes, z } from "../http/openapi.ts";
import { operation } from "../http/operation.ts";
import { authorise, may } from "../identity/mod.ts";
import { listMailboxes, mailboxQuery } from "../mailboxes/mod.ts";
import { listPeopleOfStructure, peopleQuery, searchWords } from "../people/mod.ts";
import { problem } from "../problems.ts";
import {
  domainQuery,
  getStructure,
  listDomains,
  listMemberships,
  listStructures,
  structureCursor,
  structureParam,
  structureQuery,
  toStructureSort,
} from "../tenancy/mod.ts";
import {
  domainColumns,
  lineColumns,
  mailboxColumns,
  membershipColumns,
  personColumns,
  structureColumns,
} from "./columns.ts";
import { type Columns, pages, toCsv } from "./pages.ts";

/** A list's own query without what cuts it into pages. */
const whole = { limit: true, cursor: true } as const;

const csvFile = {
  description: "The whole list as CSV: UTF-8 with its mark, `;`, no cell that is a formula",
  headers: { "Content-Disposition": { schema: { type: "string" as const } } },
  content: { "text/csv": { schema: z.string() } },
};
const ofStructure = ["forbidden", "structure-not-found"] as const;

const mailboxesRoute = operation("mailbox.read", {
  operationId: "exportMailboxes",
  method: "get",
  path: "/api/v1/structures/{structureId}/mailboxes/export",
  tags: ["mailboxes"],
  summary: "The mailboxes of a structure as CSV, in the columns of an import",
  params: structureParam,
  query: mailboxQuery.omit(whole),
  responses: { 200: csvFile },
  problems: ofStructure,
});
const allMailboxesRoute = operation("mailbox.read", {
  operationId: "exportAllMailboxes",
  method: "get",
  path: "/api/v1/mailboxes/export",
  tags: ["mailboxes"],
  summary: "The mailboxes of every structure as CSV, for the operator",
  query: mailboxQuery.omit(whole),
  responses: { 200: csvFile },
  problems: ["forbidden"],
});
const peopleRoute = operation("person.read", {
  operationId: "exportPeople",
  method: "get",
  path: "/api/v1/structures/{structureId}/people/export",
  tags: ["people"],
  summary: "The people of a structure as CSV",
  params: structureParam,
  query: peopleQuery.omit(whole),
  responses: { 200: csvFile },
  problems: ofStructure,
});
const membershipsRoute = operation("membership.read", {
  operationId: "exportMemberships",
  method: "get",
  path: "/api/v1/structures/{structureId}/memberships/export",
  tags: ["people"],
  summary: "The roles held in a structure as CSV",
  params: structureParam,
  responses: { 200: csvFile },
  problems: ofStructure,
});
const domainsRoute = operation("domain.read", {
  operationId: "exportDomains",
  method: "get",
  path: "/api/v1/structures/{structureId}/domains/export",
  tags: ["structures"],
  summary: "The domains of a structure as CSV",
  params: structureParam,
  query: domainQuery.omit(whole),
  responses: { 200: csvFile },
  problems: ofStructure,
});
const structuresRoute = operation("structure.list", {
  operationId: "exportStructures",
  method: "get",
  path: "/api/v1/structures/export",
  tags: ["structures"],
  summary: "All structures as CSV, for the operator",
  query: structureQuery.omit(whole),
  responses: { 200: csvFile },
  problems: ["forbidden"],
});
const linesRoute = operation("batch.read", {
  operationId: "exportBatchLines",
  method: "get",
  path: "/api/v1/batches/{batchId}/lines/export",
  tags: ["batches"],
  summary: "Lines of a batch as CSV with what was found, to be corrected and sent again",
  params: batchParam,
  query: lineQuery.omit(whole),
  responses: { 200: csvFile },
  problems: ["batch-not-found"],
});

export function csvExportRoutes(): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(mailboxesRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ctx = contextOf(c);
    authorise(ctx, "structure.read", { structureId });
    if (!may(ctx.actor, "mailbox.read", { structureId })) {
      throw problem("forbidden", { action: "mailbox.read" });
    }
    const { sort, ...filter } = c.req.valid("query");
    const rows = pages(
      (page) =>
        inStructure(ctx, structureId, async (tx) => {
          await getStructure(tx, structureId);
          return await listMailboxes(tx, structureId, page, sort, filter);
        }),
      (row) => [row.sort_key, row.id],
    );
    return await answerCsv(c, "boites", mailboxColumns, rows);
  });

  routes.openapi(allMailboxesRoute, async (c) => {
    const ctx = contextOf(c);
    if (!may(ctx.actor, "mailbox.read")) throw problem("forbidden", { action: "mailbox.read" });
    const { sort, ...filter } = c.req.valid("query");
    const rows = pages(
      (page) => inOperator(ctx, (tx) => listMailboxes(tx, "all", page, sort, filter)),
      (row) => [row.sort_key, row.id],
    );
    return await answerCsv(c, "boites", mailboxColumns, rows);
  });

  routes.openapi(peopleRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ctx = contextOf(c);
    authorise(ctx, "person.read", { structureId });
    const { q, ...filter } = c.req.valid("query");
    const rows = pages(
      (page) =>
        inStructure(ctx, structureId, async (tx) => {
          await getStructure(tx, structureId);
          const words = searchWords(q);
          return await listPeopleOfStructure(tx, structureId, page, { ...filter, words }, ctx.now());
        }),
      (row) => [row.sort_key, row.id],
    );
    return await answerCsv(c, "personnes", personColumns, rows);
  });

  routes.openapi(membershipsRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ctx = contextOf(c);
    authorise(ctx, "membership.read", { structureId });
    const rows = pages(
      (page) =>
        inStructure(ctx, structureId, async (tx) => {
          await getStructure(tx, structureId);
          return await asPlatform(tx, () => listMemberships(tx, structureId, page));
        }),
      (row) => [row.family_name, row.person_id, row.role],
    );
    return await answerCsv(c, "roles", membershipColumns, rows);
  });

  routes.openapi(domainsRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ctx = contextOf(c);
    authorise(ctx, "domain.read", { structureId });
    const { sort, ...filter } = c.req.valid("query");
    const rows = pages(
      (page) =>
        inStructure(ctx, structureId, async (tx) => {
          await getStructure(tx, structureId);
          return await listDomains(tx, structureId, page, { ...filter, isDescending: sort === "-name" });
        }),
      (row) => [sort, row.name],
    );
    return await answerCsv(c, "domaines", domainColumns, rows);
  });

  routes.openapi(structuresRoute, async (c) => {
    const ctx = contextOf(c);
    authorise(ctx, "structure.list");
    const { sort, ...query } = c.req.valid("query");
    const filter = { ...query, ...toStructureSort(sort) };
    const rows = pages(
      (page) => inOperator(ctx, (tx) => listStructures(tx, page, "all", filter)),
      (row) => [sort, ...structureCursor(row, filter.sortBy)],
    );
    return await answerCsv(c, "structures", structureColumns, rows);
  });

  routes.openapi(linesRoute, async (c) => {
    const { batchId } = c.req.valid("param");
    const ctx = contextOf(c);
    const structureId = await authoriseOnBatch(ctx, "batch.read", batchId);
    const filter = c.req.valid("query");
    const rows = pages(
      ({ after, limit }) =>
        inStructure(ctx, structureId, async (tx) => {
          const batch = await getBatch(tx, structureId, batchId);
          return await listLines(tx, batch, { after: Number(after?.[0] ?? 0), limit: limit + 1 }, filter);
        }),
      (row) => [String(row.line)],
    );
    return await answerCsv(c, "lignes", lineColumns, rows);
  });

  return routes;
}

async function answerCsv<Row>(
  c: HonoContext<ApiEnv>,
  name: string,
  columns: Columns<Row>,
  rows: AsyncGenerator<readonly Row[]>,
) {
  const day = contextOf(c).now().toISOString().slice(0, 10);
  return c.body(await toCsv(columns, rows), 200, {
    "content-type": "text/csv; charset=utf-8",
    "content-disposition": `attachment; filename="${name}-${day}.csv"`,
    "cache-control": "no-store",
  });
}
