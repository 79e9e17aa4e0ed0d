import type { Selectable, Updateable } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { MailboxesTable } from "../database/schema.ts";
import { onUnique } from "../database/unique.ts";
import { problem } from "../problems.ts";
import type { MailboxType } from "./holder.ts";

export type MailboxRow = Selectable<MailboxesTable>;

export interface MailboxValues {
  readonly structureId: string;
  readonly domainId: string;
  readonly address: string;
  readonly type: MailboxType;
  readonly displayName: string;
  readonly description: string;
  readonly service: string;
  readonly responsible: string;
  readonly holderIdNatPs: string | null;
  readonly quotaBytes: number;
  /** What a box that comes from another structure brings along. */
  readonly brought?: MailboxChange;
  readonly now: Date;
}

/** Makes the box and takes its address for ever. Throws `mailbox-address-taken`. */
export async function insertMailbox(tx: Tx, values: MailboxValues): Promise<MailboxRow> {
  const { structureId, address, now } = values;
  return await onUnique(
    ["mailboxes__address", "addresses_pkey"],
    () => problem("mailbox-address-taken", { address }),
    async () => {
      const row = await tx.insertInto("app.mailboxes").values({
        ...values.brought,
        structure_id: structureId,
        domain_id: values.domainId,
        address,
        type: values.type,
        display_name: values.displayName,
        description: values.description,
        service: values.service,
        responsible: values.responsible,
        holder_id_nat_ps: values.holderIdNatPs,
        quota_bytes: values.quotaBytes,
        created_at: now,
        updated_at: now,
      }).returningAll().executeTakeFirstOrThrow();
      await tx.insertInto("app.addresses")
        .values({ address, structure_id: structureId, mailbox_id: row.id, kind: "main", created_at: now })
        .execute();
      return row;
    },
  );
}

/** The box that receives under an address, if it has a quota: its own address. */
export async function findBoxWithQuota(tx: Tx, address: string): Promise<string | undefined> {
  const row = await tx.selectFrom("app.addresses as a")
    .innerJoin(
      "app.mailboxes as m",
      (join) => join.onRef("m.structure_id", "=", "a.structure_id").onRef("m.id", "=", "a.mailbox_id"),
    )
    .select("m.address").where("a.address", "=", address).where("a.kind", "in", ["main", "alias"])
    .where("m.status", "=", "active").where("m.quota_bytes", "is not", null).executeTakeFirst();
  return row?.address;
}

/** In which structure a box lives, in the platform's scope: the first step of every request that names a box by its id. */
export async function findStructureOfMailbox(tx: Tx, mailboxId: string): Promise<string | undefined> {
  const row = await tx.selectFrom("app.mailboxes").select("structure_id").where("id", "=", mailboxId)
    .executeTakeFirst();
  return row?.structure_id;
}

/** The same, with the holder's identity. */
export async function findHolderOfMailbox(
  tx: Tx,
  mailboxId: string,
): Promise<{ structureId: string; holderIdNatPs: string | null } | undefined> {
  return await tx.selectFrom("app.mailboxes")
    .select(["structure_id as structureId", "holder_id_nat_ps as holderIdNatPs"]).where("id", "=", mailboxId)
    .executeTakeFirst();
}

/** Throws `mailbox-not-found`. */
export async function getMailbox(tx: Tx, structureId: string, mailboxId: string): Promise<MailboxRow> {
  const row = await tx.selectFrom("app.mailboxes").selectAll().where("structure_id", "=", structureId)
    .where("id", "=", mailboxId).executeTakeFirst();
  if (row === undefined) throw problem("mailbox-not-found");
  return row;
}

/** The same, locked until the transaction ends. */
export async function getMailboxForUpdate(
  tx: Tx,
  structureId: string,
  mailboxId: string,
): Promise<MailboxRow> {
  const row = await findMailboxForUpdate(tx, structureId, mailboxId);
  if (row === undefined) throw problem("mailbox-not-found");
  return row;
}

export async function findMailboxForUpdate(
  tx: Tx,
  structureId: string,
  mailboxId: string,
): Promise<MailboxRow | undefined> {
  return await tx.selectFrom("app.mailboxes").selectAll().where("structure_id", "=", structureId)
    .where("id", "=", mailboxId).forUpdate().executeTakeFirst();
}

/** Boxes whose mail need not be kept any longer, the longest due first. */
export async function listMailboxesToPurge(
  tx: Tx,
  now: Date,
  limit: number,
): Promise<{ structureId: string; mailboxId: string }[]> {
  return await tx.selectFrom("app.mailboxes").select(["structure_id as structureId", "id as mailboxId"])
    .where("status", "=", "closing").where("purge_at", "<=", now).orderBy("purge_at").limit(limit).execute();
}

/** Notes that the box was opened; at most one write per hour. Runs in the platform's scope. */
export async function noteOpening(tx: Tx, mailboxId: string, now: Date, before: Date): Promise<void> {
  await tx.updateTable("app.mailboxes").set({ last_authenticated_at: now }).where("id", "=", mailboxId)
    .where((where) =>
      where.or([where("last_authenticated_at", "is", null), where("last_authenticated_at", "<", before)])
    ).execute();
}

/** Columns of a box that an act changes. */
export type MailboxChange = Updateable<MailboxesTable>;

/** Writes the change as a new version, which the worker will apply. */
export async function writeMailbox(
  tx: Tx,
  mailbox: Pick<MailboxRow, "structure_id" | "id">,
  change: MailboxChange,
  now: Date,
): Promise<MailboxRow> {
  return await tx.updateTable("app.mailboxes")
    .set(change)
    .set((set) => ({
      version: set("version", "+", 1),
      provisioning: "pending",
      provisioning_reason: null,
      updated_at: now,
    }))
    .where("structure_id", "=", mailbox.structure_id).where("id", "=", mailbox.id)
    .returningAll().executeTakeFirstOrThrow();
}

export interface MemberRow {
  readonly structure_id: string;
  readonly mailbox_id: string;
  readonly person_id: string;
  readonly created_at: Date;
  readonly id_nat_ps: string | null;
  readonly given_name: string;
  readonly family_name: string;
}

/** Whether the member is new. */
export async function insertMember(
  tx: Tx,
  values: { structureId: string; mailboxId: string; personId: string; now: Date },
): Promise<boolean> {
  const row = await tx.insertInto("app.mailbox_members").values({
    structure_id: values.structureId,
    mailbox_id: values.mailboxId,
    person_id: values.personId,
    created_at: values.now,
  }).onConflict((conflict) => conflict.doNothing()).returning("person_id").executeTakeFirst();
  return row !== undefined;
}

/** Whether there was one. */
export async function deleteMember(tx: Tx, mailbox: MailboxRow, personId: string): Promise<boolean> {
  const row = await tx.deleteFrom("app.mailbox_members").where("structure_id", "=", mailbox.structure_id)
    .where("mailbox_id", "=", mailbox.id).where("person_id", "=", personId).returning("person_id")
    .executeTakeFirst();
  return row !== undefined;
}

/** Members of one box; `personId` narrows to one of them. In the platform's scope: people belong to no structure. */
export async function listMembers(
  tx: Tx,
  structureId: string,
  mailboxId: string,
  personId?: string,
): Promise<MemberRow[]> {
  let query = tx.selectFrom("app.mailbox_members as member")
    .innerJoin("app.people as person", "person.id", "member.person_id")
    .selectAll("member").select(["person.id_nat_ps", "person.given_name", "person.family_name"])
    .where("member.structure_id", "=", structureId).where("member.mailbox_id", "=", mailboxId)
    .orderBy("person.family_name").orderBy("member.person_id");
  if (personId !== undefined) query = query.where("member.person_id", "=", personId);
  return await query.execute();
}
