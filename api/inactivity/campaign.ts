import { addDays } from "../days.ts";
import { recordAudit } from "../audit/mod.ts";
import type { Actor, Context } from "../context.ts";
import { enqueueEach } from "../database/enqueue.ts";
import { inStructure } from "../database/in-tenant.ts";
import { onUnique } from "../database/unique.ts";
import { checkVersion } from "../http/version.ts";
import { authorise } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { requireActiveStructure } from "../tenancy/mod.ts";
import { dropOpenCases } from "./case-queries.ts";
import { type Delays } from "./delays.ts";
import { type CountedCampaign, endCampaign, getCampaign, insertCampaign } from "./queries.ts";
import { readSettings } from "./settings.ts";

/**
 * Begins a campaign with every box that is due: a notice is put into each by the worker, and the time to object begins with
 * its delivery. Throws `structure-not-found`, `structure-suspended`, `structure-closed`, `inactivity-campaign-running`.
 */
export async function startCampaign(
  ctx: Context,
  defaults: Delays,
  { structureId }: { readonly structureId: string },
): Promise<CountedCampaign> {
  authorise(ctx, "inactivity.start", { structureId });
  return await inStructure(ctx, structureId, async (tx) => {
    await requireActiveStructure(tx, structureId);
    const delays = await readSettings(tx, defaults, structureId);
    const now = ctx.now();
    const { campaign, mailboxIds } = await onUnique(
      "inactivity_campaigns__running",
      () => problem("inactivity-campaign-running"),
      () =>
        insertCampaign(tx, structureId, {
          delays,
          before: addDays(now, -delays.noticeAfterDays),
          by: starterOf(ctx.actor),
          now,
        }),
    );
    await recordAudit(tx, ctx, {
      action: "inactivity.start",
      subject: { kind: "inactivity-campaign", id: campaign.id },
      structureId,
      after: { id: campaign.id, lineCount: mailboxIds.length, settings: delays },
    });
    await enqueueEach(tx, "send-inactivity-notice", structureId, mailboxIds);
    return await getCampaign(tx, structureId, campaign.id);
  });
}

/**
 * Ends a campaign before its time: nothing more happens to its boxes, and those that had left the directory come back. What
 * was closed stays so. Idempotent. Throws `inactivity-campaign-not-found`, `version-mismatch`.
 */
export async function cancelCampaign(
  ctx: Context,
  { structureId, campaignId, ifVersion }: {
    readonly structureId: string;
    readonly campaignId: string;
    readonly ifVersion?: number | undefined;
  },
): Promise<void> {
  authorise(ctx, "inactivity.cancel", { structureId });
  await inStructure(ctx, structureId, async (tx) => {
    const campaign = await getCampaign(tx, structureId, campaignId, true);
    if (campaign.state !== "running") return;
    checkVersion(campaign.version, ifVersion);
    await dropOpenCases(tx, campaign, ctx.now());
    await endCampaign(tx, campaign, "cancelled", ctx.now());
    await recordAudit(tx, ctx, {
      action: "inactivity.cancel",
      subject: { kind: "inactivity-campaign", id: campaignId },
      structureId,
      before: { state: campaign.state },
      after: { state: "cancelled" },
    });
  });
}

function starterOf(actor: Actor) {
  switch (actor.kind) {
    case "person":
      return { kind: actor.kind, id: actor.personId, label: actor.displayName };
    case "service":
      return { kind: actor.kind, id: actor.serviceAccountId, label: actor.displayName };
    case "system":
      return { kind: actor.kind, id: null, label: actor.job };
    case "anonymous":
      return { kind: actor.kind, id: null, label: "" };
  }
}
