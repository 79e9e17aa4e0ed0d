import { inSystem, type Tx } from "../database/in-tenant.ts";
import { enqueue, mailboxJobKey } from "../database/enqueue.ts";
import {
  type DesiredMailbox,
  type DifferenceId,
  type MailServer,
  MailServerUnavailable,
  type ObservedMailbox,
} from "../mail-server/mod.ts";
import { findMailboxToApply, listMailboxesAfter, noteUsedBytes } from "./queries.ts";
import type { WorkerDeps } from "./worker-deps.ts";

const pageSize = 200;
const firstId = "00000000-0000-0000-0000-000000000000";

/**
 * Compares every box with what the mail server says of it and has those applied that differ: what was changed behind our back,
 * or lost in a restore, is found within one round. Ends early when the mail server is away; the next round begins again.
 *
 * @returns how many boxes were looked at and how many differed
 */
export async function reconcileMailboxes(deps: WorkerDeps): Promise<{ seen: number; differing: number }> {
  const ctx = deps.contextOf("reconcile-mailboxes");
  let seen = 0;
  let differing = 0;
  for (let after = firstId;;) {
    const page = await inSystem(ctx, (tx) => listMailboxesAfter(tx, after, pageSize));
    const last = page.at(-1);
    if (!last) break;
    for (const { id, structureId, isBehind } of page) {
      seen++;
      const apply = (tx: Tx) =>
        enqueue(tx, { kind: "apply-mailbox", structureId, mailboxId: id }, mailboxJobKey(id));
      if (isBehind) {
        differing++;
        await inSystem(ctx, apply);
        continue;
      }
      const mailbox = await inSystem(ctx, (tx) => findMailboxToApply(tx, structureId, id));
      if (!mailbox || mailbox.isMovedAway) continue;
      const { verdict, usedBytes } = await compare(deps.mailServer, mailbox.desired);
      if (usedBytes !== null) await inSystem(ctx, (tx) => noteUsedBytes(tx, structureId, id, usedBytes));
      if (verdict === "unavailable") {
        ctx.log.warn("reconcile-mailboxes.interrupted", { seen, differing });
        return { seen, differing };
      }
      if (verdict === "differs") {
        differing++;
        ctx.log.warn("reconcile-mailboxes.differs", { mailboxId: id });
        await inSystem(ctx, apply);
      }
    }
    after = last.id;
  }
  ctx.log.info("reconcile-mailboxes.done", { seen, differing });
  return { seen, differing };
}

interface Comparison {
  readonly verdict: "same" | "differs" | "unavailable";
  /** Bytes of mail in the box, where the server says it. */
  readonly usedBytes: number | null;
}

async function compare(mailServer: MailServer, desired: DesiredMailbox): Promise<Comparison> {
  try {
    const observed = await mailServer.readMailbox(desired.address);
    return {
      verdict: isAsDesired(desired, observed, mailServer) ? "same" : "differs",
      usedBytes: observed?.usedBytes ?? null,
    };
  } catch (error) {
    if (error instanceof MailServerUnavailable) return { verdict: "unavailable", usedBytes: null };
    throw error;
  }
}

/** What the server cannot hold or tell, by its own table of differences, is no difference. */
function isAsDesired(
  desired: DesiredMailbox,
  observed: ObservedMailbox | undefined,
  mailServer: MailServer,
): boolean {
  if (desired.status === "closed") return observed === undefined;
  if (!observed) return false;
  const can = (id: DifferenceId) => !mailServer.differences.some((difference) => difference.id === id);
  return observed.quotaBytes === desired.quotaBytes &&
    (!can("refusal-by-the-server") || observed.status === desired.status) &&
    (!can("identity-set") || [...observed.sendAs].sort().join() === [...desired.sendAs].sort().join());
}
