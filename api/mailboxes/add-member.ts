import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { asPlatform, inStructure } from "../database/in-tenant.ts";
import { problem } from "../problems.ts";
import { findOrNotePerson, insertMembership, type PersonIdentity } from "../tenancy/mod.ts";
import { authoriseOnMailbox } from "./locate.ts";
import { requireOpen } from "./mailbox-states.ts";
import { getMailboxForUpdate, insertMember, listMembers, type MemberRow } from "./queries.ts";

export interface NewMember extends PersonIdentity {
  readonly mailboxId: string;
}

/**
 * Lets a person open an ORG, APP or CAB box; somebody nobody knows yet is noted by his national identity. He becomes a
 * user of the structure, so that its administrators see who he is. Idempotent.
 * Throws `mailbox-not-found`, `mailbox-closing`, `mailbox-closed`, `mailbox-holder-fixed`.
 */
export async function addMember(ctx: Context, input: NewMember): Promise<MemberRow> {
  const { mailboxId } = input;
  const structureId = await authoriseOnMailbox(ctx, "mailbox-member.add", mailboxId);
  return await inStructure(ctx, structureId, async (tx) => {
    const mailbox = await getMailboxForUpdate(tx, structureId, mailboxId);
    requireOpen(mailbox);
    if (mailbox.type === "PER") throw problem("mailbox-holder-fixed");
    const now = ctx.now();
    const { id: personId } = await asPlatform(tx, () => findOrNotePerson(tx, input, now));
    await insertMembership(tx, { structureId, personId, role: "user", now });
    const isNew = await insertMember(tx, { structureId, mailboxId, personId, now });
    const [member] = await asPlatform(tx, () => listMembers(tx, structureId, mailboxId, personId));
    if (member === undefined) throw problem("member-not-found");
    if (isNew) {
      await recordAudit(tx, ctx, {
        action: "mailbox-member.add",
        subject: { kind: "mailbox", id: mailboxId },
        structureId,
        after: { mailboxId, address: mailbox.address, personId, idNatPs: member.id_nat_ps },
      });
    }
    return member;
  });
}
