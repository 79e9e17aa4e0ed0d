import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { enqueue, mailboxJobKey } from "../database/enqueue.ts";
import { inStructure } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { problem } from "../problems.ts";
import { authoriseOnMailbox } from "./locate.ts";
import { stateWhenReopened } from "./mailbox-states.ts";
import { getMailboxForUpdate, type MailboxRow, writeMailbox } from "./queries.ts";
import { toMailboxBody } from "./schemas.ts";

/**
 * Takes a closing back while the mail is still kept: the box is again what it was before, with all its mail, addresses,
 * members and delegations. Idempotent: a box that is not closing is returned unchanged.
 * Throws `mailbox-not-found`, `mailbox-closed` (its mail is gone), `version-mismatch`.
 */
export async function reopenMailbox(
  ctx: Context,
  { mailboxId, ifVersion }: { readonly mailboxId: string; readonly ifVersion?: number | undefined },
): Promise<MailboxRow> {
  const structureId = await authoriseOnMailbox(ctx, "mailbox.reopen", mailboxId);
  return await inStructure(ctx, structureId, async (tx) => {
    const before = await getMailboxForUpdate(tx, structureId, mailboxId);
    if (before.status === "closed") throw problem("mailbox-closed");
    if (before.status !== "closing") return before;
    checkVersion(before.version, ifVersion);
    const after = await writeMailbox(tx, before, {
      status: stateWhenReopened(before),
      closing_reason: null,
      closing_at: null,
      purge_at: null,
    }, ctx.now());
    await recordAudit(tx, ctx, {
      action: "mailbox.reopen",
      subject: { kind: "mailbox", id: mailboxId },
      structureId,
      before: toMailboxBody(before),
      after: toMailboxBody(after),
    });
    await enqueue(tx, { kind: "apply-mailbox", structureId, mailboxId }, mailboxJobKey(mailboxId));
    return after;
  });
}
