import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { enqueue, mailboxJobKey } from "../database/enqueue.ts";
import { asPlatform, inStructure } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { problem } from "../problems.ts";
import { listDelegations, updateDelegation } from "./delegation-queries.ts";
import { toDelegationSnapshot } from "./delegation-schemas.ts";
import { authoriseOnDelegations } from "./locate.ts";
import { getMailboxForUpdate } from "./queries.ts";

/**
 * Ends a delegation at the commit; the job has the gateways look at the streams that are open now. Whoever has a delegation
 * may give it back himself only if he manages the box. Throws `mailbox-not-found`, `delegation-not-found`,
 * `delegation-beyond-own`, `version-mismatch`.
 */
export async function revokeDelegation(
  ctx: Context,
  { mailboxId, delegationId, ifVersion }: {
    readonly mailboxId: string;
    readonly delegationId: string;
    /** The version that the actor saw; undefined = whatever it is. */
    readonly ifVersion?: number | undefined;
  },
): Promise<void> {
  const { structureId, limit } = await authoriseOnDelegations(ctx, "mailbox-delegation.revoke", mailboxId);
  await inStructure(ctx, structureId, async (tx) => {
    const mailbox = await getMailboxForUpdate(tx, structureId, mailboxId);
    const [before] = await asPlatform(tx, () => listDelegations(tx, structureId, mailboxId, delegationId));
    if (before === undefined) throw problem("delegation-not-found");
    checkVersion(before.version, ifVersion);
    const isOwn = ctx.actor.kind === "person" && ctx.actor.personId === before.person_id;
    if (limit !== undefined && before.may_manage && !isOwn) throw problem("delegation-beyond-own");
    const now = ctx.now();
    await updateDelegation(tx, before, { revoked_at: now }, now);
    await recordAudit(tx, ctx, {
      action: "mailbox-delegation.revoke",
      subject: { kind: "mailbox", id: mailboxId },
      structureId,
      before: toDelegationSnapshot(mailbox, before, now),
    });
    await enqueue(tx, { kind: "apply-mailbox", structureId, mailboxId }, mailboxJobKey(mailboxId));
  });
}
