import { inSystem } from "../database/in-tenant.ts";
import { MailServerUnavailable } from "../mail-server/mod.ts";
import { runAgainLater } from "./again-later.ts";
import { findMailboxToApply } from "./queries.ts";
import type { WorkerDeps } from "./worker-deps.ts";

/** Has the mail server forget what it let in under a client password that has been changed or withdrawn. */
export async function endSessions(
  deps: WorkerDeps,
  { structureId, mailboxId }: { structureId: string; mailboxId: string },
): Promise<void> {
  const ctx = deps.contextOf("end-sessions");
  const mailbox = await inSystem(ctx, (tx) => findMailboxToApply(tx, structureId, mailboxId));
  if (!mailbox) return;
  try {
    await deps.mailServer.kickSessions(mailbox.desired.address);
  } catch (error) {
    if (!(error instanceof MailServerUnavailable)) throw error;
    // A server that was away has no open session, but may keep what it once let in.
    await runAgainLater(ctx, { kind: "end-sessions", structureId, mailboxId }, `end-sessions:${mailboxId}`);
  }
}
