import { giveUpReminder, type ReminderJob, reminderJobKey, sendReminder } from "../client-access/mod.ts";
import { hasNotice, MailServerRefused, MailServerUnavailable, putNotice } from "../mail-server/mod.ts";
import { runAgainLater } from "./again-later.ts";
import type { WorkerDeps } from "./worker-deps.ts";

/** Puts the reminder into its box; a mail server that is away is waited for. */
export async function sendExpiryReminder(deps: WorkerDeps, job: ReminderJob): Promise<void> {
  const ctx = deps.contextOf("send-expiry-reminder");
  try {
    await sendReminder(ctx, job, {
      from: deps.noticeFrom,
      put: (notice) => putNotice(deps.mailServer, notice),
      has: (notice, since) => hasNotice(deps.mailServer, notice, since),
    });
  } catch (error) {
    if (error instanceof MailServerUnavailable) {
      const again = { kind: "send-expiry-reminder", ...job } as const;
      await runAgainLater(ctx, again, reminderJobKey(job.reminderId));
    } else if (error instanceof MailServerRefused) {
      await giveUpReminder(ctx, job);
      ctx.log.error("send-expiry-reminder.refused", { reminderId: job.reminderId, reason: error.reason });
    } else throw error;
  }
}
