import { addDays } from "../days.ts";
import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { enqueue, mailboxJobKey } from "../database/enqueue.ts";
import { inStructure } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { problem } from "../problems.ts";
import { authoriseOnMailbox } from "./locate.ts";
import { getMailboxForUpdate, type MailboxRow, writeMailbox } from "./queries.ts";
import { toMailboxBody } from "./schemas.ts";

export interface MailboxClosing {
  readonly mailboxId: string;
  readonly reason: string;
  /** The box's own address, typed again by who closes it. */
  readonly confirmAddress: string;
  /** How long its mail is kept, for an export or for a change of mind. */
  readonly retentionDays: number;
  /** The version that the actor saw; undefined = whatever it is. */
  readonly ifVersion?: number | undefined;
}

/**
 * Begins the end of a box: as a suspension from the commit on, and its mail is destroyed when the time of keeping is over
 * (purge.ts). Until then `reopenMailbox` gives all back. Idempotent: a box that is closing is returned unchanged.
 * Throws `mailbox-not-found`, `mailbox-closed`, `version-mismatch`, `address-confirmation-wrong`.
 */
export async function closeMailbox(ctx: Context, input: MailboxClosing): Promise<MailboxRow> {
  const { mailboxId } = input;
  const structureId = await authoriseOnMailbox(ctx, "mailbox.close", mailboxId);
  return await inStructure(ctx, structureId, async (tx) => {
    const before = await getMailboxForUpdate(tx, structureId, mailboxId);
    if (before.address !== input.confirmAddress.trim().toLowerCase()) {
      throw problem("address-confirmation-wrong");
    }
    if (before.status === "closing") return before;
    if (before.status === "closed") throw problem("mailbox-closed");
    checkVersion(before.version, input.ifVersion);
    const now = ctx.now();
    const after = await writeMailbox(tx, before, {
      // `suspension_reason` stays: it says where a reopened box goes back to (mailbox-states.ts).
      status: "closing",
      closing_reason: input.reason,
      closing_at: now,
      purge_at: addDays(now, input.retentionDays),
    }, now);
    await recordAudit(tx, ctx, {
      action: "mailbox.close",
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
