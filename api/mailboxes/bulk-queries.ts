/** The same as queries.ts for many boxes at once: one statement each, in the order of their ids so that two batches cannot wait for each other. */
import { sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { MailboxType } from "./holder.ts";
import type { MailboxState } from "./mailbox-states.ts";
import type { MailboxRow } from "./queries.ts";

export interface AddressRow {
  readonly address: string;
  readonly structure_id: string;
  readonly mailbox_id: string;
  readonly kind: "main" | "alias" | "closed";
}

/** Who has, or had, these addresses, in whatever structure: for the platform's scope. */
export async function findAddresses(tx: Tx, addresses: readonly string[]): Promise<AddressRow[]> {
  return await tx.selectFrom("app.addresses").select(["address", "structure_id", "mailbox_id", "kind"])
    .where(sql<boolean>`address = any(${[...addresses]}::text[])`).execute();
}

export async function listMailboxesById(
  tx: Tx,
  structureId: string,
  ids: readonly string[],
): Promise<MailboxRow[]> {
  return await tx.selectFrom("app.mailboxes").selectAll().where("structure_id", "=", structureId)
    .where(sql<boolean>`id = any(${[...ids]}::uuid[])`).execute();
}

/** The same, locked until the transaction ends. */
export async function lockMailboxes(
  tx: Tx,
  structureId: string,
  ids: readonly string[],
): Promise<MailboxRow[]> {
  return await tx.selectFrom("app.mailboxes").selectAll().where("structure_id", "=", structureId)
    .where(sql<boolean>`id = any(${[...ids]}::uuid[])`).orderBy("id").forUpdate().execute();
}

/** What a new box of a batch is made of. */
export interface NewMailboxRow {
  readonly address: string;
  readonly domainId: string;
  readonly type: MailboxType;
  readonly displayName: string;
  readonly description: string;
  readonly service: string;
  readonly responsible: string;
  readonly phone: string;
  readonly redList: boolean;
  readonly holderIdNatPs: string | null;
  readonly quotaBytes: number;
  readonly aliases: readonly string[];
}

/**
 * Makes the boxes and takes their addresses for ever. An address that somebody takes at the same moment breaks a unique
 * constraint, and the transaction with it.
 */
export async function insertMailboxes(
  tx: Tx,
  structureId: string,
  boxes: readonly NewMailboxRow[],
  now: Date,
): Promise<MailboxRow[]> {
  if (boxes.length === 0) return [];
  const rows = await tx.insertInto("app.mailboxes").values(boxes.map((box) => ({
    structure_id: structureId,
    domain_id: box.domainId,
    address: box.address,
    type: box.type,
    display_name: box.displayName,
    description: box.description,
    service: box.service,
    responsible: box.responsible,
    phone: box.phone,
    red_list: box.redList,
    holder_id_nat_ps: box.holderIdNatPs,
    quota_bytes: box.quotaBytes,
    created_at: now,
    updated_at: now,
  }))).returningAll().execute();
  const byAddress = new Map(rows.map((row) => [row.address, row]));
  await takeAddresses(tx, structureId, rows.map((row) => ({ ...row, mailboxId: row.id, kind: "main" })), now);
  const aliases = boxes.flatMap((box) =>
    box.aliases.map((address) => ({
      address,
      mailboxId: byAddress.get(box.address)?.id ?? "",
      kind: "alias" as const,
    }))
  );
  if (aliases.length === 0) return rows;
  await takeAddresses(tx, structureId, aliases, now);
  return await listMailboxesById(tx, structureId, rows.map((row) => row.id));
}

async function takeAddresses(
  tx: Tx,
  structureId: string,
  addresses: readonly { address: string; mailboxId: string; kind: "main" | "alias" }[],
  now: Date,
): Promise<void> {
  await tx.insertInto("app.addresses").values(addresses.map(({ address, mailboxId, kind }) => ({
    address,
    structure_id: structureId,
    mailbox_id: mailboxId,
    kind,
    created_at: now,
  }))).execute();
}

/** New values of one box; what is left out stays. */
export interface MailboxUpdate {
  readonly id: string;
  readonly status?: MailboxState | undefined;
  readonly suspensionReason?: string | null | undefined;
  readonly closing?: { readonly reason: string; readonly purgeAt: Date } | null | undefined;
  readonly displayName?: string | undefined;
  readonly description?: string | undefined;
  readonly service?: string | undefined;
  readonly responsible?: string | undefined;
  readonly phone?: string | undefined;
  readonly redList?: boolean | undefined;
  readonly quotaBytes?: number | undefined;
  readonly newAliases?: readonly string[] | undefined;
}

/** Writes a new version of each box, for the worker to apply. The rows are locked already. */
export async function updateMailboxes(
  tx: Tx,
  structureId: string,
  updates: readonly MailboxUpdate[],
  now: Date,
): Promise<MailboxRow[]> {
  if (updates.length === 0) return [];
  await sql`
    update app.mailboxes b set
      status = coalesce(u.status, b.status),
      suspension_reason = case when u.sets_suspension then u.suspension_reason else b.suspension_reason end,
      closing_reason = case when u.sets_closing then u.closing_reason else b.closing_reason end,
      closing_at = case when u.sets_closing then case when u.purge_at is not null then ${now}::timestamptz end else b.closing_at end,
      purge_at = case when u.sets_closing then u.purge_at else b.purge_at end,
      display_name = coalesce(u.display_name, b.display_name),
      description = coalesce(u.description, b.description),
      service = coalesce(u.service, b.service),
      responsible = coalesce(u.responsible, b.responsible),
      phone = coalesce(u.phone, b.phone),
      red_list = coalesce(u.red_list, b.red_list),
      quota_bytes = coalesce(u.quota_bytes, b.quota_bytes),
      version = b.version + 1, provisioning = 'pending', provisioning_reason = null, updated_at = ${now}
    from jsonb_to_recordset(${JSON.stringify(updates.map(toUpdateRow))}::jsonb) as u(id uuid, status text,
      sets_suspension boolean, suspension_reason text, sets_closing boolean, closing_reason text, purge_at timestamptz,
      display_name text, description text, service text, responsible text, phone text, red_list boolean, quota_bytes bigint)
    where b.structure_id = ${structureId} and b.id = u.id`.execute(tx);
  const aliases = updates.flatMap(({ id, newAliases = [] }) =>
    newAliases.map((address) => ({ address, mailboxId: id, kind: "alias" as const }))
  );
  if (aliases.length > 0) await takeAddresses(tx, structureId, aliases, now);
  return await listMailboxesById(tx, structureId, updates.map(({ id }) => id));
}

function toUpdateRow(update: MailboxUpdate): Record<string, unknown> {
  return {
    id: update.id,
    status: update.status,
    sets_suspension: update.suspensionReason !== undefined,
    suspension_reason: update.suspensionReason,
    sets_closing: update.closing !== undefined,
    closing_reason: update.closing?.reason,
    purge_at: update.closing?.purgeAt.toISOString(),
    display_name: update.displayName,
    description: update.description,
    service: update.service,
    responsible: update.responsible,
    phone: update.phone,
    red_list: update.redList,
    quota_bytes: update.quotaBytes,
  };
}

/** Ends aliases for good: nobody is given them again. */
export async function closeAliases(tx: Tx, structureId: string, addresses: readonly string[]): Promise<void> {
  await tx.updateTable("app.addresses").set({ kind: "closed" }).where("structure_id", "=", structureId)
    .where("kind", "=", "alias").where(sql<boolean>`address = any(${[...addresses]}::text[])`).execute();
}
