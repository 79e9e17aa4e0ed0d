import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { enqueue, mailboxJobKey } from "../database/enqueue.ts";
import { inSystem, type Tx } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { authorise } from "../identity/mod.ts";
import { invalidRequest, problem } from "../problems.ts";
import { findDomainByName, requireActiveStructure, reserveMailboxQuota } from "../tenancy/mod.ts";
import { parseAddress } from "./address.ts";
import { revokeDelegationsOfMailbox } from "./delegation-queries.ts";
import { authoriseOnMailbox } from "./locate.ts";
import { requireOpen } from "./mailbox-states.ts";
import { getMailbox, getMailboxForUpdate, insertMailbox, type MailboxRow, writeMailbox } from "./queries.ts";
import { toMailboxBody } from "./schemas.ts";

export interface MailboxMove {
  readonly mailboxId: string;
  /** Where it goes. */
  readonly structureId: string;
  /** Its address there. */
  readonly address: string;
  readonly reason: string;
  readonly ifVersion?: number | undefined;
}

/**
 * Moves a box to another structure: the same mail, type and holder, under a new address in a domain of that structure. The
 * old address is closed for good, with the box's aliases; members, app passwords and delegations end, since they were
 * given by the structure that is left. Who moves it may move boxes out of the one structure and make boxes in the other;
 * both have it in their trail.
 *
 * The box gets a new row there, which stands in no view of the mail server until the worker has renamed the account
 * (api/workers/apply-mailbox.ts): mail for either address is refused meanwhile, and none is lost.
 * Throws `mailbox-not-found`, `mailbox-closing`, `mailbox-closed`, `mailbox-moving`, `mailbox-already-there`,
 * `structure-not-found`, `structure-suspended`, `structure-closed`, `mailbox-domain-foreign`, `mailbox-address-taken`,
 * `quota-mailboxes-exceeded`, `quota-bytes-exceeded`, `version-mismatch`, `invalid-request`.
 */
export async function moveMailbox(ctx: Context, input: MailboxMove): Promise<MailboxRow> {
  const { mailboxId, structureId: toId } = input;
  const fromId = await authoriseOnMailbox(ctx, "mailbox.move", mailboxId);
  authorise(ctx, "mailbox.create", { structureId: toId });
  const parsed = parseAddress(input.address);
  if (!parsed.ok) throw invalidRequest([{ pointer: "/address", detail: parsed.reason }]);
  if (fromId === toId) throw problem("mailbox-already-there");
  // Two structures at once: the actor was authorised in both, and each step below names the one it is about.
  return await inSystem(ctx, async (tx) => {
    const { quota_bytes: bytes } = await getMailbox(tx, fromId, mailboxId);
    await lockStructures(tx, fromId, toId, bytes);
    const domain = await findDomainByName(tx, toId, parsed.domain);
    if (domain?.status !== "active") throw problem("mailbox-domain-foreign", { domain: parsed.domain });
    const before = await getMailboxForUpdate(tx, fromId, mailboxId);
    requireOpen(before);
    checkVersion(before.version, input.ifVersion);
    if (before.moved_from_address !== null && before.moved_at === null) throw problem("mailbox-moving");
    const now = ctx.now();
    await revokeDelegationsOfMailbox(tx, before, now);
    const left = await writeMailbox(tx, before, {
      status: "closed",
      closed_at: now,
      closing_reason: input.reason,
      moved_to_address: parsed.address,
    }, now);
    const moved = await insertMailbox(tx, {
      structureId: toId,
      domainId: domain.id,
      address: parsed.address,
      type: before.type,
      displayName: before.display_name,
      description: before.description,
      service: before.service,
      responsible: before.responsible,
      holderIdNatPs: before.holder_id_nat_ps,
      quotaBytes: before.quota_bytes,
      brought: {
        status: before.status,
        suspension_reason: before.suspension_reason,
        red_list: before.red_list,
        preferred_rank: before.preferred_rank,
        phone: before.phone,
        dematerialisation: before.dematerialisation,
        last_authenticated_at: before.last_authenticated_at,
        used_bytes: before.used_bytes,
        moved_from_address: before.address,
      },
      now,
    });
    for (const [structureId, subject, earlier] of [[fromId, left, before], [toId, moved, null]] as const) {
      await recordAudit(tx, ctx, {
        action: "mailbox.move",
        subject: { kind: "mailbox", id: subject.id },
        structureId,
        before: earlier && toMailboxBody(earlier),
        after: toMailboxBody(subject),
        reason: input.reason,
      });
      await enqueue(
        tx,
        { kind: "apply-mailbox", structureId, mailboxId: subject.id },
        mailboxJobKey(subject.id),
      );
    }
    return moved;
  });
}

/** Both rows in the order of their ids, so that two moves in opposite directions wait instead of blocking each other. */
async function lockStructures(tx: Tx, fromId: string, toId: string, bytes: number): Promise<void> {
  for (const id of [fromId, toId].sort()) {
    if (id === fromId) await reserveMailboxQuota(tx, fromId, {});
    else {
      await reserveMailboxQuota(tx, toId, { mailboxes: 1, bytes });
      await requireActiveStructure(tx, toId);
    }
  }
}
