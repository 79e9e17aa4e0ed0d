import { addDays } from "../days.ts";
import { z } from "../http/openapi.ts";
import { pageOf, pageQuery } from "../http/paginate.ts";
import { structureParam } from "../tenancy/mod.ts";
import { datesAfter, type Delays } from "./delays.ts";
import type { CaseRow, CountedCampaign, InactiveBox } from "./queries.ts";
import type { Settings } from "./settings.ts";

const days = (min: number, max: number) => z.int().min(min).max(max);
const delays = {
  noticeAfterDays: days(1, 3650).openapi({
    description: "Days without opening, after which the holder is noticed",
  }),
  objectionDays: days(1, 365).openapi({ description: "Days from the notice in which nothing happens" }),
  depublishAfterDays: days(1, 3650).openapi({
    description: "Days from the notice until it leaves the directory",
  }),
  closeAfterDays: days(1, 3650).openapi({ description: "Days from the notice until it is closed" }),
};
const caseState = z.enum(["pending", "noticed", "objected", "returned", "depublished", "closing", "dropped"]);

export const campaignParam = structureParam.extend({
  campaignId: z.guid().openapi({ param: { name: "campaignId", in: "path" }, format: "uuid" }),
});
export const previewQuery = pageQuery.extend({
  withinDays: z.coerce.number().int().min(0).max(3650).default(0).openapi({
    description: "Boxes that are due within so many days, if nobody opens them; 0 = those that are due now",
  }),
});
export const caseQuery = pageQuery.extend({ state: caseState.optional() });

export const settingsChange = z.strictObject({
  noticeAfterDays: delays.noticeAfterDays.optional(),
  objectionDays: delays.objectionDays.optional(),
  depublishAfterDays: delays.depublishAfterDays.optional(),
  closeAfterDays: delays.closeAfterDays.optional(),
  isAutomatic: z.boolean().optional(),
}).refine((change) => Object.keys(change).length > 0, { error: "names nothing to change" })
  .openapi("InactivitySettingsChange");
export const settingsBody = z.object({
  ...delays,
  isAutomatic: z.boolean().openapi({ description: "Campaigns begin by themselves" }),
  version: z.int().openapi({ description: "0 as long as the operator's defaults hold" }),
}).openapi("InactivitySettings");
/** Names the act: nothing else is needed, and an empty body is none. */
export const campaignInput = z.strictObject({
  confirm: z.literal(true).openapi({ description: "The preview was looked at" }),
}).openapi("NewInactivityCampaign");
export const objectionInput = z.strictObject({ keep: z.literal(true) }).openapi("InactivityObjection");

export const previewBody = z.object({
  mailboxId: z.uuid(),
  address: z.string(),
  type: z.string(),
  displayName: z.string(),
  lastAuthenticatedAt: z.iso.datetime().nullable(),
  inactiveDays: z.int(),
  noticeAt: z.iso.datetime(),
  objectUntil: z.iso.datetime(),
  depublishAt: z.iso.datetime(),
  closeAt: z.iso.datetime(),
}).openapi("InactivityPreview");
export const previewPage = pageOf(previewBody).extend({
  total: z.int().openapi({ description: "All boxes, whatever the page" }),
}).openapi("InactivityPreviewPage");

export const campaignBody = z.object({
  id: z.uuid(),
  structureId: z.uuid(),
  state: z.enum(["running", "ended", "cancelled"]),
  ...delays,
  counts: z.object(Object.fromEntries(caseState.options.map((state) => [state, z.int()])) as Record<
    (typeof caseState.options)[number],
    z.ZodInt
  >),
  startedBy: z.object({ kind: z.string(), id: z.uuid().nullable(), name: z.string() }),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  version: z.int(),
}).openapi("InactivityCampaign");
export const campaignPage = pageOf(campaignBody).openapi("InactivityCampaignPage");

export const caseBody = z.object({
  mailboxId: z.uuid(),
  structureId: z.uuid(),
  campaignId: z.uuid(),
  address: z.string(),
  state: caseState,
  lastActiveAt: z.iso.datetime(),
  noticedAt: z.iso.datetime().nullable(),
  objectUntil: z.iso.datetime().nullable(),
  depublishAt: z.iso.datetime().nullable(),
  closeAt: z.iso.datetime().nullable(),
  decidedAt: z.iso.datetime().nullable(),
}).openapi("InactivityCase");
export const casePage = pageOf(caseBody).openapi("InactivityCasePage");
export const caseList = z.object({ items: z.array(caseBody) }).openapi("InactivityNotices");

export function toSettingsBody(settings: Settings): z.infer<typeof settingsBody> {
  return { ...settings };
}

/** What would happen if the campaign began when the box is due, and not before now. */
export function toPreviewBody(box: InactiveBox, delays: Delays, now: Date): z.infer<typeof previewBody> {
  const due = addDays(box.last_active_at, delays.noticeAfterDays);
  const noticeAt = due > now ? due : now;
  const dates = datesAfter(delays, noticeAt);
  return {
    mailboxId: box.id,
    address: box.address,
    type: box.type,
    displayName: box.display_name,
    lastAuthenticatedAt: box.last_authenticated_at?.toISOString() ?? null,
    inactiveDays: Math.max(0, Math.floor((now.getTime() - box.last_active_at.getTime()) / 86_400_000)),
    noticeAt: noticeAt.toISOString(),
    objectUntil: dates.objectUntil.toISOString(),
    depublishAt: dates.depublishAt.toISOString(),
    closeAt: dates.closeAt.toISOString(),
  };
}

export function toCampaignBody(campaign: CountedCampaign): z.infer<typeof campaignBody> {
  return {
    id: campaign.id,
    structureId: campaign.structure_id,
    state: campaign.state,
    noticeAfterDays: campaign.notice_after_days,
    objectionDays: campaign.objection_days,
    depublishAfterDays: campaign.depublish_after_days,
    closeAfterDays: campaign.close_after_days,
    counts: Object.fromEntries(
      caseState.options.map((
        state,
      ) => [state, campaign.counts.find((one) => one.state === state)?.count ?? 0]),
    ) as z.infer<typeof campaignBody>["counts"],
    startedBy: {
      kind: campaign.started_by_kind,
      id: campaign.started_by_id,
      name: campaign.started_by_label,
    },
    startedAt: campaign.started_at.toISOString(),
    endedAt: campaign.ended_at?.toISOString() ?? null,
    version: campaign.version,
  };
}

export function toCaseBody(row: CaseRow): z.infer<typeof caseBody> {
  return {
    mailboxId: row.mailbox_id,
    structureId: row.structure_id,
    campaignId: row.campaign_id,
    address: row.address,
    state: row.state,
    lastActiveAt: row.last_active_at.toISOString(),
    noticedAt: row.noticed_at?.toISOString() ?? null,
    objectUntil: row.object_until?.toISOString() ?? null,
    depublishAt: row.depublish_at?.toISOString() ?? null,
    closeAt: row.close_at?.toISOString() ?? null,
    decidedAt: row.decided_at?.toISOString() ?? null,
  };
}
