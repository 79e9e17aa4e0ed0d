import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inStructure, type Tx } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { authorise } from "../identity/mod.ts";
import { invalidRequest, problem } from "../problems.ts";
import { getStructure, requireActiveStructure } from "../tenancy/mod.ts";
import {
  type ClientCertificateRow,
  getClientCertificateForUpdate,
  insertClientCertificate,
  listApplicativeMailboxes,
  listClientCertificates,
  updateClientCertificate,
  writeCertificateMailboxes,
} from "./certificate-queries.ts";
import { readCertificate } from "./read-certificate.ts";

export interface NewClientCertificate {
  readonly structureId: string;
  /** Which software has it. */
  readonly label: string;
  /** PEM text of the certificate, without its key. */
  readonly certificate: string;
  readonly mailboxIds: readonly string[];
}

/**
 * Registers a certificate of the structure's software, and which of its boxes (APP) it opens at the edge.
 * Throws `structure-not-found`, `structure-suspended`, `structure-closed`, `client-certificate-exists`, `invalid-request`.
 */
export async function registerClientCertificate(
  ctx: Context,
  input: NewClientCertificate,
): Promise<ClientCertificateRow> {
  const { structureId, label, mailboxIds } = input;
  authorise(ctx, "client-certificate.create", { structureId });
  const read = readCertificate(input.certificate, ctx.now());
  if (!read.ok) throw invalidRequest([{ pointer: "/certificate", detail: read.detail }]);
  return await inStructure(ctx, structureId, async (tx) => {
    await requireActiveStructure(tx, structureId);
    await requireApplicative(tx, structureId, mailboxIds);
    const id = await insertClientCertificate(tx, structureId, { ...read.certificate, label }, ctx.now());
    await writeCertificateMailboxes(tx, structureId, id, mailboxIds);
    const row = await getClientCertificateForUpdate(tx, structureId, id);
    await recordAudit(tx, ctx, {
      action: "client-certificate.create",
      subject: { kind: "client-certificate", id },
      structureId,
      after: toSnapshot(row),
    });
    return row;
  });
}

export async function readClientCertificates(
  ctx: Context,
  structureId: string,
): Promise<ClientCertificateRow[]> {
  authorise(ctx, "client-certificate.read", { structureId });
  return await inStructure(ctx, structureId, async (tx) => {
    await getStructure(tx, structureId);
    return await listClientCertificates(tx, structureId);
  });
}

/**
 * Changes which boxes a certificate opens, or its name; in force at the commit, and for what is connected within seconds.
 * Throws `structure-not-found`, `client-certificate-not-found`, `client-certificate-withdrawn`, `version-mismatch`,
 * `invalid-request`.
 */
export async function changeClientCertificate(
  ctx: Context,
  input: {
    readonly structureId: string;
    readonly certificateId: string;
    readonly label?: string | undefined;
    readonly mailboxIds?: readonly string[] | undefined;
    readonly ifVersion?: number | undefined;
  },
): Promise<ClientCertificateRow> {
  const { structureId, certificateId, label, mailboxIds } = input;
  authorise(ctx, "client-certificate.change", { structureId });
  return await inStructure(ctx, structureId, async (tx) => {
    await getStructure(tx, structureId);
    const before = await getClientCertificateForUpdate(tx, structureId, certificateId);
    if (before.withdrawn_at !== null) throw problem("client-certificate-withdrawn");
    checkVersion(before.version, input.ifVersion);
    if (mailboxIds !== undefined) {
      await requireApplicative(tx, structureId, mailboxIds);
      await writeCertificateMailboxes(tx, structureId, certificateId, mailboxIds);
    }
    await updateClientCertificate(tx, before, label === undefined ? {} : { label }, ctx.now());
    const after = await getClientCertificateForUpdate(tx, structureId, certificateId);
    await recordAudit(tx, ctx, {
      action: "client-certificate.change",
      subject: { kind: "client-certificate", id: certificateId },
      structureId,
      before: toSnapshot(before),
      after: toSnapshot(after),
    });
    return after;
  });
}

/** Withdraws a certificate, for good. Idempotent. Throws `structure-not-found`, `client-certificate-not-found`. */
export async function withdrawClientCertificate(
  ctx: Context,
  { structureId, certificateId }: { readonly structureId: string; readonly certificateId: string },
): Promise<void> {
  authorise(ctx, "client-certificate.withdraw", { structureId });
  await inStructure(ctx, structureId, async (tx) => {
    await getStructure(tx, structureId);
    const before = await getClientCertificateForUpdate(tx, structureId, certificateId);
    if (before.withdrawn_at !== null) return;
    await updateClientCertificate(tx, before, { withdrawn_at: ctx.now() }, ctx.now());
    await recordAudit(tx, ctx, {
      action: "client-certificate.withdraw",
      subject: { kind: "client-certificate", id: certificateId },
      structureId,
      before: toSnapshot(before),
    });
  });
}

async function requireApplicative(tx: Tx, structureId: string, mailboxIds: readonly string[]): Promise<void> {
  const found = await listApplicativeMailboxes(tx, structureId, mailboxIds);
  const faults = mailboxIds.flatMap((id, place) =>
    found.has(id)
      ? []
      : [{ pointer: `/mailboxIds/${place}`, detail: "is not a mailbox of software (APP) of this structure" }]
  );
  if (faults.length > 0) throw invalidRequest(faults);
}

function toSnapshot(row: ClientCertificateRow) {
  return {
    certificateId: row.id,
    label: row.label,
    serial: row.serial,
    mailboxIds: row.mailboxes.map(({ id }) => id),
    expiresAt: row.not_after,
    version: row.version,
  };
}
