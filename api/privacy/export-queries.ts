/** Exports: their rows, and what of a person's data goes into the archive. */
import { type Selectable, sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { ExportsTable } from "../database/schema.ts";

export type ExportRow = Selectable<ExportsTable>;

export async function insertExport(
  tx: Tx,
  values: {
    readonly kind: "person" | "mailbox";
    readonly requestedBy: string;
    readonly personId?: string;
    readonly mailbox?: { readonly structureId: string; readonly mailboxId: string };
    readonly hasMail: boolean;
    readonly reason: string;
    readonly createdAt: Date;
  },
): Promise<ExportRow> {
  return await tx.insertInto("app.exports").values({
    kind: values.kind,
    requested_by: values.requestedBy,
    person_id: values.personId ?? null,
    structure_id: values.mailbox?.structureId ?? null,
    mailbox_id: values.mailbox?.mailboxId ?? null,
    has_mail: values.hasMail,
    reason: values.reason,
    created_at: values.createdAt,
  }).returningAll().executeTakeFirstOrThrow();
}

/** The export, if this person asked for it. */
export async function findExportOf(
  tx: Tx,
  personId: string,
  exportId: string,
): Promise<ExportRow | undefined> {
  return await tx.selectFrom("app.exports").selectAll().where("id", "=", exportId)
    .where("requested_by", "=", personId).executeTakeFirst();
}

/** The last fifty that this person asked for, newest first. */
export async function listExportsOf(tx: Tx, personId: string): Promise<ExportRow[]> {
  return await tx.selectFrom("app.exports").selectAll().where("requested_by", "=", personId)
    .orderBy("created_at", "desc").limit(50).execute();
}

export async function findExport(tx: Tx, exportId: string): Promise<ExportRow | undefined> {
  return await tx.selectFrom("app.exports").selectAll().where("id", "=", exportId).executeTakeFirst();
}

export async function noteProgress(tx: Tx, exportId: string, done: number, total: number): Promise<void> {
  await tx.updateTable("app.exports").set({ status: "running", done_count: done, total_count: total })
    .where("id", "=", exportId).where("status", "in", ["queued", "running"]).execute();
}

export async function markReady(
  tx: Tx,
  exportId: string,
  archive: {
    readonly sizeBytes: number;
    readonly sha256: Uint8Array;
    readonly readyAt: Date;
    readonly expiresAt: Date;
  },
): Promise<void> {
  await tx.updateTable("app.exports").set({
    status: "ready",
    size_bytes: archive.sizeBytes,
    sha256: archive.sha256,
    ready_at: archive.readyAt,
    expires_at: archive.expiresAt,
  }).where("id", "=", exportId).execute();
}

export async function markFailed(tx: Tx, exportId: string, failure: string): Promise<void> {
  await tx.updateTable("app.exports").set({ status: "failed", failure }).where("id", "=", exportId).execute();
}

/** Marks archives whose time is over; answers their ids, whose files may go. */
export async function expireReady(tx: Tx, now: Date): Promise<string[]> {
  const rows = await tx.updateTable("app.exports").set({ status: "expired" })
    .where("status", "=", "ready").where("expires_at", "<=", now).returning("id").execute();
  return rows.map(({ id }) => id);
}

export interface BoxToExport {
  readonly structureId: string;
  readonly mailboxId: string;
  readonly address: string;
  readonly status: "active" | "suspended" | "closing" | "closed";
}

/** The box of an export, or the personal boxes of a person whose mail still stands. */
export async function listBoxesToExport(tx: Tx, row: ExportRow): Promise<BoxToExport[]> {
  let query = tx.selectFrom("app.mailboxes as b").where("b.status", "<>", "closed")
    .select(["b.structure_id as structureId", "b.id as mailboxId", "b.address", "b.status"]).orderBy(
      "b.address",
    );
  query = row.mailbox_id !== null
    ? query.where("b.structure_id", "=", row.structure_id!).where("b.id", "=", row.mailbox_id)
    : query.innerJoin("app.people as p", "p.id_nat_ps", "b.holder_id_nat_ps").where(
      "p.id",
      "=",
      row.person_id!,
    );
  return await query.execute();
}

/**
 * All that the tables hold about a person, table by table, as JSON. No secret: no token, no hash, no other person's data.
 * The list follows the data map (api/privacy/data-map.ts); a test says when a category is missing here.
 */
export async function readPersonData(tx: Tx, personId: string): Promise<Record<string, unknown[]>> {
  const parts: Record<string, ReturnType<typeof sql<{ row: unknown }>>> = {
    "identite":
      sql`select json_build_object('identifiantNational', id_nat_ps, 'nom', family_name, 'prenom', given_name,
      'etat', status, 'creeLe', created_at, 'derniereConnexion', last_signed_in_at, 'situationsDExercice', situations) as row from app.people where id = ${personId}`,
    "roles": sql`select json_build_object('structure', s.name, 'role', m.role, 'depuis', m.created_at) as row
      from app.memberships m join app.structures s on s.id = m.structure_id where m.person_id = ${personId}
      union all select json_build_object('exploitant', true, 'role', role, 'depuis', created_at) from app.operator_roles where person_id = ${personId}
      union all select json_build_object('structure', s.name, 'invitation', i.role, 'etat', i.status, 'le', i.created_at)
        from app.invitations i join app.structures s on s.id = i.structure_id where i.person_id = ${personId}
      union all select json_build_object('structure', s.name, 'depart', d.status, 'motif', d.reason, 'le', d.due_at)
        from app.departures d join app.structures s on s.id = d.structure_id where d.person_id = ${personId}`,
    "delegations": sql`select json_build_object('boite', b.address, 'membreDepuis', m.created_at) as row
      from app.mailbox_members m join app.mailboxes b on b.structure_id = m.structure_id and b.id = m.mailbox_id where m.person_id = ${personId}
      union all select json_build_object('boite', b.address, 'delegation', json_build_object('lire', d.may_read, 'ecrire', d.may_write,
        'envoyerEnTantQue', d.may_send_as, 'envoyerPour', d.may_send_on_behalf, 'gerer', d.may_manage, 'du', d.starts_at, 'au', d.ends_at, 'retiree', d.revoked_at))
        from app.mailbox_delegations d join app.mailboxes b on b.structure_id = d.structure_id and b.id = d.mailbox_id where d.person_id = ${personId}`,
    "courrier":
      sql`select json_build_object('adresse', b.address, 'type', b.type, 'libelle', b.display_name, 'etat', b.status,
      'listeRouge', b.red_list, 'creeLe', b.created_at, 'fermeLe', b.closed_at) as row
      from app.mailboxes b join app.people p on p.id_nat_ps = b.holder_id_nat_ps where p.id = ${personId}`,
    "adresses":
      sql`select json_build_object('adresse', a.address, 'nature', a.kind, 'depuis', a.created_at) as row
      from app.addresses a join app.mailboxes b on b.structure_id = a.structure_id and b.id = a.mailbox_id
      join app.people p on p.id_nat_ps = b.holder_id_nat_ps where p.id = ${personId}`,
    "sessions":
      sql`select json_build_object('ouverte', created_at, 'niveau', acr, 'facteurs', amr, 'reseau', network, 'navigateur', browser, 'fin', coalesce(ended_at, expires_at), 'motifDeFin', end_reason) as row
      from app.sessions where person_id = ${personId}
      union all select json_build_object('motDePasseDApplication', a.device, 'boite', b.address, 'cree', a.created_at, 'expire', a.expires_at,
        'dernierUsage', a.last_used_at, 'revoque', a.revoked_at)
      from app.app_passwords a join app.mailboxes b on b.structure_id = a.structure_id and b.id = a.mailbox_id where a.person_id = ${personId}`,
    "autorisations":
      sql`select json_build_object('programme', c.name, 'depuis', g.created_at, 'dernierUsage', g.last_used_at, 'niveau', g.acr,
        'fin', coalesce(g.revoked_at, g.expires_at), 'motifDeFin', g.revoke_reason) as row
      from app.oauth_grants g join app.oauth_clients c on c.id = g.client_id where g.person_id = ${personId}`,
    "comptes-exploitant":
      sql`select json_build_object('compte', login, 'etat', status, 'ouvert', enrolled_at, 'derniereConnexion', last_signed_in_at) as row
      from app.staff_accounts where person_id = ${personId}
      union all select json_build_object('cleDAcces', name, 'depuis', created_at, 'dernierUsage', last_used_at)
      from app.staff_passkeys where person_id = ${personId}`,
    "trace":
      sql`select json_build_object('le', at, 'acte', action, 'sujet', subject_kind, 'identifiant', subject_id, 'motif', reason) as row
      from app.audit_events where actor_kind = 'person' and actor_person_id = ${personId} order by id`,
    "preuves":
      sql`select json_build_object('charte', c.version_label, 'accepteeLe', a.accepted_at, 'empreinte', encode(a.sha256, 'hex')) as row
      from app.charter_acceptances a join app.charters c on c.id = a.charter_id where a.person_id = ${personId}
      union all select json_build_object('consentement', purpose, 'donne', is_given, 'le', decided_at) from app.consents where person_id = ${personId}`,
    "demandes":
      sql`select json_build_object('export', kind, 'etat', status, 'le', created_at) as row from app.exports where requested_by = ${personId}
      union all select json_build_object('effacement', status, 'motif', reason, 'le', created_at) from app.erasures where person_id = ${personId}`,
  };
  const data: Record<string, unknown[]> = {};
  for (const [name, query] of Object.entries(parts)) {
    const { rows } = await query.execute(tx);
    data[name] = rows.map(({ row }) => row);
  }
  return data;
}
