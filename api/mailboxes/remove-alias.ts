import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { enqueue, mailboxJobKey } from "../database/enqueue.ts";
import { inStructure } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { problem } from "../problems.ts";
import { closeAlias } from "./alias-queries.ts";
import { authoriseOnMailbox } from "./locate.ts";
import { requireOpen } from "./mailbox-states.ts";
import { getMailbox, getMailboxForUpdate, writeMailbox } from "./queries.ts";
import { toMailboxBody } from "./schemas.ts";

/**
 * Takes a further address out of use: from the commit on mail for it is refused, and nobody is ever given it again.
 * Throws `mailbox-not-found`, `mailbox-closing`, `mailbox-closed`, `alias-not-found`, `version-mismatch`.
 */
export async function removeAlias(
  ctx: Context,
  { mailboxId, address, ifVersion }: {
    readonly mailboxId: string;
    readonly address: string;
    /** The version of the box that the actor saw; undefined = whatever it is. */
    readonly ifVersion?: number | undefined;
  },
): Promise<void> {
  const structureId = await authoriseOnMailbox(ctx, "mailbox-alias.remove", mailboxId);
  await inStructure(ctx, structureId, async (tx) => {
    const before = await getMailboxForUpdate(tx, structureId, mailboxId);
    requireOpen(before);
    checkVersion(before.version, ifVersion);
    if (!await closeAlias(tx, before, address.toLowerCase())) throw problem("alias-not-found");
    const after = await writeMailbox(tx, await getMailbox(tx, structureId, mailboxId), {}, ctx.now());
    await recordAudit(tx, ctx, {
      action: "mailbox-alias.remove",
      subject: { kind: "mailbox", id: mailboxId },
      structureId,
      before: toMailboxBody(before),
      after: toMailboxBody(after),
    });
    await enqueue(tx, { kind: "apply-mailbox", structureId, mailboxId }, mailboxJobKey(mailboxId));
  });
}
