import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { enqueue, mailboxJobKey } from "../database/enqueue.ts";
import { inStructure } from "../database/in-tenant.ts";
import { problem } from "../problems.ts";
import { authoriseOnMailbox } from "./locate.ts";
import { deleteMember, getMailboxForUpdate } from "./queries.ts";

/**
 * Takes a person's access to a box away. The gateway looks at rights at each call; the job tells it to look at the streams
 * that are open now. The person stays a user of the structure.
 * Throws `mailbox-not-found`, `member-not-found`.
 */
export async function removeMember(
  ctx: Context,
  { mailboxId, personId }: { readonly mailboxId: string; readonly personId: string },
): Promise<void> {
  const structureId = await authoriseOnMailbox(ctx, "mailbox-member.remove", mailboxId);
  await inStructure(ctx, structureId, async (tx) => {
    const mailbox = await getMailboxForUpdate(tx, structureId, mailboxId);
    if (!await deleteMember(tx, mailbox, personId)) throw problem("member-not-found");
    await recordAudit(tx, ctx, {
      action: "mailbox-member.remove",
      subject: { kind: "mailbox", id: mailboxId },
      structureId,
      before: { mailboxId, address: mailbox.address, personId },
    });
    await enqueue(tx, { kind: "apply-mailbox", structureId, mailboxId }, mailboxJobKey(mailboxId));
  });
}
