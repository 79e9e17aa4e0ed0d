import { type NewPlaceJob, tellOfNewPlace } from "../identity/mod.ts";
import { MailServerRefused, MailServerUnavailable, putNotice } from "../mail-server/mod.ts";
import { runAgainLater } from "./again-later.ts";
import type { WorkerDeps } from "./worker-deps.ts";

/** Puts the notice into the person's own boxes; a mail server that is away is waited for. */
export async function sendNewPlaceNotice(deps: WorkerDeps, job: NewPlaceJob): Promise<void> {
  const ctx = deps.contextOf("send-new-place-notice");
  const { sessionId } = job;
  try {
    await tellOfNewPlace(ctx, job, deps.noticeFrom, (notice) => putNotice(deps.mailServer, notice));
  } catch (error) {
    if (error instanceof MailServerUnavailable) {
      await runAgainLater(ctx, { kind: "send-new-place-notice", sessionId }, `new-place:${sessionId}`);
    } else if (error instanceof MailServerRefused) {
      // It stands in the list of sessions all the same.
      ctx.log.error("send-new-place-notice.refused", { sessionId, reason: error.reason });
    } else throw error;
  }
}
