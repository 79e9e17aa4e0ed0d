import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { enqueue, mailboxJobKey } from "../database/enqueue.ts";
import { inStructure } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { authoriseOnMailbox } from "./locate.ts";
import { requireOpen } from "./mailbox-states.ts";
import { getMailboxForUpdate, type MailboxRow, writeMailbox } from "./queries.ts";
import { toMailboxBody } from "./schemas.ts";

export interface MailboxSuspension {
  readonly mailboxId: string;
  readonly reason: string;
  /** The version that the actor saw; undefined = whatever it is. */
  readonly ifVersion?: number | undefined;
}

/**
 * Stops delivery, sign-in and sending while keeping the mail. New ones are refused from the commit on; the worker then has
 * the mail server end what is open. Idempotent: a suspended box is returned unchanged.
 * Throws `mailbox-not-found`, `mailbox-closing`, `mailbox-closed`, `version-mismatch`.
 */
export async function suspendMailbox(ctx: Context, input: MailboxSuspension): Promise<MailboxRow> {
  const { mailboxId } = input;
  const structureId = await authoriseOnMailbox(ctx, "mailbox.suspend", mailboxId);
  return await inStructure(ctx, structureId, async (tx) => {
    const before = await getMailboxForUpdate(tx, structureId, mailboxId);
    if (before.status === "suspended") return before;
    requireOpen(before);
    checkVersion(before.version, input.ifVersion);
    const after = await writeMailbox(
      tx,
      before,
      { status: "suspended", suspension_reason: input.reason },
      ctx.now(),
    );
    await recordAudit(tx, ctx, {
      action: "mailbox.suspend",
      subject: { kind: "mailbox", id: mailboxId },
      structureId,
      before: toMailboxBody(before),
      after: toMailboxBody(after),
      reason: input.reason,
    });
    await enqueue(tx, { kind: "apply-mailbox", structureId, mailboxId }, mailboxJobKey(mailboxId));
    return after;
  });
}
