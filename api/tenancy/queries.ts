import { sql } from "kysely";
import type { Selectable } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { DomainsTable, MembershipsTable, StructuresTable } from "../database/schema.ts";
import type { PageRequest } from "../http/paginate.ts";
import { problem } from "../problems.ts";

export type StructureRow = Selectable<StructuresTable>;
export type DomainRow = Selectable<DomainsTable>;

/** Throws `structure-not-found`. */
export async function getStructure(tx: Tx, structureId: string): Promise<StructureRow> {
  const row = await tx.selectFrom("app.structures").selectAll().where("id", "=", structureId)
    .executeTakeFirst();
  if (row === undefined) throw problem("structure-not-found");
  return row;
}

/**
 * The same, locked until the transaction ends. Rows that refer to it (an audit row, a box) may still be written meanwhile:
 * `for update` would block them, and with a box locked elsewhere end in a deadlock.
 */
export async function getStructureForUpdate(tx: Tx, structureId: string): Promise<StructureRow> {
  const row = await tx.selectFrom("app.structures").selectAll().where("id", "=", structureId).forNoKeyUpdate()
    .executeTakeFirst();
  if (row === undefined) throw problem("structure-not-found");
  return row;
}

export interface PersonIdentity {
  readonly idNatPs: string;
  readonly givenName: string;
  readonly familyName: string;
}

/**
 * The person of this national identity, noted now when nobody knows him yet: the names given count only then, later his
 * own sign-in says them. Runs in the platform's scope: people belong to no structure.
 */
export async function findOrNotePerson(tx: Tx, person: PersonIdentity, now: Date): Promise<{ id: string }> {
  await tx.insertInto("app.people")
    .values({
      id_nat_ps: person.idNatPs,
      given_name: person.givenName,
      family_name: person.familyName,
      created_at: now,
      updated_at: now,
    })
    .onConflict((conflict) => conflict.column("id_nat_ps").doNothing()).execute();
  return await tx.selectFrom("app.people").select("id").where("id_nat_ps", "=", person.idNatPs)
    .executeTakeFirstOrThrow();
}

export type MembershipRow = Selectable<MembershipsTable> & {
  readonly id_nat_ps: string | null;
  readonly given_name: string;
  readonly family_name: string;
};

/** Whether it is new. */
export async function insertMembership(
  tx: Tx,
  values: { structureId: string; personId: string; role: MembershipRow["role"]; now: Date },
): Promise<boolean> {
  const row = await tx.insertInto("app.memberships")
    .values({
      structure_id: values.structureId,
      person_id: values.personId,
      role: values.role,
      created_at: values.now,
    })
    .onConflict((conflict) => conflict.doNothing()).returning("person_id").executeTakeFirst();
  return row !== undefined;
}

/** Whether the person administers the structure and nobody else does, who may sign in. */
export async function isLastAdministrator(
  tx: Tx,
  structureId: string,
  personId: string,
): Promise<boolean> {
  const rows = await tx.selectFrom("app.memberships as membership")
    .innerJoin("app.people as person", "person.id", "membership.person_id")
    .select(["membership.person_id", "person.status"])
    .where("membership.structure_id", "=", structureId)
    .where("membership.role", "=", "structure_administrator").execute();
  return rows.some((row) => row.person_id === personId) &&
    !rows.some((row) => row.person_id !== personId && row.status === "active");
}

/** Whether there was one. */
export async function deleteMembership(
  tx: Tx,
  structureId: string,
  personId: string,
  role: MembershipRow["role"],
): Promise<boolean> {
  const row = await tx.deleteFrom("app.memberships").where("structure_id", "=", structureId)
    .where("person_id", "=", personId).where("role", "=", role).returning("person_id").executeTakeFirst();
  return row !== undefined;
}

export async function findMembership(
  tx: Tx,
  structureId: string,
  personId: string,
  role: MembershipRow["role"],
): Promise<MembershipRow | undefined> {
  return await tx.selectFrom("app.memberships as membership")
    .innerJoin("app.people as person", "person.id", "membership.person_id")
    .selectAll("membership").select(["person.id_nat_ps", "person.given_name", "person.family_name"])
    .where("membership.structure_id", "=", structureId).where("membership.person_id", "=", personId)
    .where("membership.role", "=", role).executeTakeFirst();
}

export async function listMemberships(
  tx: Tx,
  structureId: string,
  page: PageRequest,
): Promise<MembershipRow[]> {
  let query = tx.selectFrom("app.memberships as membership")
    .innerJoin("app.people as person", "person.id", "membership.person_id")
    .selectAll("membership").select(["person.id_nat_ps", "person.given_name", "person.family_name"])
    .where("membership.structure_id", "=", structureId)
    .orderBy("person.family_name").orderBy("membership.person_id").orderBy("membership.role").limit(
      page.limit + 1,
    );
  if (page.after !== undefined) {
    const [family = "", person = "", role = ""] = page.after;
    query = query.where(
      sql<
        boolean
      >`(person.family_name, membership.person_id::text, membership.role) > (${family}, ${person}, ${role})`,
    );
  }
  return await query.execute();
}
