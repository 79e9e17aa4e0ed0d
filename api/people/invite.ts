import { addDays } from "../days.ts";
import { recordAudit } from "../audit/mod.ts";
import type { Context, StructureRole } from "../context.ts";
import { asPlatform, inStructure } from "../database/in-tenant.ts";
import { authorise } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import {
  findMembership,
  findOrNotePerson,
  type PersonIdentity,
  requireActiveStructure,
} from "../tenancy/mod.ts";
import {
  closeInvitation,
  findOpenInvitation,
  getInvitation,
  insertInvitation,
  type InvitationRow,
} from "./invitation-queries.ts";

export interface NewInvitation extends PersonIdentity {
  readonly structureId: string;
  readonly role: StructureRole;
  /** Where the administrator wrote to him; nothing is sent there by the platform. */
  readonly email?: string | undefined;
  readonly days: number;
}

/**
 * Notes a person and the role he will have from his first sign-in with this national identity on. Idempotent while the
 * invitation is open; one whose time is over is closed and made anew.
 * Throws `structure-not-found`, `structure-suspended`, `structure-closed`, `already-member`.
 */
export async function invite(ctx: Context, input: NewInvitation): Promise<InvitationRow> {
  const { structureId, role } = input;
  authorise(ctx, "invitation.create", { structureId });
  const now = ctx.now();
  return await inStructure(ctx, structureId, async (tx) => {
    // The lock makes two invitations of the same person one.
    await requireActiveStructure(tx, structureId);
    const person = await asPlatform(tx, () => findOrNotePerson(tx, input, now));
    if (await findMembership(tx, structureId, person.id, role)) throw problem("already-member");
    const open = await asPlatform(tx, () => findOpenInvitation(tx, structureId, person.id, role));
    if (open !== undefined && open.expires_at > now) return open;
    if (open !== undefined) await closeInvitation(tx, structureId, open.id, "expired", now);
    const expiresAt = addDays(now, input.days);
    const email = input.email ?? null;
    const id = await insertInvitation(tx, { structureId, personId: person.id, role, email, now, expiresAt });
    await recordAudit(tx, ctx, {
      action: "invitation.create",
      subject: { kind: "person", id: person.id },
      structureId,
      after: { invitationId: id, idNatPs: input.idNatPs, role, expiresAt },
    });
    return await asPlatform(tx, () => getInvitation(tx, structureId, id));
  });
}
