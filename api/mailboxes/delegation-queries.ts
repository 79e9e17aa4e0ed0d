/** Delegations of a box. Rows are never removed: one that is over says when it was revoked. */
import type { Selectable } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { MailboxDelegationsTable } from "../database/schema.ts";
import type { RightColumns } from "./delegation-rights.ts";
import type { MailboxRow } from "./queries.ts";

export type DelegationRow = Selectable<MailboxDelegationsTable>;
export type NamedDelegation = DelegationRow & {
  readonly id_nat_ps: string | null;
  readonly given_name: string;
  readonly family_name: string;
};

/** Those that are not revoked, by name; `delegationId` narrows to one. In the platform's scope: people belong to no structure. */
export async function listDelegations(
  tx: Tx,
  structureId: string,
  mailboxId: string,
  delegationId?: string,
): Promise<NamedDelegation[]> {
  let query = tx.selectFrom("app.mailbox_delegations as delegation")
    .innerJoin("app.people as person", "person.id", "delegation.person_id")
    .selectAll("delegation").select(["person.id_nat_ps", "person.given_name", "person.family_name"])
    .where("delegation.structure_id", "=", structureId).where("delegation.mailbox_id", "=", mailboxId)
    .where("delegation.revoked_at", "is", null)
    .orderBy("person.family_name").orderBy("delegation.id");
  if (delegationId !== undefined) query = query.where("delegation.id", "=", delegationId);
  return await query.execute();
}

/** What the person may do with the box now, by delegation. */
export async function findDelegationInForce(
  tx: Tx,
  structureId: string,
  mailboxId: string,
  personId: string,
  now: Date,
): Promise<DelegationRow | undefined> {
  return await tx.selectFrom("app.mailbox_delegations").selectAll()
    .where("structure_id", "=", structureId).where("mailbox_id", "=", mailboxId)
    .where("person_id", "=", personId).where("revoked_at", "is", null).where("starts_at", "<=", now)
    .where((where) => where.or([where("ends_at", "is", null), where("ends_at", ">", now)]))
    .executeTakeFirst();
}

/** The person's delegation on the box that is not revoked, in force or not. The box is locked. */
export async function findDelegationOf(
  tx: Tx,
  mailbox: MailboxRow,
  personId: string,
): Promise<DelegationRow | undefined> {
  return await tx.selectFrom("app.mailbox_delegations").selectAll()
    .where("structure_id", "=", mailbox.structure_id).where("mailbox_id", "=", mailbox.id)
    .where("person_id", "=", personId).where("revoked_at", "is", null).executeTakeFirst();
}

export interface DelegationValues {
  readonly personId: string;
  readonly rights: RightColumns;
  readonly startsAt: Date;
  readonly endsAt: Date | null;
}

export async function insertDelegation(
  tx: Tx,
  mailbox: MailboxRow,
  { personId, rights, startsAt, endsAt }: DelegationValues,
  now: Date,
): Promise<DelegationRow> {
  return await tx.insertInto("app.mailbox_delegations").values({
    structure_id: mailbox.structure_id,
    mailbox_id: mailbox.id,
    person_id: personId,
    ...rights,
    starts_at: startsAt,
    ends_at: endsAt,
    created_at: now,
    updated_at: now,
  }).returningAll().executeTakeFirstOrThrow();
}

export async function updateDelegation(
  tx: Tx,
  delegation: DelegationRow,
  change: Partial<RightColumns> & { starts_at?: Date; ends_at?: Date | null; revoked_at?: Date },
  now: Date,
): Promise<DelegationRow> {
  return await tx.updateTable("app.mailbox_delegations").set(change)
    .set((set) => ({ version: set("version", "+", 1), updated_at: now }))
    .where("structure_id", "=", delegation.structure_id).where("id", "=", delegation.id)
    .returningAll().executeTakeFirstOrThrow();
}

/** Ends all that the person has by delegation in the structure, or on one of its boxes; their ids and boxes. */
export async function revokeDelegationsOfPerson(
  tx: Tx,
  structureId: string,
  personId: string,
  now: Date,
): Promise<{ id: string; mailboxId: string }[]> {
  return await tx.updateTable("app.mailbox_delegations").set({ revoked_at: now, updated_at: now })
    .where("structure_id", "=", structureId).where("person_id", "=", personId).where("revoked_at", "is", null)
    .returning(["id", "mailbox_id as mailboxId"]).execute();
}

/** Ends all delegations of a box. */
export async function revokeDelegationsOfMailbox(tx: Tx, mailbox: MailboxRow, now: Date): Promise<void> {
  await tx.updateTable("app.mailbox_delegations").set({ revoked_at: now, updated_at: now })
    .where("structure_id", "=", mailbox.structure_id).where("mailbox_id", "=", mailbox.id)
    .where("revoked_at", "is", null).execute();
}

/** The person, when the structure knows him: a role in it or a box there. In the structure's scope. */
export async function findKnownPerson(
  tx: Tx,
  personId: string,
): Promise<{ id: string; id_nat_ps: string | null } | undefined> {
  // Row-level security shows a structure the people of its own memberships and nobody else.
  return await tx.selectFrom("app.people").select(["id", "id_nat_ps"]).where("id", "=", personId)
    .executeTakeFirst();
}

/** Whether the person is a member of the box. */
export async function isMember(tx: Tx, mailbox: MailboxRow, personId: string): Promise<boolean> {
  const row = await tx.selectFrom("app.mailbox_members").select("person_id")
    .where("structure_id", "=", mailbox.structure_id).where("mailbox_id", "=", mailbox.id)
    .where("person_id", "=", personId).executeTakeFirst();
  return row !== undefined;
}
