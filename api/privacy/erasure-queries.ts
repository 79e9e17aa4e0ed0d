/** Erasure plans, and what each category's erasure does. */
import { type Selectable, sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { ErasuresTable, ErasureStepsTable } from "../database/schema.ts";
import type { PageRequest } from "../http/paginate.ts";
import { problem } from "../problems.ts";
import type { CategoryName } from "./data-map.ts";

export type ErasureRow = Selectable<ErasuresTable>;
/** With the name of the person, empty once it was erased. */
export type NamedErasureRow = ErasureRow & { readonly given_name: string; readonly family_name: string };
export type ErasureStepRow = Selectable<ErasureStepsTable>;

export async function findPersonName(tx: Tx, personId: string) {
  return await tx.selectFrom("app.people").select(["id", "given_name", "family_name"]).where(
    "id",
    "=",
    personId,
  )
    .executeTakeFirst();
}

export async function insertErasure(
  tx: Tx,
  values: {
    readonly personId: string;
    readonly requestedBy: string;
    readonly reason: string;
    readonly createdAt: Date;
  },
): Promise<ErasureRow> {
  return await tx.insertInto("app.erasures").values({
    person_id: values.personId,
    requested_by: values.requestedBy,
    reason: values.reason,
    created_at: values.createdAt,
  }).returningAll().executeTakeFirstOrThrow();
}

export async function insertErasureSteps(
  tx: Tx,
  erasureId: string,
  steps: readonly Pick<ErasureStepRow, "category" | "act" | "due_at" | "ground">[],
): Promise<void> {
  await tx.insertInto("app.erasure_steps").values(steps.map((one) => ({ ...one, erasure_id: erasureId })))
    .execute();
}

export async function getErasureForUpdate(tx: Tx, erasureId: string): Promise<ErasureRow> {
  const row = await tx.selectFrom("app.erasures").selectAll().where("id", "=", erasureId).forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw problem("erasure-not-found");
  return row;
}

function selectErasures(tx: Tx) {
  return tx.selectFrom("app.erasures as e").innerJoin("app.people as p", "p.id", "e.person_id")
    .selectAll("e").select(["p.given_name", "p.family_name"]);
}

export async function getErasure(tx: Tx, erasureId: string): Promise<NamedErasureRow> {
  const row = await selectErasures(tx).where("e.id", "=", erasureId).executeTakeFirst();
  if (row === undefined) throw problem("erasure-not-found");
  return row;
}

/** Newest first; one more than the page, which says whether there is another. */
export async function listErasures(tx: Tx, request: PageRequest): Promise<NamedErasureRow[]> {
  let query = selectErasures(tx).orderBy("e.created_at", "desc").orderBy("e.id", "desc")
    .limit(request.limit + 1);
  if (request.after !== undefined) {
    const [at, id] = request.after;
    query = query.where(sql<boolean>`(e.created_at, e.id) < (${at}::timestamptz, ${id}::uuid)`);
  }
  return await query.execute();
}

export async function listErasureSteps(tx: Tx, erasureId: string): Promise<ErasureStepRow[]> {
  return await tx.selectFrom("app.erasure_steps").selectAll().where("erasure_id", "=", erasureId)
    .orderBy("due_at").orderBy("category").execute();
}

export async function setErasureStatus(
  tx: Tx,
  erasure: ErasureRow,
  status: ErasureRow["status"],
  now: Date,
): Promise<ErasureRow> {
  return await tx.updateTable("app.erasures").set({
    status,
    version: erasure.version + 1,
    ended_at: status === "done" || status === "cancelled" ? now : null,
  }).where("id", "=", erasure.id).returningAll().executeTakeFirstOrThrow();
}

/** Erasures of which a step is due. */
export async function listDueErasures(tx: Tx, now: Date): Promise<string[]> {
  const rows = await tx.selectFrom("app.erasure_steps as s").innerJoin(
    "app.erasures as e",
    "e.id",
    "s.erasure_id",
  )
    .where("s.act", "=", "erase").where("s.done_at", "is", null).where("s.due_at", "<=", now)
    .where("e.status", "in", ["planned", "running"]).select("e.id").distinct().execute();
  return rows.map(({ id }) => id);
}

export async function markStepDone(tx: Tx, erasureId: string, category: string, now: Date): Promise<void> {
  await tx.updateTable("app.erasure_steps").set({ done_at: now }).where("erasure_id", "=", erasureId)
    .where("category", "=", category).execute();
}

/** Personal boxes of the person that are not yet closing. */
export async function listBoxesToClose(tx: Tx, personId: string) {
  return await tx.selectFrom("app.mailboxes as b").innerJoin(
    "app.people as p",
    "p.id_nat_ps",
    "b.holder_id_nat_ps",
  )
    .where("p.id", "=", personId).where("b.status", "in", ["active", "suspended"])
    .select(["b.id as mailboxId", "b.address"]).orderBy("b.address").execute();
}

/** The rows of a category that are deleted; other categories are erased by a verb of their room. */
const deletions: Partial<Record<CategoryName, readonly string[]>> = {
  "roles": ["memberships", "operator_roles"],
  "delegations": ["mailbox_members"],
  "autorisations": ["oauth_codes", "oauth_grants"],
  "sessions": [
    "sessions",
    "known_places",
    "logouts",
    "idempotency_keys",
    "app_passwords",
  ],
  "comptes-exploitant": [
    "staff_ceremonies",
    "staff_recovery_codes",
    "staff_passkeys",
    "staff_enrolments",
    "staff_accounts",
  ],
  "preuves": ["consents", "charter_acceptances"],
};

/** Deletes what is deleted of a category, in the worker's own rights. */
export async function deleteCategory(tx: Tx, category: CategoryName, personId: string): Promise<void> {
  for (const table of deletions[category] ?? []) {
    await sql`delete from ${sql.table(`app.${table}`)} where person_id = ${personId}`.execute(tx);
  }
  if (category === "courrier") {
    // The address itself is kept (category `adresses`); what else of the box names the person goes.
    await sql`update app.mailboxes set display_name = '', responsible = '', phone = '' where holder_id_nat_ps =
      (select id_nat_ps from app.people where id = ${personId})`.execute(tx);
  }
  if (category === "delegations") {
    await sql`update app.mailbox_delegations set revoked_at = now() where person_id = ${personId} and revoked_at is null`
      .execute(tx);
  }
}

/** What remains of a person whose time of traces is over: a row that names nobody. */
export async function anonymisePerson(tx: Tx, personId: string): Promise<void> {
  await tx.updateTable("app.people").set({
    issuer: null,
    subject: null,
    id_nat_ps: null,
    family_name: "",
    given_name: "",
    situations: "[]",
    situation_key: null,
    status: "suspended",
  }).where("id", "=", personId).execute();
}
