import { type NoticeJob, sendNotice } from "../inactivity/mod.ts";
import { MailServerRefused, MailServerUnavailable, putNotice } from "../mail-server/mod.ts";
import { runAgainLater } from "./again-later.ts";
import type { WorkerDeps } from "./worker-deps.ts";

/** Puts the notice into the box; a mail server that is away is waited for, and the time to object begins only then. */
export async function sendInactivityNotice(deps: WorkerDeps, job: NoticeJob): Promise<void> {
  const ctx = deps.contextOf("send-inactivity-notice");
  try {
    await sendNotice(ctx, job, deps.noticeFrom, (notice) => putNotice(deps.mailServer, notice));
  } catch (error) {
    const { mailboxId } = job;
    if (error instanceof MailServerUnavailable) {
      await runAgainLater(
        ctx,
        { kind: "send-inactivity-notice", ...job },
        `send-inactivity-notice:${mailboxId}`,
      );
      ctx.log.warn("send-inactivity-notice.waits", { mailboxId });
    } else if (error instanceof MailServerRefused) {
      // Nothing happens to a box without its notice: it stays pending, to be seen in the campaign.
      ctx.log.error("send-inactivity-notice.refused", { mailboxId, reason: error.reason });
    } else throw error;
  }
}
