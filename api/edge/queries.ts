/** What the edge asks of the database, in the platform's own scope: nobody is known before it has answered. */
import { sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import { isFromBeforeLogout } from "../identity/mod.ts";
import type { Proof } from "./proof.ts";
import type { StandingRow } from "./standing.ts";

/** The box of an address in use, its own or an alias. */
export async function findBox(tx: Tx, address: string): Promise<string | undefined> {
  const row = await tx.selectFrom("app.addresses").select("mailbox_id").where("address", "=", address)
    .where("kind", "in", ["main", "alias"]).executeTakeFirst();
  return row?.mailbox_id;
}

export async function findAppPassword(tx: Tx, secretHash: Uint8Array) {
  return await tx.selectFrom("app.app_passwords").select(["id", "mailbox_id", "secret_hash"])
    .where("secret_hash", "=", secretHash).executeTakeFirst();
}

export interface CertificateRow {
  readonly id: string;
  readonly structure_id: string;
  readonly subject_key: string;
  readonly sha256: Uint8Array;
  readonly is_withdrawn: boolean;
  /** Its boxes. */
  readonly mailbox_ids: readonly string[];
}

/** Certificates registered with this issuer and serial, in whatever structure, those in force first. */
export async function listCertificates(tx: Tx, issuerKey: string, serial: string): Promise<CertificateRow[]> {
  const { rows } = await sql<CertificateRow>`
    select c.id, c.structure_id, c.subject_key, c.sha256, c.withdrawn_at is not null as is_withdrawn,
      array(select m.mailbox_id from app.client_certificate_mailboxes m
        where m.structure_id = c.structure_id and m.certificate_id = c.id) as mailbox_ids
    from app.client_certificates c where c.serial = ${serial} and c.issuer_key = ${issuerKey}
    order by c.withdrawn_at is not null, c.created_at desc`.execute(tx);
  return rows;
}

/** The structure of a box; undefined for one that is not there. */
export async function findStructure(tx: Tx, mailboxId: string): Promise<string | undefined> {
  const row = await tx.selectFrom("app.mailboxes").select("structure_id").where("id", "=", mailboxId)
    .executeTakeFirst();
  return row?.structure_id;
}

/** Each proof as it stands now: one line per proof asked for, in their order, in one statement however many they are. */
export async function listStandings(tx: Tx, proofs: readonly Proof[], now: Date): Promise<StandingRow[]> {
  const columnOf = (name: "kind" | "id" | "mailboxId") => proofs.map((proof) => proof[name]);
  const isLoggedOut = isFromBeforeLogout({
    personId: sql`w.id`,
    sessionHash: sql`w.session_hash`,
    issuedAt: sql`w.issued_at`,
  });
  const { rows } = await sql<StandingRow>`
    select w.kind, w.id, w.mailbox_id, b.structure_id, b.address, b.status as box_status,
      b.moved_from_address is not null and b.moved_at is null as is_moving,
      d.status as domain_status, s.status as structure_status, s.app_passwords_allowed,
      p.id as person_id, trim(p.given_name || ' ' || p.family_name) as person_name, p.status as person_status,
      b.holder_id_nat_ps = p.id_nat_ps as is_holder, m.person_id is not null as is_member,
      g.may_read, g.may_write, g.may_send_as,
      w.ends_at as token_ends_at, ${isLoggedOut} as is_logged_out,
      a.id as password_id, a.expires_at as password_ends_at, a.revoked_at is not null as is_password_revoked,
      a.may_imap, a.may_submission,
      c.id as certificate_id, c.label as certificate_label, c.not_after as certificate_ends_at,
      c.withdrawn_at is not null as is_certificate_withdrawn, cm.mailbox_id is not null as is_certificate_for_box
    from unnest(${columnOf("kind")}::text[], ${columnOf("id")}::uuid[], ${columnOf("mailboxId")}::uuid[],
        ${proofs.map(({ token }) => token?.issuedAt ?? null)}::timestamptz[],
        ${proofs.map(({ token }) => token?.endsAt ?? null)}::timestamptz[],
        ${proofs.map(({ token }) => token?.sessionHash ?? null)}::bytea[])
        with ordinality as w (kind, id, mailbox_id, issued_at, ends_at, session_hash, place)
      left join app.mailboxes b on b.id = w.mailbox_id
      left join app.domains d on d.structure_id = b.structure_id and d.id = b.domain_id
      left join app.structures s on s.id = b.structure_id
      left join app.app_passwords a
        on w.kind = 'app-password' and a.id = w.id and a.structure_id = b.structure_id and a.mailbox_id = b.id
      left join app.client_certificates c
        on w.kind = 'certificate' and c.id = w.id and c.structure_id = b.structure_id
      left join app.client_certificate_mailboxes cm
        on cm.structure_id = c.structure_id and cm.certificate_id = c.id and cm.mailbox_id = b.id
      left join app.people p on p.id = case w.kind when 'person' then w.id else a.person_id end
      left join app.mailbox_members m
        on m.structure_id = b.structure_id and m.mailbox_id = b.id and m.person_id = p.id
      left join app.mailbox_delegations g
        on g.structure_id = b.structure_id and g.mailbox_id = b.id and g.person_id = p.id and g.revoked_at is null
          and g.may_read and g.starts_at <= ${now} and (g.ends_at is null or g.ends_at > ${now})
    order by w.place`.execute(tx);
  return rows;
}

/** Notes the use, at most once a minute. */
export async function touchProof(tx: Tx, { kind, id }: Proof, now: Date): Promise<void> {
  if (kind === "person") return;
  const table = kind === "app-password" ? "app.app_passwords" : "app.client_certificates";
  const ended = kind === "app-password" ? "revoked_at" : "withdrawn_at";
  const before = new Date(now.getTime() - 60_000);
  await sql`update ${sql.table(table)} set last_used_at = ${now}
    where id = ${id} and ${sql.ref(ended)} is null and (last_used_at is null or last_used_at < ${before})`
    .execute(tx);
}
