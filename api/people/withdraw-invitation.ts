import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { asPlatform, inStructure } from "../database/in-tenant.ts";
import { authorise } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { getStructure } from "../tenancy/mod.ts";
import { closeInvitation, getInvitation, lockInvitation } from "./invitation-queries.ts";

/**
 * Withdraws an invitation; it gives nothing from the commit on. Idempotent: what is withdrawn stays so.
 * Throws `structure-not-found`, `invitation-not-found`, `invitation-closed` (it was accepted).
 */
export async function withdrawInvitation(
  ctx: Context,
  { structureId, invitationId }: { readonly structureId: string; readonly invitationId: string },
): Promise<void> {
  authorise(ctx, "invitation.revoke", { structureId });
  await inStructure(ctx, structureId, async (tx) => {
    await getStructure(tx, structureId);
    await lockInvitation(tx, structureId, invitationId);
    const invitation = await asPlatform(tx, () => getInvitation(tx, structureId, invitationId));
    if (invitation.status === "revoked" || invitation.status === "expired") return;
    if (invitation.status === "accepted") throw problem("invitation-closed");
    await closeInvitation(tx, structureId, invitationId, "revoked", ctx.now());
    await recordAudit(tx, ctx, {
      action: "invitation.revoke",
      subject: { kind: "person", id: invitation.person_id },
      structureId,
      before: { invitationId, role: invitation.role },
    });
  });
}
