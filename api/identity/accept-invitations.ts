import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import type { Tx } from "../database/in-tenant.ts";
import { acceptInvitation, expireInvitations, lockOpenInvitations } from "./invitation-queries.ts";

/**
 * Gives the roles that this person was invited to, inside the transaction of his sign-in: his identity has just been
 * proved. Invitations whose time is over end as such.
 */
export async function acceptInvitations(tx: Tx, ctx: Context, personId: string): Promise<void> {
  const now = ctx.now();
  await expireInvitations(tx, personId, now);
  for (const { structureId, invitationId, role } of await lockOpenInvitations(tx, personId)) {
    await acceptInvitation(tx, { structureId, invitationId, personId, role, now });
    await recordAudit(tx, ctx, {
      action: "invitation.accept",
      subject: { kind: "person", id: personId },
      structureId,
      after: { invitationId, role },
    });
  }
}
