import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { enqueue, mailboxJobKey } from "../database/enqueue.ts";
import { inStructure } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { authoriseOnMailbox } from "./locate.ts";
import { requireOpen } from "./mailbox-states.ts";
import { getMailboxForUpdate, type MailboxRow, writeMailbox } from "./queries.ts";
import { toMailboxBody } from "./schemas.ts";

export interface MailboxResumption {
  readonly mailboxId: string;

  /** The version that the actor saw; undefined = whatever it is. */
  readonly ifVersion?: number | undefined;
}

/**
 * Lets a suspended box work again, with all its mail. Idempotent: an active box is returned unchanged.
 * Throws `mailbox-not-found`, `mailbox-closing`, `mailbox-closed`, `version-mismatch`.
 */
export async function resumeMailbox(ctx: Context, input: MailboxResumption): Promise<MailboxRow> {
  const { mailboxId } = input;
  const structureId = await authoriseOnMailbox(ctx, "mailbox.resume", mailboxId);
  return await inStructure(ctx, structureId, async (tx) => {
    const before = await getMailboxForUpdate(tx, structureId, mailboxId);
    if (before.status === "active") return before;
    requireOpen(before);
    checkVersion(before.version, input.ifVersion);
    const after = await writeMailbox(tx, before, { status: "active", suspension_reason: null }, ctx.now());
    await recordAudit(tx, ctx, {
      action: "mailbox.resume",
      subject: { kind: "mailbox", id: mailboxId },
      structureId,
      before: toMailboxBody(before),
      after: toMailboxBody(after),
    });
    await enqueue(tx, { kind: "apply-mailbox", structureId, mailboxId }, mailboxJobKey(mailboxId));
    return after;
  });
}
