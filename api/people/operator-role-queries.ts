import { sql } from "kysely";
import type { OperatorRole } from "../context.ts";
import type { Tx } from "../database/in-tenant.ts";
import type { PageRequest } from "../http/paginate.ts";

export interface OperatorRoleRow {
  readonly person_id: string;
  readonly role: OperatorRole;
  readonly created_at: Date;
  readonly id_nat_ps: string | null;
  readonly given_name: string;
  readonly family_name: string;
  readonly sort_name: string;
}

/** Names this lock among the advisory ones of the database; any number that no other lock has. */
const operatorRolesLock = 7_301_002;

/** Held until the transaction ends: of two administrators who remove each other, the second is refused. */
export async function lockOperatorRoles(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(${operatorRolesLock})`.execute(tx);
}

function roles(tx: Tx) {
  return tx.selectFrom("app.operator_roles as given")
    .innerJoin("app.people as person", "person.id", "given.person_id")
    .select([
      "given.person_id",
      "given.role",
      "given.created_at",
      "person.id_nat_ps",
      "person.given_name",
      "person.family_name",
      "person.sort_name",
    ]);
}

/** By name. One more than the page, to know whether there is another. */
export async function listOperatorRoles(
  tx: Tx,
  page: PageRequest,
  role: OperatorRole | undefined,
): Promise<OperatorRoleRow[]> {
  let query = roles(tx).orderBy("person.sort_name").orderBy(sql`given.person_id::text`).orderBy("given.role")
    .limit(page.limit + 1);
  if (role !== undefined) query = query.where("given.role", "=", role);
  if (page.after !== undefined) {
    const [name = "", person = "", last = ""] = page.after;
    query = query.where(
      sql<boolean>`(person.sort_name, given.person_id::text, given.role) > (${name}, ${person}, ${last})`,
    );
  }
  return await query.execute();
}

export async function getOperatorRole(
  tx: Tx,
  personId: string,
  role: OperatorRole,
): Promise<OperatorRoleRow> {
  return await roles(tx).where("given.person_id", "=", personId).where("given.role", "=", role)
    .executeTakeFirstOrThrow();
}

/** Whether it is new. */
export async function insertOperatorRole(
  tx: Tx,
  personId: string,
  role: OperatorRole,
  now: Date,
): Promise<boolean> {
  const row = await tx.insertInto("app.operator_roles").values({ person_id: personId, role, created_at: now })
    .onConflict((conflict) => conflict.doNothing()).returning("person_id").executeTakeFirst();
  return row !== undefined;
}

/** Whether there was one. */
export async function deleteOperatorRole(tx: Tx, personId: string, role: OperatorRole): Promise<boolean> {
  const row = await tx.deleteFrom("app.operator_roles").where("person_id", "=", personId)
    .where("role", "=", role).returning("person_id").executeTakeFirst();
  return row !== undefined;
}

/** Whether the person administers the platform and nobody else does, who may sign in. */
export async function isLastOperatorAdministrator(tx: Tx, personId: string): Promise<boolean> {
  const rows = await tx.selectFrom("app.operator_roles as given")
    .innerJoin("app.people as person", "person.id", "given.person_id")
    // An account of the staff that was given and not set up yet lets nobody in.
    .leftJoin("app.staff_accounts as account", "account.person_id", "given.person_id")
    .select(["given.person_id", "person.status", "account.status as account_status"])
    .where("given.role", "=", "operator_administrator").execute();
  return rows.some((row) => row.person_id === personId) &&
    !rows.some((row) =>
      row.person_id !== personId && row.status === "active" && (row.account_status ?? "active") === "active"
    );
}
