import { enqueue, mailboxJobKey } from "../database/enqueue.ts";
import { inSystem, type Tx } from "../database/in-tenant.ts";
import { MailServerRefused, MailServerUnavailable } from "../mail-server/mod.ts";
import { waitedFor } from "./again-later.ts";
import {
  findMailboxToApply,
  lockMailbox,
  type MailboxToApply,
  markMailboxApplied,
  markMailboxHeld,
  markMailboxMoved,
} from "./queries.ts";
import type { WorkerDeps } from "./worker-deps.ts";

interface MailboxJob {
  readonly structureId: string;
  readonly mailboxId: string;
}

/**
 * Makes the mail server match the box's row. The SQL views have already refused new sign-ins and deliveries of a suspended box
 * at the commit; here the server itself learns it, and what is open is ended (facts: in force within 5 s of the answer).
 *
 * Jobs of one box run one after the other: else an older state that is slow to reach the server could overtake a newer one
 * that was already noted as applied.
 */
export async function applyMailbox(deps: WorkerDeps, job: MailboxJob): Promise<void> {
  const ctx = deps.contextOf("apply-mailbox");
  const { structureId, mailboxId } = job;
  const failure = await inSystem(ctx, async (tx) => {
    await lockMailbox(tx, mailboxId);
    const mailbox = await findMailboxToApply(tx, structureId, mailboxId);
    if (!mailbox) return undefined;
    const { version, desired, movesFrom } = mailbox;
    // A job that still works on the address that is given up comes first.
    if (movesFrom !== undefined) await lockMailbox(tx, movesFrom.id);
    try {
      await reachState(deps, mailbox);
    } catch (error) {
      await noteFailure(deps, tx, job, version, error);
      return error instanceof MailServerUnavailable || error instanceof MailServerRefused ? undefined : error;
    }
    if (movesFrom !== undefined) await markMailboxMoved(tx, structureId, mailboxId, ctx.now());
    await markMailboxApplied(tx, structureId, mailboxId, version);
    ctx.log.info("apply-mailbox.applied", { mailboxId, version, status: desired.status });
    return undefined;
  });
  // Told in any case: the gateways judge by the row, not by the mail server.
  await deps.announceMailbox(mailboxId);
  if (failure !== undefined) throw failure;
}

async function reachState({ mailServer }: WorkerDeps, mailbox: MailboxToApply): Promise<void> {
  const { desired, domain, movesFrom, isMovedAway } = mailbox;
  if (isMovedAway) {
    // The account goes on under its new address (the other row's job): only what is open under this one ends.
    await mailServer.kickSessions(desired.address);
    return;
  }
  if (movesFrom !== undefined) {
    await mailServer.applyDomain(domain);
    await mailServer.renameMailbox(movesFrom.address, desired.address);
    await mailServer.kickSessions(movesFrom.address);
  }
  if (desired.status !== "closed") await mailServer.applyDomain(domain);
  await mailServer.applyMailbox(desired);
  if (desired.status !== "active") await mailServer.kickSessions(desired.address);
}

/** Notes why this version does not stand. What the queue repeats by itself is `failed` until it succeeds. */
async function noteFailure(
  deps: WorkerDeps,
  tx: Tx,
  { structureId, mailboxId }: MailboxJob,
  version: number,
  error: unknown,
): Promise<void> {
  const { log, now } = deps.contextOf("apply-mailbox");
  if (error instanceof MailServerUnavailable) {
    await markMailboxHeld(tx, structureId, mailboxId, version, "pending", "mail-server-unavailable");
    const again = { kind: "apply-mailbox", structureId, mailboxId } as const;
    await enqueue(tx, again, mailboxJobKey(mailboxId), waitedFor(now()));
    log.warn("apply-mailbox.waits", { mailboxId, version });
  } else if (error instanceof MailServerRefused) {
    await markMailboxHeld(tx, structureId, mailboxId, version, "action_required", error.reason);
    log.error("apply-mailbox.refused", { mailboxId, version, reason: error.reason });
  } else {
    await markMailboxHeld(tx, structureId, mailboxId, version, "failed", "internal-error");
    log.error("apply-mailbox.failed", {
      mailboxId,
      version,
      error: error instanceof Error ? error.message : "unknown",
    });
  }
}
