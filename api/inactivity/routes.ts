import { addDays } from "../days.ts";
import type { OpenAPIHono } from "@hono/zod-openapi";
import { inPerson, inStructure } from "../database/in-tenant.ts";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { answer, operation, versionedAnswer } from "../http/operation.ts";
import { page, type PageRequest, pageRequest } from "../http/paginate.ts";
import { etag, versionOf } from "../http/version.ts";
import { authorise } from "../identity/mod.ts";
import { mailboxParam } from "../mailboxes/mod.ts";
import { invalidRequest } from "../problems.ts";
import { getStructure, structureParam } from "../tenancy/mod.ts";
import { cancelCampaign, startCampaign } from "./campaign.ts";
import { listCases, listOwnCases } from "./case-queries.ts";
import { type Delays } from "./delays.ts";
import { objectToClosing } from "./object.ts";
import { countInactiveBoxes, getCampaign, listCampaigns, listInactiveBoxes } from "./queries.ts";
import {
  campaignBody,
  campaignInput,
  campaignPage,
  campaignParam,
  caseBody,
  caseList,
  casePage,
  caseQuery,
  objectionInput,
  previewPage,
  previewQuery,
  settingsBody,
  settingsChange,
  toCampaignBody,
  toCaseBody,
  toPreviewBody,
  toSettingsBody,
} from "./schemas.ts";
import { pageQuery } from "../http/paginate.ts";
import { changeSettings, readSettings } from "./settings.ts";

const missing = ["structure-not-found", "inactivity-campaign-not-found"] as const;
const base = "/api/v1/structures/{structureId}/inactivity";

const readSettingsRoute = operation("inactivity.read", {
  operationId: "readInactivitySettings",
  method: "get",
  path: `${base}/settings`,
  tags: ["inactivity"],
  summary: "The delays that hold in a structure: its own, or the operator's",
  params: structureParam,
  responses: { 200: versionedAnswer("The settings", settingsBody) },
  problems: ["forbidden", "structure-not-found"],
});
const changeSettingsRoute = operation("inactivity.change-settings", {
  operationId: "changeInactivitySettings",
  method: "patch",
  path: `${base}/settings`,
  tags: ["inactivity"],
  summary: "Settles the delays of a structure; a campaign that runs keeps its own",
  params: structureParam,
  body: settingsChange,
  isVersioned: true,
  responses: { 200: versionedAnswer("Settled", settingsBody) },
  problems: ["structure-not-found"],
});
const previewRoute = operation("inactivity.read", {
  operationId: "previewInactivity",
  method: "get",
  path: `${base}/preview`,
  tags: ["inactivity"],
  summary: "Dry run: who would be noticed, and what would follow when, if nobody opens the box",
  params: structureParam,
  query: previewQuery,
  responses: { 200: answer("A page", previewPage) },
  problems: ["forbidden", "structure-not-found"],
});
const startCampaignRoute = operation("inactivity.start", {
  operationId: "startInactivityCampaign",
  method: "post",
  path: `${base}/campaigns`,
  tags: ["inactivity"],
  summary: "Begins a campaign with every box that is due",
  params: structureParam,
  body: campaignInput,
  responses: { 201: versionedAnswer("Begun", campaignBody) },
  problems: ["structure-not-found", "structure-suspended", "structure-closed", "inactivity-campaign-running"],
});
const listCampaignsRoute = operation("inactivity.read", {
  operationId: "listInactivityCampaigns",
  method: "get",
  path: `${base}/campaigns`,
  tags: ["inactivity"],
  summary: "The campaigns of a structure, the newest first",
  params: structureParam,
  query: pageQuery,
  responses: { 200: answer("A page", campaignPage) },
  problems: ["forbidden", "structure-not-found"],
});
const readCampaignRoute = operation("inactivity.read", {
  operationId: "readInactivityCampaign",
  method: "get",
  path: `${base}/campaigns/{campaignId}`,
  tags: ["inactivity"],
  summary: "One campaign with its counts",
  params: campaignParam,
  responses: { 200: versionedAnswer("The campaign", campaignBody) },
  problems: ["forbidden", ...missing],
});
const cancelCampaignRoute = operation("inactivity.cancel", {
  operationId: "cancelInactivityCampaign",
  method: "delete",
  path: `${base}/campaigns/{campaignId}`,
  tags: ["inactivity"],
  summary: "Ends a campaign before its time: nothing more happens to its boxes",
  params: campaignParam,
  isVersioned: true,
  responses: { 204: { description: "Ended, or had ended already" } },
  problems: ["structure-not-found", "inactivity-campaign-not-found"],
});
const listCasesRoute = operation("inactivity.read", {
  operationId: "listInactivityCases",
  method: "get",
  path: `${base}/campaigns/{campaignId}/mailboxes`,
  tags: ["inactivity"],
  summary: "The boxes of a campaign: who was noticed, objected, came back, is closed",
  params: campaignParam,
  query: caseQuery,
  responses: { 200: answer("A page", casePage) },
  problems: ["forbidden", ...missing],
});
const objectRoute = operation("everybody", {
  operationId: "objectToInactivity",
  method: "post",
  path: "/api/v1/mailboxes/{mailboxId}/inactivity-objection",
  tags: ["inactivity"],
  summary: "« Je garde ma boîte »: the holder or a member objects",
  params: mailboxParam,
  body: objectionInput,
  responses: { 200: answer("The box stays", caseBody) },
  problems: ["mailbox-not-found", "inactivity-not-noticed"],
});
const ownNoticesRoute = operation("everybody", {
  operationId: "listInactivityNotices",
  method: "get",
  path: "/api/v1/inactivity-notices",
  tags: ["inactivity"],
  summary: "Open notices of the boxes that one may open",
  responses: { 200: answer("All of them", caseList) },
});

export function inactivityRoutes(defaults: Delays): OpenAPIHono<ApiEnv> {
  const routes = createRoutes();

  routes.openapi(readSettingsRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ctx = contextOf(c);
    authorise(ctx, "inactivity.read", { structureId });
    const settings = await inStructure(ctx, structureId, async (tx) => {
      await getStructure(tx, structureId);
      return await readSettings(tx, defaults, structureId);
    });
    c.header("etag", etag(settings.version));
    return c.json(toSettingsBody(settings), 200);
  });

  routes.openapi(changeSettingsRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    const change = c.req.valid("json");
    const settings = await changeSettings(contextOf(c), defaults, { structureId, change, ifVersion });
    c.header("etag", etag(settings.version));
    return c.json(toSettingsBody(settings), 200);
  });

  routes.openapi(previewRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ctx = contextOf(c);
    authorise(ctx, "inactivity.read", { structureId });
    const { withinDays, ...query } = c.req.valid("query");
    const request = timePage(query);
    const now = ctx.now();
    const { rows, total, delays } = await inStructure(ctx, structureId, async (tx) => {
      await getStructure(tx, structureId);
      const delays = await readSettings(tx, defaults, structureId);
      const before = addDays(now, withinDays - delays.noticeAfterDays);
      return {
        delays,
        rows: await listInactiveBoxes(tx, structureId, before, request),
        total: await countInactiveBoxes(tx, structureId, before),
      };
    });
    const shown = page(
      rows,
      request.limit,
      (row) => [row.last_active_at.toISOString(), row.id],
      (row) => toPreviewBody(row, delays, now),
    );
    return c.json({ ...shown, total }, 200);
  });

  routes.openapi(startCampaignRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const campaign = await startCampaign(contextOf(c), defaults, { structureId });
    c.header("location", `/api/v1/structures/${structureId}/inactivity/campaigns/${campaign.id}`);
    c.header("etag", etag(campaign.version));
    return c.json(toCampaignBody(campaign), 201);
  });

  routes.openapi(listCampaignsRoute, async (c) => {
    const { structureId } = c.req.valid("param");
    const ctx = contextOf(c);
    authorise(ctx, "inactivity.read", { structureId });
    const request = timePage(c.req.valid("query"));
    const rows = await inStructure(ctx, structureId, async (tx) => {
      await getStructure(tx, structureId);
      return await listCampaigns(tx, structureId, request);
    });
    const key = (row: { started_at: Date; id: string }) => [row.started_at.toISOString(), row.id];
    return c.json(page(rows, request.limit, key, toCampaignBody), 200);
  });

  routes.openapi(readCampaignRoute, async (c) => {
    const { structureId, campaignId } = c.req.valid("param");
    const ctx = contextOf(c);
    authorise(ctx, "inactivity.read", { structureId });
    const campaign = await inStructure(ctx, structureId, async (tx) => {
      await getStructure(tx, structureId);
      return await getCampaign(tx, structureId, campaignId);
    });
    c.header("etag", etag(campaign.version));
    return c.json(toCampaignBody(campaign), 200);
  });

  routes.openapi(cancelCampaignRoute, async (c) => {
    const ifVersion = versionOf(c.req.valid("header")["if-match"]);
    await cancelCampaign(contextOf(c), { ...c.req.valid("param"), ifVersion });
    return c.body(null, 204);
  });

  routes.openapi(listCasesRoute, async (c) => {
    const { structureId, campaignId } = c.req.valid("param");
    const ctx = contextOf(c);
    authorise(ctx, "inactivity.read", { structureId });
    const { state, ...query } = c.req.valid("query");
    const request = pageRequest(query, 1);
    const rows = await inStructure(ctx, structureId, async (tx) => {
      await getStructure(tx, structureId);
      return await listCases(tx, await getCampaign(tx, structureId, campaignId), request, state);
    });
    return c.json(page(rows, request.limit, (row) => [row.address], toCaseBody), 200);
  });

  routes.openapi(objectRoute, async (c) => {
    const { mailboxId } = c.req.valid("param");
    return c.json(toCaseBody(await objectToClosing(contextOf(c), { mailboxId })), 200);
  });

  routes.openapi(ownNoticesRoute, async (c) => {
    const ctx = contextOf(c);
    const { actor } = ctx;
    const rows = actor.kind === "person" ? await inPerson(ctx, actor.personId, (tx) => listOwnCases(tx)) : [];
    return c.json({ items: rows.map(toCaseBody) }, 200);
  });

  return routes;
}

/** A page by time and id. Throws `invalid-request` for a cursor of another list. */
function timePage(query: { limit: number; cursor?: string | undefined }): PageRequest {
  const request = pageRequest(query, 2);
  const [at, id] = request.after ?? [];
  if (
    at !== undefined &&
    (!/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(at) || Number.isNaN(Date.parse(at)) ||
      !/^[0-9a-f-]{36}$/.test(id ?? ""))
  ) {
    throw invalidRequest([{ pointer: "/query/cursor", detail: "is not a cursor of this list" }]);
  }
  return request;
}
