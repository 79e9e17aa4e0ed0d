import { sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import { addDays } from "../days.ts";

export type ReminderOutcome = "sent" | "dropped" | "refused";

export interface ReminderRow {
  readonly structure_id: string;
  readonly id: string;
  readonly app_password_id: string | null;
  readonly client_certificate_id: string | null;
  readonly mailbox_id: string;
  readonly address: string;
  /** The app password's device, or the certificate's label. */
  readonly name: string;
  /** Whose app password it is; empty for a certificate. */
  readonly person_name: string;
  readonly structure_name: string;
  readonly ends_at: Date;
  /** Whether it still ends, and has not ended yet. */
  readonly is_wanted: boolean;
}

/** The shortest delay that has begun and that lies within the life of what ends. */
const dueDays = (days: readonly number[], endsAt: string, bornAt: string, now: Date) =>
  sql`(select min(d) from unnest(${[...days]}::integer[]) d
    where ${sql.ref(endsAt)} <= ${now}::timestamptz + make_interval(days => d)
      and ${sql.ref(bornAt)} < ${sql.ref(endsAt)} - make_interval(days => d))`;

const horizon = (days: readonly number[], now: Date) => addDays(now, Math.max(...days));

/** One for each app password that is in use and about to end, into its own box. In the platform's scope. */
export async function planAppPasswordReminders(tx: Tx, days: readonly number[], now: Date): Promise<void> {
  await sql`
    insert into app.expiry_reminders (structure_id, app_password_id, days, mailbox_id, created_at)
    select due.structure_id, due.id, due.days, due.mailbox_id, ${now}
    from (select a.structure_id, a.id, a.mailbox_id, ${
    dueDays(days, "a.expires_at", "a.created_at", now)
  } as days
      from app.app_passwords a
      join app.mailboxes b on b.structure_id = a.structure_id and b.id = a.mailbox_id and b.status = 'active'
      join app.structures s on s.id = a.structure_id and s.status = 'active' and s.app_passwords_allowed
      where a.revoked_at is null and a.expires_at > ${now} and a.expires_at <= ${horizon(days, now)}) due
    where due.days is not null
    on conflict do nothing`.execute(tx);
}

/**
 * One for each certificate that is in force and about to end and each box of an administrator in its structure. A certificate that a
 * later one of the same subject replaces ends without a word.
 */
export async function planCertificateReminders(tx: Tx, days: readonly number[], now: Date): Promise<void> {
  await sql`
    insert into app.expiry_reminders (structure_id, client_certificate_id, days, mailbox_id, created_at)
    select due.structure_id, due.id, due.days, box.id, ${now}
    from (select c.structure_id, c.id, ${dueDays(days, "c.not_after", "c.created_at", now)} as days
      from app.client_certificates c join app.structures s on s.id = c.structure_id and s.status = 'active'
      where c.withdrawn_at is null and c.not_after > ${now} and c.not_after <= ${horizon(days, now)}
        and not ${isRenewed}) due
    join app.memberships m on m.structure_id = due.structure_id and m.role = 'structure_administrator'
    join app.people p on p.id = m.person_id and p.status = 'active'
    join app.mailboxes box on box.structure_id = due.structure_id and box.holder_id_nat_ps = p.id_nat_ps
      and box.status = 'active'
    where due.days is not null
    on conflict do nothing`.execute(tx);
}

/** Of certificate `c`: there is a later one of the same subject. */
const isRenewed =
  sql`exists (select from app.client_certificates later where later.structure_id = c.structure_id
  and later.subject_key = c.subject_key and later.withdrawn_at is null and later.not_after > c.not_after)`;

export async function listWaitingReminders(tx: Tx): Promise<{ structure_id: string; id: string }[]> {
  return await tx.selectFrom("app.expiry_reminders").select(["structure_id", "id"]).where(
    "done_at",
    "is",
    null,
  )
    .orderBy("created_at").execute();
}

/** Of the reminder if it waits, locked until the transaction ends: when it was tried before. */
async function lockWaiting(tx: Tx, structureId: string, id: string) {
  return await tx.selectFrom("app.expiry_reminders").select("attempted_at")
    .where("structure_id", "=", structureId).where("id", "=", id).where("done_at", "is", null)
    .forUpdate().executeTakeFirst();
}

/**
 * Notes that the reminder is being sent.
 *
 * @returns when that was tried before, `now` if it never was, undefined when there is nothing left to send
 */
export async function noteAttempt(
  tx: Tx,
  structureId: string,
  id: string,
  now: Date,
): Promise<Date | "now" | undefined> {
  const row = await lockWaiting(tx, structureId, id);
  if (row === undefined || row.attempted_at !== null) return row?.attempted_at ?? undefined;
  await tx.updateTable("app.expiry_reminders").set({ attempted_at: now })
    .where("structure_id", "=", structureId).where("id", "=", id).execute();
  return "now";
}

/** The reminder if it waits, locked until the transaction ends. */
export async function findReminder(
  tx: Tx,
  structureId: string,
  id: string,
  now: Date,
): Promise<ReminderRow | undefined> {
  if (await lockWaiting(tx, structureId, id) === undefined) return undefined;
  const { rows } = await sql<ReminderRow>`
    select r.structure_id, r.id, r.app_password_id, r.client_certificate_id, r.mailbox_id, b.address,
      coalesce(a.device, c.label) as name, coalesce(trim(p.given_name || ' ' || p.family_name), '') as person_name,
      s.name as structure_name, coalesce(a.expires_at, c.not_after) as ends_at,
      b.status = 'active' and s.status = 'active' and coalesce(a.expires_at, c.not_after) > ${now}
        and case when c.id is null then a.revoked_at is null and s.app_passwords_allowed
          else c.withdrawn_at is null and not ${isRenewed} end as is_wanted
    from app.expiry_reminders r
    join app.structures s on s.id = r.structure_id
    join app.mailboxes b on b.structure_id = r.structure_id and b.id = r.mailbox_id
    left join app.app_passwords a on a.structure_id = r.structure_id and a.id = r.app_password_id
    left join app.people p on p.id = a.person_id
    left join app.client_certificates c on c.structure_id = r.structure_id and c.id = r.client_certificate_id
    where r.structure_id = ${structureId} and r.id = ${id}`.execute(tx);
  return rows[0];
}

export async function endReminder(
  tx: Tx,
  { structure_id, id }: ReminderRow,
  outcome: ReminderOutcome,
  now: Date,
): Promise<void> {
  await tx.updateTable("app.expiry_reminders").set({ done_at: now, outcome }).where(
    "structure_id",
    "=",
    structure_id,
  )
    .where("id", "=", id).execute();
}
