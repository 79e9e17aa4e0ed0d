import { type Selectable, sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { ClientCertificatesTable } from "../database/schema.ts";
import { onUnique } from "../database/unique.ts";
import { problem } from "../problems.ts";
import type { ReadCertificate } from "./read-certificate.ts";

export interface CertificateMailbox {
  readonly id: string;
  readonly address: string;
}
export type ClientCertificateRow = Selectable<ClientCertificatesTable> & {
  readonly mailboxes: readonly CertificateMailbox[];
};

/** Of the structure, those withdrawn last; `id`: that one alone. */
export async function listClientCertificates(
  tx: Tx,
  structureId: string,
  id?: string,
): Promise<ClientCertificateRow[]> {
  let query = tx.selectFrom("app.client_certificates").selectAll().where("structure_id", "=", structureId);
  if (id !== undefined) query = query.where("id", "=", id);
  const rows = await query.orderBy(sql`withdrawn_at is not null`).orderBy("label").orderBy("id").execute();
  const mailboxes = await tx.selectFrom("app.client_certificate_mailboxes as m")
    .innerJoin(
      "app.mailboxes as b",
      (join) => join.onRef("b.structure_id", "=", "m.structure_id").onRef("b.id", "=", "m.mailbox_id"),
    )
    .where("m.structure_id", "=", structureId).select(["m.certificate_id", "b.id", "b.address"])
    .orderBy("b.address").execute();
  return rows.map((row) => ({
    ...row,
    mailboxes: mailboxes.filter((one) => one.certificate_id === row.id)
      .map(({ id, address }) => ({ id, address })),
  }));
}

/** Throws `client-certificate-not-found`; locked until the transaction ends. */
export async function getClientCertificateForUpdate(
  tx: Tx,
  structureId: string,
  id: string,
): Promise<ClientCertificateRow> {
  const locked = await tx.selectFrom("app.client_certificates").select("id")
    .where("structure_id", "=", structureId).where("id", "=", id).forUpdate().executeTakeFirst();
  const [row] = locked === undefined ? [] : await listClientCertificates(tx, structureId, id);
  if (row === undefined) throw problem("client-certificate-not-found");
  return row;
}

/** Throws `client-certificate-exists`. */
export async function insertClientCertificate(
  tx: Tx,
  structureId: string,
  values: ReadCertificate & { readonly label: string },
  now: Date,
): Promise<string> {
  return await onUnique(
    "client_certificates__sha256",
    () => problem("client-certificate-exists"),
    async () => {
      const { id } = await tx.insertInto("app.client_certificates").values({
        structure_id: structureId,
        label: values.label,
        subject: values.subject,
        issuer: values.issuer,
        subject_key: values.subjectKey,
        issuer_key: values.issuerKey,
        serial: values.serial,
        sha256: values.sha256,
        not_after: values.notAfter,
        created_at: now,
        updated_at: now,
      }).returning("id").executeTakeFirstOrThrow();
      return id;
    },
  );
}

export async function updateClientCertificate(
  tx: Tx,
  row: ClientCertificateRow,
  change: { readonly label?: string; readonly withdrawn_at?: Date },
  now: Date,
): Promise<void> {
  await tx.updateTable("app.client_certificates").set({
    ...change,
    version: row.version + 1,
    updated_at: now,
  })
    .where("structure_id", "=", row.structure_id).where("id", "=", row.id).execute();
}

/** These and no others. */
export async function writeCertificateMailboxes(
  tx: Tx,
  structureId: string,
  certificateId: string,
  mailboxIds: readonly string[],
): Promise<void> {
  await tx.deleteFrom("app.client_certificate_mailboxes").where("structure_id", "=", structureId)
    .where("certificate_id", "=", certificateId).execute();
  if (mailboxIds.length === 0) return;
  await tx.insertInto("app.client_certificate_mailboxes").values(
    mailboxIds.map((mailboxId) => ({
      structure_id: structureId,
      certificate_id: certificateId,
      mailbox_id: mailboxId,
    })),
  ).execute();
}

/** Of these boxes those of software (APP) in the structure that are not closed. */
export async function listApplicativeMailboxes(
  tx: Tx,
  structureId: string,
  mailboxIds: readonly string[],
): Promise<Set<string>> {
  if (mailboxIds.length === 0) return new Set();
  const rows = await tx.selectFrom("app.mailboxes").select("id").where("structure_id", "=", structureId)
    .where("id", "in", [...mailboxIds]).where("type", "=", "APP").where("status", "!=", "closed").execute();
  return new Set(rows.map(({ id }) => id));
}
