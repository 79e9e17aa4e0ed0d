import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { enqueue, mailboxJobKey } from "../database/enqueue.ts";
import { inStructure, inSystem } from "../database/in-tenant.ts";
import { reserveMailboxQuota } from "../tenancy/mod.ts";
import { findMailboxForUpdate, listMailboxesToPurge, writeMailbox } from "./queries.ts";
import { toMailboxBody } from "./schemas.ts";

/**
 * Ends the boxes whose time of keeping is over: `closing` → `closed`; the job that follows destroys the mail. One
 * transaction per box, so that a purge that is interrupted goes on where it stopped. Says how many there were.
 */
export async function purgeClosedMailboxes(ctx: Context): Promise<number> {
  let purged = 0;
  for (;;) {
    const due = await inSystem(ctx, (tx) => listMailboxesToPurge(tx, ctx.now(), 100));
    if (due.length === 0) return purged;
    for (const one of due) if (await purge(ctx, one)) purged++;
  }
}

async function purge(
  ctx: Context,
  { structureId, mailboxId }: { structureId: string; mailboxId: string },
): Promise<boolean> {
  return await inStructure(ctx, structureId, async (tx) => {
    // The structure first, then the box: the order of every writer (api/tenancy/quota.ts).
    await reserveMailboxQuota(tx, structureId, {});
    const before = await findMailboxForUpdate(tx, structureId, mailboxId);
    // Reopened since it was listed.
    if (before?.status !== "closing" || before.purge_at === null || before.purge_at > ctx.now()) return false;
    const after = await writeMailbox(tx, before, { status: "closed", closed_at: ctx.now() }, ctx.now());
    await recordAudit(tx, ctx, {
      action: "mailbox.purge",
      subject: { kind: "mailbox", id: mailboxId },
      structureId,
      before: toMailboxBody(before),
      after: toMailboxBody(after),
      reason: before.closing_reason,
    });
    await enqueue(tx, { kind: "apply-mailbox", structureId, mailboxId }, mailboxJobKey(mailboxId));
    return true;
  });
}
