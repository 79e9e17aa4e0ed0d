/** The invitations of one person, in the platform's scope: they belong to several structures (api/people makes them). */
import type { StructureRole } from "../context.ts";
import type { Tx } from "../database/in-tenant.ts";

export interface OpenInvitation {
  readonly structureId: string;
  readonly invitationId: string;
  readonly role: StructureRole;
}

/** Those to active structures; one to a suspended structure waits. */
export async function lockOpenInvitations(tx: Tx, personId: string): Promise<OpenInvitation[]> {
  return await tx.selectFrom("app.invitations as invitation")
    .innerJoin("app.structures as structure", "structure.id", "invitation.structure_id")
    .select(["invitation.structure_id as structureId", "invitation.id as invitationId", "invitation.role"])
    .where("invitation.person_id", "=", personId).where("invitation.status", "=", "pending")
    .where("structure.status", "=", "active")
    .orderBy("invitation.structure_id").orderBy("invitation.id").forUpdate("invitation").execute();
}

export async function expireInvitations(tx: Tx, personId: string, now: Date): Promise<void> {
  await tx.updateTable("app.invitations").set({ status: "expired", decided_at: now })
    .where("person_id", "=", personId).where("status", "=", "pending").where("expires_at", "<=", now)
    .execute();
}

export async function acceptInvitation(
  tx: Tx,
  { structureId, invitationId, personId, role, now }: OpenInvitation & {
    readonly personId: string;
    readonly now: Date;
  },
): Promise<void> {
  await tx.insertInto("app.memberships")
    .values({ structure_id: structureId, person_id: personId, role, created_at: now })
    .onConflict((conflict) => conflict.doNothing()).execute();
  await tx.updateTable("app.invitations").set({ status: "accepted", decided_at: now })
    .where("structure_id", "=", structureId).where("id", "=", invitationId).execute();
}
