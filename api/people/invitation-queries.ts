import { sql } from "kysely";
import type { Selectable } from "kysely";
import type { StructureRole } from "../context.ts";
import type { Tx } from "../database/in-tenant.ts";
import type { InvitationsTable } from "../database/schema.ts";
import type { PageRequest } from "../http/paginate.ts";
import { problem } from "../problems.ts";

export type InvitationRow = Selectable<InvitationsTable> & {
  readonly id_nat_ps: string | null;
  readonly given_name: string;
  readonly family_name: string;
};

function invitations(tx: Tx, structureId: string) {
  return tx.selectFrom("app.invitations as invitation")
    .innerJoin("app.people as person", "person.id", "invitation.person_id")
    .selectAll("invitation").select(["person.id_nat_ps", "person.given_name", "person.family_name"])
    .where("invitation.structure_id", "=", structureId);
}

/** In the platform's scope: who was invited in vain is not known to the structure. Throws `invitation-not-found`. */
export async function getInvitation(tx: Tx, structureId: string, id: string): Promise<InvitationRow> {
  const row = await invitations(tx, structureId).where("invitation.id", "=", id).executeTakeFirst();
  if (row === undefined) throw problem("invitation-not-found");
  return row;
}

/** The one that stands open for this role, whether or not its time is over. */
export async function findOpenInvitation(
  tx: Tx,
  structureId: string,
  personId: string,
  role: StructureRole,
): Promise<InvitationRow | undefined> {
  return await invitations(tx, structureId).where("invitation.person_id", "=", personId)
    .where("invitation.role", "=", role).where("invitation.status", "=", "pending").executeTakeFirst();
}

/** Throws `invitation-not-found`; locked until the transaction ends. */
export async function lockInvitation(tx: Tx, structureId: string, id: string): Promise<void> {
  const row = await tx.selectFrom("app.invitations").select("id").where("structure_id", "=", structureId)
    .where("id", "=", id).forUpdate().executeTakeFirst();
  if (row === undefined) throw problem("invitation-not-found");
}

export async function insertInvitation(
  tx: Tx,
  values: {
    structureId: string;
    personId: string;
    role: StructureRole;
    email: string | null;
    now: Date;
    expiresAt: Date;
  },
): Promise<string> {
  const { id } = await tx.insertInto("app.invitations").values({
    structure_id: values.structureId,
    person_id: values.personId,
    role: values.role,
    email: values.email,
    created_at: values.now,
    expires_at: values.expiresAt,
  }).returning("id").executeTakeFirstOrThrow();
  return id;
}

export async function closeInvitation(
  tx: Tx,
  structureId: string,
  id: string,
  status: "revoked" | "expired",
  now: Date,
): Promise<void> {
  await tx.updateTable("app.invitations").set({ status, decided_at: now }).where(
    "structure_id",
    "=",
    structureId,
  )
    .where("id", "=", id).execute();
}

export type InvitationStatus = InvitationRow["status"];

/** The newest first. One more than the page, to know whether there is another. In the platform's scope, see above. */
export async function listInvitations(
  tx: Tx,
  structureId: string,
  page: PageRequest,
  status: InvitationStatus | undefined,
  now: Date,
): Promise<InvitationRow[]> {
  let query = invitations(tx, structureId).orderBy("invitation.created_at", "desc").orderBy(
    "invitation.id",
    "desc",
  )
    .limit(page.limit + 1);
  if (status !== undefined) {
    query = query.where(
      sql`case when invitation.status = 'pending' and invitation.expires_at <= ${now} then 'expired' else invitation.status end`,
      "=",
      status,
    );
  }
  if (page.after !== undefined) {
    const [at = "", id = ""] = page.after;
    query = query.where(
      sql<boolean>`(invitation.created_at, invitation.id) < (${at}::timestamptz, ${id}::uuid)`,
    );
  }
  return await query.execute();
}
