import { addDays } from "../days.ts";
import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inStructure, inSystem } from "../database/in-tenant.ts";
import { closeMailbox } from "../mailboxes/mod.ts";
import { Problem } from "../problems.ts";
import { startCampaign } from "./campaign.ts";
import {
  type DueCase,
  findOpenCase,
  listAutomaticStructures,
  listDueCases,
  listFinishedCampaigns,
  setDepublished,
  writeCase,
} from "./case-queries.ts";
import { type Delays } from "./delays.ts";
import { countInactiveBoxes, endCampaign } from "./queries.ts";
import { readSettings } from "./settings.ts";

export interface InactivitySettings {
  readonly defaults: Delays;
  readonly closedMailRetentionDays: number;
}

const chunkSize = 200;

/**
 * The daily job: who came back is let go, who did not object leaves the directory, then is closed; campaigns without an open
 * case end, and structures that want it get their next one. Looks at each case again under its lock: harmless when repeated.
 */
export async function advanceInactivity(ctx: Context, settings: InactivitySettings): Promise<void> {
  for (let last = -1; last !== 0;) {
    const due = await inSystem(ctx, (tx) => listDueCases(tx, ctx.now(), chunkSize));
    for (const one of due) await advanceCase(ctx, settings, one);
    // A case that cannot go on (its closing was refused) must not keep the job for ever.
    last = due.length < chunkSize ? 0 : due.length;
  }
  for (const campaign of await inSystem(ctx, (tx) => listFinishedCampaigns(tx))) {
    await inSystem(ctx, (tx) => endCampaign(tx, campaign, "ended", ctx.now()));
  }
  for (const structureId of await inSystem(ctx, (tx) => listAutomaticStructures(tx))) {
    await startWhenDue(ctx, settings.defaults, structureId);
  }
}

async function advanceCase(ctx: Context, settings: InactivitySettings, due: DueCase): Promise<void> {
  const { structureId, mailboxId } = due;
  const now = ctx.now();
  const closing = await inStructure(ctx, structureId, async (tx) => {
    const one = await findOpenCase(tx, structureId, mailboxId);
    if (one === undefined) return undefined;
    switch (due.next) {
      case "returned":
      case "dropped":
        if (one.state === "depublished") await setDepublished(tx, structureId, mailboxId, null, now);
        await writeCase(tx, one, { state: due.next, decided_at: now });
        return undefined;
      case "depublish":
        if (one.state !== "noticed") return undefined;
        await setDepublished(tx, structureId, mailboxId, now, now);
        await writeCase(tx, one, { state: "depublished" });
        await recordAudit(tx, ctx, {
          action: "inactivity.depublish",
          subject: { kind: "mailbox", id: mailboxId },
          structureId,
          before: { state: "noticed" },
          after: { state: "depublished" },
          reason: `campaign ${one.campaign_id}`,
        });
        return undefined;
      case "close":
        return one.state === "depublished" ? one : undefined;
    }
  });
  if (closing === undefined) return;
  await closeMailbox(ctx, {
    mailboxId,
    reason: `inactivity campaign ${closing.campaign_id}`,
    confirmAddress: closing.address,
    retentionDays: settings.closedMailRetentionDays,
  });
  // Apart from the closing: should the process die in between, the next round finds a box that is no longer active.
  await inStructure(ctx, structureId, async (tx) => {
    const one = await findOpenCase(tx, structureId, mailboxId);
    if (one?.state === "depublished") await writeCase(tx, one, { state: "closing", decided_at: now });
    // It is published no more since it is closing; one that is opened again is.
    await setDepublished(tx, structureId, mailboxId, null, now);
  });
}

async function startWhenDue(ctx: Context, defaults: Delays, structureId: string): Promise<void> {
  const isDue = await inStructure(ctx, structureId, async (tx) => {
    const { noticeAfterDays } = await readSettings(tx, defaults, structureId);
    return await countInactiveBoxes(tx, structureId, addDays(ctx.now(), -noticeAfterDays)) > 0;
  });
  if (!isDue) return;
  try {
    await startCampaign(ctx, defaults, { structureId });
  } catch (error) {
    // Somebody was quicker, or the structure has just been suspended: tomorrow is another day.
    if (!(error instanceof Problem)) throw error;
    ctx.log.info("advance-inactivity.not-started", { structureId, problem: error.slug });
  }
}
