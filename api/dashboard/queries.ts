import { sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { AttentionKind, AttentionSubject, FoundSubject } from "./attention.ts";

/** How many of each kind are shown by name; the list behind the link shows all. */
const shown = 5;

/** Ten minutes: the mail server is given a change within seconds, and the reconciliation comes by every ten minutes. */
const lateAfter = sql`interval '10 minutes'`;

const expiringWithin = sql`interval '30 days'`;

type Rows = ReturnType<typeof sql<FoundSubject>>;

/** The rows of one kind. `rows` yields id, label, structure_id, structure_name, reason and since. */
function finding(attention: AttentionKind, kind: AttentionSubject["kind"], rows: Rows): Rows {
  return sql`(select ${sql.lit(attention)} as attention, ${sql.lit(kind)} as kind, found.id, found.label,
      found.structure_id as "structureId", found.structure_name as "structureName", found.reason, found.since,
      (count(*) over ())::int as total
    from (${rows}) as found order by found.since, found.id limit ${sql.lit(shown)})`;
}

/** What the tables say needs somebody: of one structure, or with `undefined` of all that the scope sees. */
export async function listFoundSubjects(
  tx: Tx,
  structureId: string | undefined,
  now: Date,
  /** After so many days a box that nobody opens is due, where its structure has settled nothing else. */
  noticeAfterDays: number,
): Promise<FoundSubject[]> {
  const ofStructure = (column: string) =>
    structureId === undefined ? sql`true` : sql`${sql.ref(column)} = ${structureId}::uuid`;
  const box = (condition: Rows) =>
    sql<FoundSubject>`select b.id, b.address as label, s.id as structure_id, s.name as structure_name,
      b.provisioning_reason as reason, b.updated_at as since
    from app.mailboxes b join app.structures s on s.id = b.structure_id
    where ${ofStructure("b.structure_id")} and ${condition}`;
  const structure = (condition: Rows) =>
    sql<FoundSubject>`select s.id, s.name as label, s.id as structure_id, s.name as structure_name,
      null::text as reason, s.updated_at as since
    from app.structures s where ${ofStructure("s.id")} and ${condition}`;

  const invitation = (condition: Rows) =>
    sql<FoundSubject>`select p.id, trim(p.given_name || ' ' || p.family_name) as label, s.id as structure_id,
      s.name as structure_name, null::text as reason, i.created_at as since
    from app.invitations i join app.people p on p.id = i.person_id join app.structures s on s.id = i.structure_id
    where ${ofStructure("i.structure_id")} and ${condition}`;

  const parts = [
    finding(
      "mailbox-provisioning-failed",
      "mailbox",
      box(sql`b.provisioning in ('failed', 'action_required')`),
    ),
    finding(
      "mailbox-provisioning-late",
      "mailbox",
      box(sql`b.provisioning = 'pending' and b.updated_at < ${now}::timestamptz - ${lateAfter}`),
    ),
    finding(
      "domain-provisioning-late",
      "domain",
      sql`select d.id, d.name as label, s.id as structure_id, s.name as structure_name, null::text as reason,
          d.updated_at as since
        from app.domains d join app.structures s on s.id = d.structure_id
        where ${ofStructure("d.structure_id")} and d.applied_version < d.version
          and d.updated_at < ${now}::timestamptz - ${lateAfter}`,
    ),
    finding(
      "mailbox-without-member",
      "mailbox",
      box(sql`b.type in ('ORG', 'CAB') and b.status = 'active' and s.status = 'active'
        and not exists (select from app.mailbox_members m
          where m.structure_id = b.structure_id and m.mailbox_id = b.id)`),
    ),
    finding(
      "structure-without-administrator",
      "structure",
      structure(sql`s.status = 'active' and not exists (select from app.memberships m
        where m.structure_id = s.id and m.role = 'structure_administrator')`),
    ),
    finding(
      "structure-without-domain",
      "structure",
      structure(sql`s.status = 'active' and not exists (select from app.domains d
        where d.structure_id = s.id and d.status = 'active')`),
    ),
    finding(
      "structure-without-mailbox",
      "structure",
      structure(sql`s.status = 'active' and s.used_mailboxes = 0`),
    ),
    finding(
      "charter-not-accepted",
      "structure",
      structure(sql`s.status = 'active' and s.charter_accepted_at is null
        and exists (select from app.charters)`),
    ),
    finding(
      "quota-mailboxes-nearly-full",
      "structure",
      structure(
        sql`s.status = 'active' and s.quota_mailboxes > 0 and s.used_mailboxes >= 0.9 * s.quota_mailboxes`,
      ),
    ),
    finding(
      "quota-bytes-nearly-full",
      "structure",
      structure(sql`s.status = 'active' and s.quota_bytes > 0 and s.used_bytes >= 0.9 * s.quota_bytes`),
    ),
    finding(
      "mailbox-inactive",
      "mailbox",
      sql`select b.id, b.address as label, s.id as structure_id, s.name as structure_name, null::text as reason,
          coalesce(b.last_authenticated_at, b.created_at) as since
        from app.mailboxes b join app.structures s on s.id = b.structure_id
        left join app.inactivity_settings i on i.structure_id = s.id
        where ${ofStructure("b.structure_id")} and b.type = 'PER' and b.status = 'active'
          and coalesce(b.last_authenticated_at, b.created_at) < ${now}::timestamptz
            - make_interval(days => coalesce(i.notice_after_days, ${noticeAfterDays}::integer))`,
    ),
    finding(
      "batch-ready",
      "batch",
      sql`select b.id, to_char(b.created_at, 'YYYY-MM-DD') as label, s.id as structure_id, s.name as structure_name,
          null::text as reason, b.created_at as since
        from app.batches b join app.structures s on s.id = b.structure_id
        where ${ofStructure("b.structure_id")} and b.state = 'ready'`,
    ),
    finding(
      "invitation-pending",
      "person",
      invitation(sql`i.status = 'pending' and i.expires_at > ${now}::timestamptz`),
    ),
    finding(
      "invitation-expired",
      "person",
      invitation(sql`i.status = 'pending' and i.expires_at <= ${now}::timestamptz`),
    ),
    finding(
      "service-key-expiring",
      "service-account",
      sql`select a.id, a.name as label, s.id as structure_id, s.name as structure_name, null::text as reason,
          min(k.expires_at) as since
        from app.service_account_keys k
        join app.service_accounts a on a.structure_id = k.structure_id and a.id = k.service_account_id
        join app.structures s on s.id = a.structure_id
        where ${ofStructure("k.structure_id")} and a.status = 'active' and k.revoked_at is null
          and k.expires_at < ${now}::timestamptz + ${expiringWithin}
        group by a.id, a.name, s.id, s.name`,
    ),
    // One that a later certificate of the same subject replaces may end in peace.
    finding(
      "client-certificate-expiring",
      "client-certificate",
      sql`select c.id, c.label, s.id as structure_id, s.name as structure_name, null::text as reason,
          c.not_after as since
        from app.client_certificates c join app.structures s on s.id = c.structure_id
        where ${ofStructure("c.structure_id")} and c.withdrawn_at is null
          and c.not_after < ${now}::timestamptz + ${expiringWithin}
          and not exists (select from app.client_certificates later where later.structure_id = c.structure_id
            and later.subject_key = c.subject_key and later.withdrawn_at is null and later.not_after > c.not_after)`,
    ),
    finding("structure-suspended", "structure", structure(sql`s.status = 'suspended'`)),
  ];
  const { rows } = await sql<FoundSubject>`${sql.join(parts, sql` union all `)}`.execute(tx);
  return rows;
}

export interface Figures {
  readonly structures: number;
  readonly domains: number;
  readonly mailboxes: number;
  readonly activeMailboxes: number;
  readonly suspendedMailboxes: number;
  readonly pendingMailboxes: number;
  readonly people: number;
}

/** How many there are; closed ones are not counted. */
export async function countFigures(tx: Tx, structureId: string | undefined): Promise<Figures> {
  const ofStructure = (column: string) =>
    structureId === undefined ? sql`true` : sql`${sql.ref(column)} = ${structureId}::uuid`;
  const { rows } = await sql<Figures>`
    select boxes.*,
      (select count(*)::int from app.structures s where s.status <> 'closed' and ${
    ofStructure("s.id")
  }) as structures,
      (select count(*)::int from app.domains d where d.status <> 'closed' and ${
    ofStructure("d.structure_id")
  }) as domains,
      (select count(distinct m.person_id)::int from app.memberships m where ${
    ofStructure("m.structure_id")
  }) as people
    from (select count(*)::int as mailboxes,
        (count(*) filter (where b.status = 'active'))::int as "activeMailboxes",
        (count(*) filter (where b.status = 'suspended'))::int as "suspendedMailboxes",
        (count(*) filter (where b.provisioning = 'pending'))::int as "pendingMailboxes"
      from app.mailboxes b where b.status <> 'closed' and ${ofStructure("b.structure_id")}) as boxes`.execute(
    tx,
  );
  const [figures] = rows;
  if (figures === undefined) throw new Error("A select of aggregates gave no row.");
  return figures;
}
