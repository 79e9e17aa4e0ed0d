import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { enqueue, mailboxJobKey } from "../database/enqueue.ts";
import { asPlatform, inStructure } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { problem } from "../problems.ts";
import { listDelegations, type NamedDelegation, updateDelegation } from "./delegation-queries.ts";
import { type DelegationRight, mayGive, toRightColumns } from "./delegation-rights.ts";
import { toDelegationSnapshot } from "./delegation-schemas.ts";
import { requireDates } from "./grant-delegation.ts";
import { authoriseOnDelegations } from "./locate.ts";
import { requireOpen } from "./mailbox-states.ts";
import { getMailboxForUpdate } from "./queries.ts";

export interface DelegationChange {
  readonly mailboxId: string;
  readonly delegationId: string;
  readonly rights?: readonly DelegationRight[] | undefined;
  readonly startsAt?: string | undefined;
  /** null = until revoked. */
  readonly endsAt?: string | null | undefined;
  readonly ifVersion?: number | undefined;
}

/**
 * Changes what a delegate may do, and until when; in force at the commit.
 * Throws `mailbox-not-found`, `mailbox-closing`, `mailbox-closed`, `delegation-not-found`, `delegation-beyond-own`,
 * `delegation-to-oneself`, `version-mismatch`, `invalid-request`.
 */
export async function changeDelegation(ctx: Context, input: DelegationChange): Promise<NamedDelegation> {
  const { mailboxId, delegationId } = input;
  const { structureId, limit } = await authoriseOnDelegations(ctx, "mailbox-delegation.change", mailboxId);
  return await inStructure(ctx, structureId, async (tx) => {
    const mailbox = await getMailboxForUpdate(tx, structureId, mailboxId);
    requireOpen(mailbox);
    const find = async () =>
      (await asPlatform(tx, () => listDelegations(tx, structureId, mailboxId, delegationId)))[0];
    const before = await find();
    if (before === undefined) throw problem("delegation-not-found");
    checkVersion(before.version, input.ifVersion);
    if (ctx.actor.kind === "person" && ctx.actor.personId === before.person_id) {
      throw problem("delegation-to-oneself");
    }
    const rights = input.rights === undefined ? before : toRightColumns(input.rights);
    if (limit !== undefined && (!mayGive(limit, rights) || before.may_manage)) {
      throw problem("delegation-beyond-own");
    }
    const now = ctx.now();
    const startsAt = input.startsAt === undefined ? before.starts_at : new Date(input.startsAt);
    const endsAt = input.endsAt === undefined
      ? before.ends_at
      : input.endsAt === null
      ? null
      : new Date(input.endsAt);
    requireDates(startsAt, endsAt, now);
    const { may_read, may_write, may_send_as, may_send_on_behalf, may_manage } = rights;
    await updateDelegation(tx, before, {
      may_read,
      may_write,
      may_send_as,
      may_send_on_behalf,
      may_manage,
      starts_at: startsAt,
      ends_at: endsAt,
    }, now);
    const after = await find();
    if (after === undefined) throw problem("delegation-not-found");
    await recordAudit(tx, ctx, {
      action: "mailbox-delegation.change",
      subject: { kind: "mailbox", id: mailboxId },
      structureId,
      before: toDelegationSnapshot(mailbox, before, now),
      after: toDelegationSnapshot(mailbox, after, now),
    });
    await enqueue(tx, { kind: "apply-mailbox", structureId, mailboxId }, mailboxJobKey(mailboxId));
    return after;
  });
}
