import { type RawBuilder, type Selectable, sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import { containing } from "../database/like.ts";
import type { AppPasswordsTable } from "../database/schema.ts";
import type { PageRequest } from "../http/paginate.ts";

/** With the name of whose it is; without the secret's digest. */
export type AppPasswordRow = Omit<Selectable<AppPasswordsTable>, "secret_hash"> & {
  readonly given_name: string;
  readonly family_name: string;
  readonly address: string;
};

function selectAppPasswords(tx: Tx, structureId: string) {
  return tx.selectFrom("app.app_passwords as a")
    .innerJoin("app.people as p", "p.id", "a.person_id")
    .innerJoin(
      "app.mailboxes as b",
      (join) => join.onRef("b.structure_id", "=", "a.structure_id").onRef("b.id", "=", "a.mailbox_id"),
    )
    .where("a.structure_id", "=", structureId)
    .select([
      "a.structure_id",
      "a.id",
      "a.mailbox_id",
      "a.person_id",
      "a.device",
      "a.may_imap",
      "a.may_submission",
      "a.created_at",
      "a.expires_at",
      "a.last_used_at",
      "a.revoked_at",
      "p.given_name",
      "p.family_name",
      "b.address",
    ]);
}

/** Of one box, newest first, but those revoked. In the platform's scope: people are not all the structure's to see. */
export async function listAppPasswords(
  tx: Tx,
  structureId: string,
  mailboxId: string,
  personId?: string,
): Promise<AppPasswordRow[]> {
  let query = selectAppPasswords(tx, structureId).where("a.mailbox_id", "=", mailboxId)
    .where("a.revoked_at", "is", null);
  if (personId !== undefined) query = query.where("a.person_id", "=", personId);
  return await query.orderBy("a.created_at", "desc").orderBy("a.id").execute();
}

export async function findAppPassword(
  tx: Tx,
  structureId: string,
  mailboxId: string,
  id: string,
): Promise<AppPasswordRow | undefined> {
  return await selectAppPasswords(tx, structureId).where("a.mailbox_id", "=", mailboxId).where(
    "a.id",
    "=",
    id,
  )
    .executeTakeFirst();
}

/** App passwords of the person for this box that are neither revoked nor expired. */
export async function countLiveAppPasswords(
  tx: Tx,
  { structureId, mailboxId, personId }: {
    readonly structureId: string;
    readonly mailboxId: string;
    readonly personId: string;
  },
  now: Date,
): Promise<number> {
  const { count } = await tx.selectFrom("app.app_passwords").where("structure_id", "=", structureId)
    .where("mailbox_id", "=", mailboxId).where("person_id", "=", personId).where("revoked_at", "is", null)
    .where("expires_at", ">", now).select((select) => select.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(count);
}

export async function insertAppPassword(
  tx: Tx,
  values: {
    readonly structureId: string;
    readonly mailboxId: string;
    readonly personId: string;
    readonly device: string;
    readonly secretHash: Uint8Array;
    readonly mayImap: boolean;
    readonly maySubmission: boolean;
    readonly expiresAt: Date;
    readonly now: Date;
  },
): Promise<string> {
  const { id } = await tx.insertInto("app.app_passwords").values({
    structure_id: values.structureId,
    mailbox_id: values.mailboxId,
    person_id: values.personId,
    device: values.device,
    secret_hash: values.secretHash,
    may_imap: values.mayImap,
    may_submission: values.maySubmission,
    created_at: values.now,
    expires_at: values.expiresAt,
  }).returning("id").executeTakeFirstOrThrow();
  return id;
}

/** Whether it was not revoked before. */
export async function setAppPasswordRevoked(tx: Tx, row: AppPasswordRow, now: Date): Promise<boolean> {
  const done = await tx.updateTable("app.app_passwords").set({ revoked_at: now })
    .where("structure_id", "=", row.structure_id).where("id", "=", row.id).where("revoked_at", "is", null)
    .executeTakeFirst();
  return done.numUpdatedRows > 0n;
}

export const appPasswordSorts = [
  "createdAt",
  "-createdAt",
  "lastUsedAt",
  "-lastUsedAt",
  "expiresAt",
  "-expiresAt",
] as const;
export type AppPasswordSort = (typeof appPasswordSorts)[number];

export interface AppPasswordFilter {
  /** All found in the device, the person's name or the box's address. */
  readonly words: readonly string[];
  readonly status?: "live" | "expired" | undefined;
  readonly sort: AppPasswordSort;
}

export type StructureAppPasswordRow = AppPasswordRow & { readonly sort_key: string };

/** Those of a structure but the revoked. One more than the page. In the platform's scope. */
export async function listStructureAppPasswords(
  tx: Tx,
  structureId: string,
  page: PageRequest,
  filter: AppPasswordFilter,
  now: Date,
): Promise<StructureAppPasswordRow[]> {
  const isDescending = filter.sort.startsWith("-");
  const direction = isDescending ? "desc" : "asc";
  const key = sortKeys[filter.sort.replace("-", "") as keyof typeof sortKeys];
  let query = ofStructure(tx, structureId, filter, now).select(key.as("sort_key"));
  if (page.after !== undefined) {
    const [, value = "", id = ""] = page.after;
    query = query.where(
      isDescending
        ? sql<boolean>`(${key}, a.id) < (${value} collate "C", ${id}::uuid)`
        : sql<boolean>`(${key}, a.id) > (${value} collate "C", ${id}::uuid)`,
    );
  }
  return await query.orderBy(sql`sort_key`, direction).orderBy("a.id", direction).limit(page.limit + 1)
    .execute();
}

export async function countStructureAppPasswords(
  tx: Tx,
  structureId: string,
  filter: AppPasswordFilter,
  now: Date,
): Promise<number> {
  const { count } = await ofStructure(tx, structureId, filter, now).clearSelect()
    .select((select) => select.fn.countAll<number>().as("count")).executeTakeFirstOrThrow();
  return Number(count);
}

/** As text, so that every cursor is compared alike; what was never used comes first. */
const textOf = (column: string): RawBuilder<string> =>
  sql<string>`coalesce(to_char(${sql.ref(column)} at time zone 'UTC', 'YYYYMMDDHH24MISSUS'), '') collate "C"`;
const sortKeys = {
  createdAt: textOf("a.created_at"),
  lastUsedAt: textOf("a.last_used_at"),
  expiresAt: textOf("a.expires_at"),
};

function ofStructure(
  tx: Tx,
  structureId: string,
  { words, status }: Pick<AppPasswordFilter, "words" | "status">,
  now: Date,
) {
  let query = selectAppPasswords(tx, structureId).where("a.revoked_at", "is", null);
  if (status !== undefined) query = query.where("a.expires_at", status === "live" ? ">" : "<=", now);
  for (const word of words) {
    query = query.where(
      sql<boolean>`app.search_key(concat_ws(' ', a.device, p.given_name, p.family_name, b.address))
        like app.search_key(${containing(word)})`,
    );
  }
  return query;
}

/** These, or all that a filter leaves. */
export type AppPasswordChoice = readonly string[] | Pick<AppPasswordFilter, "words" | "status">;

/**
 * Revokes those that have not been. In the platform's scope.
 *
 * @returns how many
 */
export async function revokeStructureAppPasswords(
  tx: Tx,
  structureId: string,
  which: AppPasswordChoice,
  now: Date,
): Promise<number> {
  // In two statements: planned as one, a table that has just grown was read once for each of its rows.
  const ids = "words" in which
    ? (await ofStructure(tx, structureId, which, now).clearSelect().select("a.id").execute()).map(({ id }) =>
      id
    )
    : [...which];
  const done = await tx.updateTable("app.app_passwords").set({ revoked_at: now })
    .where("structure_id", "=", structureId).where("revoked_at", "is", null)
    .where("id", "=", sql<string>`any(${ids}::uuid[])`).executeTakeFirst();
  return Number(done.numUpdatedRows);
}

/** Forgets up to so many that ended before then, with their reminders; what they did stays in the trail. */
export async function deleteEndedAppPasswords(tx: Tx, before: Date, limit: number): Promise<number> {
  const done = await sql`delete from app.app_passwords where (structure_id, id) in (
    select structure_id, id from app.app_passwords where least(revoked_at, expires_at) < ${before}
    order by structure_id, id limit ${limit} for update skip locked)`.execute(tx);
  return Number(done.numAffectedRows ?? 0);
}
