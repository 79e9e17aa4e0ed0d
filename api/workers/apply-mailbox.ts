import { inSystem } from "../database/in-tenant.ts";
import { mailboxJobKey } from "../database/enqueue.ts";
import { MailServerRefused, MailServerUnavailable } from "../mail-server/mod.ts";
import { runAgainLater } from "./again-later.ts";
import { findMailboxToApply, markMailboxApplied, markMailboxHeld } from "./queries.ts";
import type { WorkerDeps } from "./worker-deps.ts";

/**
 * Makes the mail server match the box's row. The SQL views have already refused new sign-ins and deliveries of a suspended box
 * at the commit; here the server itself learns it, and what is open is ended (facts: in force within 5 s of the answer).
 */
export async function applyMailbox(
  deps: WorkerDeps,
  { structureId, mailboxId }: { structureId: string; mailboxId: string },
): Promise<void> {
  const ctx = deps.contextOf("apply-mailbox");
  const mailbox = await inSystem(ctx, (tx) => findMailboxToApply(tx, structureId, mailboxId));
  if (!mailbox) return;
  const { version, desired } = mailbox;
  try {
    if (desired.status !== "closed") await deps.mailServer.applyDomain(mailbox.domain);
    await deps.mailServer.applyMailbox(desired);
    if (desired.status !== "active") await deps.mailServer.kickSessions(desired.address);
  } catch (error) {
    if (error instanceof MailServerUnavailable) {
      await inSystem(
        ctx,
        (tx) => markMailboxHeld(tx, structureId, mailboxId, version, "pending", "mail-server-unavailable"),
      );
      await runAgainLater(ctx, { kind: "apply-mailbox", structureId, mailboxId }, mailboxJobKey(mailboxId));
      ctx.log.warn("apply-mailbox.waits", { mailboxId, version });
      return;
    }
    if (error instanceof MailServerRefused) {
      await inSystem(
        ctx,
        (tx) => markMailboxHeld(tx, structureId, mailboxId, version, "action_required", error.reason),
      );
      ctx.log.error("apply-mailbox.refused", { mailboxId, version, reason: error.reason });
      return;
    }
    throw error;
  }
  await inSystem(ctx, (tx) => markMailboxApplied(tx, structureId, mailboxId, version));
  await deps.announceMailbox(mailboxId);
  ctx.log.info("apply-mailbox.applied", { mailboxId, version, status: desired.status });
}
