import { sql } from "kysely";
import type { Selectable } from "kysely";
import { onUnique } from "../database/unique.ts";
import { enqueue, mailboxJobKey } from "../database/enqueue.ts";
import type { Tx } from "../database/in-tenant.ts";
import type { DomainsTable, MembershipsTable, StructuresTable } from "../database/schema.ts";
import type { PageRequest } from "../http/paginate.ts";
import { problem } from "../problems.ts";

export type StructureRow = Selectable<StructuresTable>;
export type DomainRow = Selectable<DomainsTable>;

export async function insertStructure(
  tx: Tx,
  values: { idNatStruct: string; name: string; now: Date },
): Promise<StructureRow> {
  return await onUnique(
    "structures__id_nat_struct",
    () => problem("structure-identifier-taken", { idNatStruct: values.idNatStruct }),
    () =>
      tx.insertInto("app.structures")
        .values({
          id_nat_struct: values.idNatStruct,
          name: values.name,
          created_at: values.now,
          updated_at: values.now,
        })
        .returningAll().executeTakeFirstOrThrow(),
  );
}

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

/** The structures of `ids`, or all of them, by name. One more than the page, to know whether there is another. */
export async function listStructures(
  tx: Tx,
  page: PageRequest,
  ids: readonly string[] | "all",
): Promise<StructureRow[]> {
  if (ids !== "all" && ids.length === 0) return [];
  let query = tx.selectFrom("app.structures").selectAll().orderBy("name").orderBy("id").limit(page.limit + 1);
  if (ids !== "all") query = query.where("id", "in", [...ids]);
  if (page.after !== undefined) {
    const [name = "", id = ""] = page.after;
    query = query.where(sql<boolean>`(name, id::text) > (${name}, ${id})`);
  }
  return await query.execute();
}

export async function setStructureStatus(
  tx: Tx,
  structureId: string,
  status: StructureRow["status"],
  now: Date,
): Promise<StructureRow> {
  return await tx.updateTable("app.structures")
    .set((set) => ({ status, version: set("version", "+", 1), updated_at: now }))
    .where("id", "=", structureId).returningAll().executeTakeFirstOrThrow();
}

/** Makes every box of the structure pending again and adds its job: their state follows the structure's. */
export async function reapplyMailboxes(tx: Tx, structureId: string, now: Date): Promise<void> {
  const rows = await tx.updateTable("app.mailboxes")
    .set((set) => ({
      version: set("version", "+", 1),
      provisioning: "pending",
      provisioning_reason: null,
      updated_at: now,
    }))
    .where("structure_id", "=", structureId).where("status", "<>", "closed")
    .returning("id").execute();
  for (const { id } of rows) {
    await enqueue(tx, { kind: "apply-mailbox", structureId, mailboxId: id }, mailboxJobKey(id));
  }
}

export async function insertDomain(
  tx: Tx,
  values: { structureId: string; name: string; now: Date },
): Promise<DomainRow> {
  return await onUnique(
    "domains__name",
    () => problem("domain-name-taken", { name: values.name }),
    () =>
      tx.insertInto("app.domains")
        .values({
          structure_id: values.structureId,
          name: values.name,
          created_at: values.now,
          updated_at: values.now,
        })
        .returningAll().executeTakeFirstOrThrow(),
  );
}

export async function listDomains(tx: Tx, structureId: string, page: PageRequest): Promise<DomainRow[]> {
  let query = tx.selectFrom("app.domains").selectAll().where("structure_id", "=", structureId)
    .orderBy("name").limit(page.limit + 1);
  if (page.after !== undefined) query = query.where("name", ">", page.after[0] ?? "");
  return await query.execute();
}

/** The domain of this name in this structure, held in share until the transaction ends: it cannot be closed meanwhile. */
export async function findDomainByName(
  tx: Tx,
  structureId: string,
  name: string,
): Promise<DomainRow | undefined> {
  return await tx.selectFrom("app.domains").selectAll().where("structure_id", "=", structureId)
    .where("name", "=", name).forShare().executeTakeFirst();
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
