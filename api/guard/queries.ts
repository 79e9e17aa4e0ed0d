/** Attacks on the ways in, as they are kept. */
import { sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { AttackKind } from "./guard.ts";
import type { Way } from "./settings.ts";

export interface AttackRow {
  readonly id: string;
  readonly kind: AttackKind;
  readonly way: Way;
  readonly network: string | null;
  readonly structure_id: string | null;
  readonly subject_kind: "mailbox" | "person" | null;
  readonly subject_id: string | null;
  readonly count: number;
  readonly started_at: Date;
  readonly last_at: Date;
}

export interface NewAttackRow extends Omit<AttackRow, "id" | "started_at" | "last_at"> {
  readonly fingerprint: Uint8Array;
  readonly at: Date;
}

const columns = [
  "id",
  "kind",
  "way",
  "network",
  "structure_id",
  "subject_kind",
  "subject_id",
  "count",
  "started_at",
  "last_at",
] as const;

/** Names this lock among the advisory ones of the database; any number that no other lock has. */
const attacksLock = 7_301_004;

/** Held until the transaction ends: of two processes that see the same attack, one alone begins it. */
export async function lockAttacks(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(${attacksLock})`.execute(tx);
}

/** Whether there was one still going on: it goes on. */
export async function continueAttack(
  tx: Tx,
  { fingerprint, count, at }: Pick<NewAttackRow, "fingerprint" | "count" | "at">,
  since: Date,
): Promise<boolean> {
  const continued = await tx.updateTable("app.sign_in_attacks").set({
    last_at: sql<Date>`greatest(last_at, ${at}::timestamptz)`,
    count: sql<number>`greatest(count, ${count}::integer)`,
  }).where("fingerprint", "=", fingerprint).where("last_at", ">", since).returning("id").executeTakeFirst();
  return continued !== undefined;
}

export async function countAttacksSince(tx: Tx, since: Date): Promise<number> {
  const { count } = await tx.selectFrom("app.sign_in_attacks")
    .select(({ fn }) => fn.countAll<string>().as("count")).where("started_at", ">", since)
    .executeTakeFirstOrThrow();
  return Number(count);
}

export async function insertAttack(tx: Tx, { at, ...row }: NewAttackRow): Promise<string> {
  const { id } = await tx.insertInto("app.sign_in_attacks").values({ ...row, started_at: at, last_at: at })
    .returning("id").executeTakeFirstOrThrow();
  return id;
}

export async function findAttack(tx: Tx, id: string): Promise<AttackRow | undefined> {
  return await tx.selectFrom("app.sign_in_attacks").select(columns).where("id", "=", id)
    .executeTakeFirst() as AttackRow | undefined;
}

/** An attack with the name of what it is on, where it is somebody's. */
export interface ListedAttackRow extends AttackRow {
  readonly subject_label: string | null;
}

/** The latest first. */
export async function listAttacks(tx: Tx, since: Date, limit: number): Promise<ListedAttackRow[]> {
  return await tx.selectFrom("app.sign_in_attacks as attack")
    .leftJoin(
      "app.mailboxes as box",
      (join) =>
        join.onRef("box.id", "=", "attack.subject_id").onRef("box.structure_id", "=", "attack.structure_id"),
    )
    .leftJoin("app.staff_accounts as account", "account.person_id", "attack.subject_id")
    .select(columns.map((name) => `attack.${name}` as const))
    .select(sql<string | null>`coalesce(box.address, account.login)`.as("subject_label"))
    .where("attack.last_at", ">", since).orderBy("attack.last_at", "desc").orderBy("attack.id").limit(limit)
    .execute() as ListedAttackRow[];
}

/** Some at a time. Returns how many. */
export async function deleteAttacksBefore(tx: Tx, before: Date, limit: number): Promise<number> {
  const { rows } = await sql`delete from app.sign_in_attacks where id in (
    select id from app.sign_in_attacks where last_at < ${before} limit ${limit}) returning 1`.execute(tx);
  return rows.length;
}

export interface AttackedAccount {
  readonly structure_id: string | null;
  readonly subject_kind: "mailbox" | "person";
  readonly subject_id: string;
}

/** Whose account it is, by the name that was typed; undefined where it is nobody's. */
export async function findAttackedAccount(
  tx: Tx,
  way: Way,
  account: string,
): Promise<AttackedAccount | undefined> {
  const name = account.trim().toLowerCase();
  if (way === "imap" || way === "submission") {
    const box = await tx.selectFrom("app.mailboxes").select(["id", "structure_id"])
      .where("address", "=", name).where("status", "<>", "closed").executeTakeFirst();
    return box && { structure_id: box.structure_id, subject_kind: "mailbox", subject_id: box.id };
  }
  const person = way === "staff"
    ? await tx.selectFrom("app.staff_accounts").select("person_id as id").where("login", "=", name)
      .executeTakeFirst()
    : way === "phone"
    ? await tx.selectFrom("app.people").select("id").where("id_nat_ps", "=", account.trim())
      .executeTakeFirst()
    : undefined;
  return person && { structure_id: null, subject_kind: "person", subject_id: person.id };
}
