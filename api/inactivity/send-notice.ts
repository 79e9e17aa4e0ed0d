import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inStructure } from "../database/in-tenant.ts";
import type { Notice } from "../mail-server/mod.ts";
import { findOpenCase, writeCase } from "./case-queries.ts";
import { datesAfter } from "./delays.ts";
import { noticeSubject, noticeText } from "./notice-text.ts";
import { getCampaign } from "./queries.ts";

export interface NoticeJob {
  readonly structureId: string;
  readonly mailboxId: string;
}

/**
 * Delivers the notice of one box and lets its time to object begin. The case stays locked meanwhile: a notice goes once,
 * but for a worker that is killed between the delivery and its commit, and a second notice does no harm.
 *
 * @param put throws `MailServerUnavailable`, `MailServerRefused`: then nothing was noted
 */
export async function sendNotice(
  ctx: Context,
  { structureId, mailboxId }: NoticeJob,
  from: string,
  put: (notice: Notice) => Promise<void>,
): Promise<void> {
  await inStructure(ctx, structureId, async (tx) => {
    const one = await findOpenCase(tx, structureId, mailboxId);
    if (one?.state !== "pending") return;
    const campaign = await getCampaign(tx, structureId, one.campaign_id);
    const now = ctx.now();
    const dates = datesAfter({
      noticeAfterDays: campaign.notice_after_days,
      objectionDays: campaign.objection_days,
      depublishAfterDays: campaign.depublish_after_days,
      closeAfterDays: campaign.close_after_days,
    }, now);
    await put({
      address: one.address,
      from,
      subject: noticeSubject,
      text: noticeText(one.address, { lastActiveAt: one.last_active_at, ...dates }),
    });
    await writeCase(tx, one, {
      state: "noticed",
      noticed_at: now,
      object_until: dates.objectUntil,
      depublish_at: dates.depublishAt,
      close_at: dates.closeAt,
    });
    await recordAudit(tx, ctx, {
      action: "inactivity.notice",
      subject: { kind: "mailbox", id: mailboxId },
      structureId,
      before: { state: "pending" },
      after: { state: "noticed" },
      reason: `campaign ${campaign.id}`,
    });
  });
}
