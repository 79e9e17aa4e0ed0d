/** What a person has in a structure, and the end of it. Written over several rooms' tables at once, set by set. */
import { sql } from "kysely";
import type { Selectable } from "kysely";
import type { StructureRole } from "../context.ts";
import type { Tx } from "../database/in-tenant.ts";
import type { DeparturesTable } from "../database/schema.ts";

export type DepartureRow = Selectable<DeparturesTable>;

export interface BoxName {
  readonly id: string;
  readonly address: string;
}

export interface Holdings {
  readonly roles: readonly StructureRole[];
  /** Shared or delegated boxes that he opens. */
  readonly memberBoxes: readonly BoxName[];
  /** His own boxes that are active. */
  readonly mailboxes: readonly BoxName[];
  /** Shared boxes that nobody else opens. */
  readonly orphanedMailboxes: readonly BoxName[];
}

const boxesOf = (structureId: string, personId: string) =>
  sql`select m.mailbox_id from app.mailbox_members m where m.structure_id = ${structureId} and m.person_id = ${personId}
    union select d.mailbox_id from app.mailbox_delegations d where d.structure_id = ${structureId}
      and d.person_id = ${personId} and d.revoked_at is null`;
const named =
  sql`coalesce(json_agg(json_build_object('id', b.id, 'address', b.address) order by b.address), '[]')`;

export async function findHoldings(tx: Tx, structureId: string, personId: string): Promise<Holdings> {
  const open =
    sql`app.mailboxes b where b.structure_id = ${structureId} and b.status not in ('closing', 'closed')`;
  const { rows } = await sql<Holdings>`select
    (select coalesce(json_agg(m.role order by m.role), '[]') from app.memberships m
      where m.structure_id = ${structureId} and m.person_id = ${personId}) as roles,
    (select ${named} from ${open} and b.id in (${boxesOf(structureId, personId)})) as "memberBoxes",
    (select ${named} from ${open} and b.status = 'active' and b.holder_id_nat_ps =
      (select p.id_nat_ps from app.people p where p.id = ${personId})) as mailboxes,
    (select ${named} from ${open} and b.type <> 'PER' and b.id in (${boxesOf(structureId, personId)})
      and not exists (select from app.mailbox_members o where o.structure_id = b.structure_id
        and o.mailbox_id = b.id and o.person_id <> ${personId})
      and not exists (select from app.mailbox_delegations o where o.structure_id = b.structure_id
        and o.mailbox_id = b.id and o.person_id <> ${personId} and o.revoked_at is null)) as "orphanedMailboxes"`
    .execute(tx);
  return rows[0]!;
}

/** Live sessions of somebody who has nothing in any other structure, nor at the operator's. In the platform's scope. */
export async function countSessionsWithoutPurpose(
  tx: Tx,
  structureId: string,
  personId: string,
  now: Date,
): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from app.sessions s
    where s.person_id = ${personId} and s.ended_at is null and s.expires_at > ${now}
      and not exists (select from app.operator_roles o where o.person_id = ${personId})
      and not exists (select from app.structure_people k where k.person_id = ${personId} and k.structure_id <> ${structureId})`
    .execute(tx);
  return rows[0]?.count ?? 0;
}

/**
 * Ends roles, memberships and delegations of boxes, open invitations, and suspends his own boxes. Answers the boxes that
 * the mail server and the gateways must look at again. The caller holds the structure's lock; boxes are locked by id.
 */
export async function endHoldings(
  tx: Tx,
  { structureId, personId, reason, now }: {
    readonly structureId: string;
    readonly personId: string;
    readonly reason: string;
    readonly now: Date;
  },
): Promise<readonly string[]> {
  const own = await tx.selectFrom("app.mailboxes").select("id").where("structure_id", "=", structureId)
    .where("status", "=", "active")
    .where(
      "holder_id_nat_ps",
      "=",
      tx.selectFrom("app.people").select("id_nat_ps").where("id", "=", personId),
    )
    .orderBy("id").forUpdate().execute();
  const ids = own.map((box) => box.id);
  if (ids.length > 0) {
    await tx.updateTable("app.mailboxes").set((set) => ({
      status: "suspended",
      suspension_reason: reason,
      version: set("version", "+", 1),
      provisioning: "pending",
      provisioning_reason: null,
      updated_at: now,
    })).where("structure_id", "=", structureId).where("id", "in", ids).execute();
  }
  const members = await tx.deleteFrom("app.mailbox_members").where("structure_id", "=", structureId)
    .where("person_id", "=", personId).returning("mailbox_id").execute();
  const delegations = await tx.updateTable("app.mailbox_delegations")
    .set((set) => ({ revoked_at: now, version: set("version", "+", 1), updated_at: now }))
    .where("structure_id", "=", structureId).where("person_id", "=", personId)
    .where("revoked_at", "is", null).returning("mailbox_id").execute();
  await tx.deleteFrom("app.memberships").where("structure_id", "=", structureId).where(
    "person_id",
    "=",
    personId,
  )
    .execute();
  await tx.updateTable("app.invitations").set({ status: "revoked", decided_at: now })
    .where("structure_id", "=", structureId).where("person_id", "=", personId)
    .where("status", "=", "pending").execute();
  return [
    ...new Set([
      ...ids,
      ...members.map((row) => row.mailbox_id),
      ...delegations.map((row) => row.mailbox_id),
    ]),
  ];
}

export async function findScheduledDeparture(
  tx: Tx,
  structureId: string,
  personId: string,
): Promise<DepartureRow | undefined> {
  return await tx.selectFrom("app.departures").selectAll().where("structure_id", "=", structureId)
    .where("person_id", "=", personId).where("status", "=", "scheduled").forUpdate().executeTakeFirst();
}

/** The last one that has taken place. */
export async function findDoneDeparture(
  tx: Tx,
  structureId: string,
  personId: string,
): Promise<DepartureRow | undefined> {
  return await tx.selectFrom("app.departures").selectAll().where("structure_id", "=", structureId)
    .where("person_id", "=", personId).where("status", "=", "done").orderBy("ended_at", "desc")
    .executeTakeFirst();
}

export async function findDepartureById(
  tx: Tx,
  structureId: string,
  id: string,
): Promise<DepartureRow | undefined> {
  return await tx.selectFrom("app.departures").selectAll().where("structure_id", "=", structureId)
    .where("id", "=", id).forUpdate().executeTakeFirst();
}

export async function insertDeparture(
  tx: Tx,
  values: {
    structureId: string;
    personId: string;
    reason: string;
    dueAt: Date;
    now: Date;
    isDone: boolean;
  },
): Promise<DepartureRow> {
  return await tx.insertInto("app.departures").values({
    structure_id: values.structureId,
    person_id: values.personId,
    reason: values.reason,
    status: values.isDone ? "done" : "scheduled",
    due_at: values.dueAt,
    created_at: values.now,
    ended_at: values.isDone ? values.now : null,
  }).returningAll().executeTakeFirstOrThrow();
}

/** Another date or reason, or its end. */
export async function updateDeparture(
  tx: Tx,
  departure: DepartureRow,
  change: { reason?: string; due_at?: Date; status?: "done" | "cancelled"; ended_at?: Date },
): Promise<DepartureRow> {
  return await tx.updateTable("app.departures").set(change).where("structure_id", "=", departure.structure_id)
    .where("id", "=", departure.id).returningAll().executeTakeFirstOrThrow();
}
