import type { Selectable } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { AppPasswordsTable } from "../database/schema.ts";

/** With the name of whose it is; without the secret's digest. */
export type AppPasswordRow = Omit<Selectable<AppPasswordsTable>, "secret_hash"> & {
  readonly given_name: string;
  readonly family_name: string;
  readonly address: string;
};

function selectAppPasswords(tx: Tx, structureId: string, mailboxId: string) {
  return tx.selectFrom("app.app_passwords as a")
    .innerJoin("app.people as p", "p.id", "a.person_id")
    .innerJoin(
      "app.mailboxes as b",
      (join) => join.onRef("b.structure_id", "=", "a.structure_id").onRef("b.id", "=", "a.mailbox_id"),
    )
    .where("a.structure_id", "=", structureId).where("a.mailbox_id", "=", mailboxId)
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
  let query = selectAppPasswords(tx, structureId, mailboxId).where("a.revoked_at", "is", null);
  if (personId !== undefined) query = query.where("a.person_id", "=", personId);
  return await query.orderBy("a.created_at", "desc").orderBy("a.id").execute();
}

export async function findAppPassword(
  tx: Tx,
  structureId: string,
  mailboxId: string,
  id: string,
): Promise<AppPasswordRow | undefined> {
  return await selectAppPasswords(tx, structureId, mailboxId).where("a.id", "=", id).executeTakeFirst();
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
