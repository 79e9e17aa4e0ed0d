/** SQL of the gateway: the box's addresses, the ledger of submissions, and who still may hold a stream open. */
import { sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import { isFromBeforeLogout } from "../identity/mod.ts";

/** A box as the ledger keys it. */
export interface MailboxKey {
  readonly structureId: string;
  readonly id: string;
}

export type SubmissionState = "forwarded" | "seen" | "accepted" | "refused";

export interface SubmissionRow {
  readonly state: SubmissionState;
  readonly queue_id: string | null;
  /** Ids given to the client when it was accepted; `{ "lost": true }` when the answer of the mail server was lost. */
  readonly answer: Record<string, unknown> | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** Main address and aliases in use, lower case. */
export async function listAddressesOfMailbox(tx: Tx, box: MailboxKey): Promise<string[]> {
  const { rows } = await sql<{ address: string }>`
    select address from app.addresses
     where structure_id = ${box.structureId} and mailbox_id = ${box.id} and kind in ('main', 'alias')`
    .execute(tx);
  return rows.map((row) => row.address);
}

/** Writes the row of a first attempt, or of one after a refusal. False when another attempt stands there. */
export async function insertSubmission(
  tx: Tx,
  box: MailboxKey,
  messageId: string,
  at: Date,
): Promise<boolean> {
  const { rows } = await sql`
    insert into app.submissions as s (structure_id, mailbox_id, message_id, state, created_at, updated_at)
    values (${box.structureId}, ${box.id}, ${messageId}, 'forwarded', ${at}, ${at})
    on conflict (structure_id, mailbox_id, message_id) do update
       set state = 'forwarded', queue_id = null, answer = null, created_at = ${at}, updated_at = ${at}
     where s.state = 'refused'
    returning 1`.execute(tx);
  return rows.length > 0;
}

export async function findSubmissionRow(
  tx: Tx,
  box: MailboxKey,
  messageId: string,
): Promise<SubmissionRow | undefined> {
  const { rows } = await sql<SubmissionRow>`
    select state, queue_id, answer, created_at, updated_at from app.submissions
     where structure_id = ${box.structureId} and mailbox_id = ${box.id} and message_id = ${messageId}`
    .execute(tx);
  return rows[0];
}

/** Takes over an attempt whose end nobody knows. False when another request was faster. */
export async function takeOverSubmission(
  tx: Tx,
  box: MailboxKey,
  messageId: string,
  seen: Date,
  at: Date,
): Promise<boolean> {
  const { rows } = await sql`
    update app.submissions set state = 'forwarded', answer = null, queue_id = null, updated_at = ${at}
     where structure_id = ${box.structureId} and mailbox_id = ${box.id} and message_id = ${messageId}
       and state in ('forwarded', 'seen') and date_trunc('milliseconds', updated_at) = ${seen}
    returning 1`.execute(tx);
  return rows.length > 0;
}

/** Notes how an attempt ended, or with state `forwarded` that its answer was lost. */
export async function updateSubmission(
  tx: Tx,
  box: MailboxKey,
  messageId: string,
  change: {
    readonly state?: SubmissionState;
    readonly answer: Record<string, unknown> | null;
    readonly at: Date;
  },
): Promise<void> {
  await sql`
    update app.submissions
       set state = coalesce(${change.state ?? null}, state), answer = ${
    change.answer === null ? null : JSON.stringify(change.answer)
  }::jsonb,
           updated_at = ${change.at}
     where structure_id = ${box.structureId} and mailbox_id = ${box.id} and message_id = ${messageId}`
    .execute(tx);
}

/** A submission that was taken back before it left may be sent again under the same Message-ID. */
export async function releaseSubmissions(
  tx: Tx,
  box: MailboxKey,
  submissionIds: readonly string[],
  at: Date,
): Promise<void> {
  await sql`
    update app.submissions set state = 'refused', answer = null, updated_at = ${at}
     where structure_id = ${box.structureId} and mailbox_id = ${box.id} and state = 'accepted'
       and answer ->> 'id' in (${sql.join(submissionIds)})`.execute(tx);
}

export interface SeenSubmission extends MailboxKey {
  readonly state: SubmissionState;
  readonly queueId: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** The row of a message that a box submits, locked until the transaction ends. */
export async function findSubmissionByAddress(
  tx: Tx,
  address: string,
  messageId: string,
): Promise<SeenSubmission | undefined> {
  const { rows } = await sql<SeenSubmission>`
    select s.structure_id as "structureId", s.mailbox_id as id, s.state, s.queue_id as "queueId",
           s.created_at as "createdAt", s.updated_at as "updatedAt"
      from app.submissions s join app.mailboxes b on b.structure_id = s.structure_id and b.id = s.mailbox_id
     where b.address = ${address} and s.message_id = ${messageId}
       for update of s`.execute(tx);
  return rows[0];
}

/** The mail server's hook saw the message on its way into the queue. */
export async function updateSubmissionSeen(
  tx: Tx,
  box: MailboxKey,
  messageId: string,
  queueId: string,
  at: Date,
): Promise<void> {
  await sql`
    update app.submissions set state = 'seen', queue_id = ${queueId}, updated_at = ${at}
     where structure_id = ${box.structureId} and mailbox_id = ${box.id} and message_id = ${messageId}`
    .execute(tx);
}

/** Which of these sessions are still open, and of these families still have a token that opens JMAP. */
export async function listOpenSessions(
  tx: Tx,
  sessionIds: readonly string[],
  at: Date,
  seenSince: Date,
): Promise<Set<string>> {
  if (sessionIds.length === 0) return new Set();
  const isGrantLoggedOut = isFromBeforeLogout({
    personId: sql`g.person_id`,
    sessionHash: sql`g.token_session_hash`,
    issuedAt: sql`g.token_issued_at`,
  });
  const { rows } = await sql<{ id: string }>`
    select s.id from app.sessions s join app.people p on p.id = s.person_id
     where s.id in (${
    sql.join(sessionIds)
  }) and s.ended_at is null and s.expires_at > ${at} and s.last_seen_at > ${seenSince}
       and p.status = 'active'
    union all select g.id from app.oauth_grants g join app.people p on p.id = g.person_id
      join app.oauth_clients c on c.id = g.client_id
     where g.id in (${
    sql.join(sessionIds)
  }) and g.revoked_at is null and g.expires_at > ${at} and c.withdrawn_at is null and c.suspended_at is null and p.status = 'active'
       and exists (select from app.oauth_access_tokens t where t.grant_id = g.id and t.expires_at > ${at})
       and not ${isGrantLoggedOut}`
    .execute(tx);
  return new Set(rows.map((row) => row.id));
}

/** The boxes each of these people may open now, as `person id` → set of mailbox ids. */
export async function listRights(
  tx: Tx,
  personIds: readonly string[],
  at: Date,
): Promise<Map<string, Set<string>>> {
  const rights = new Map<string, Set<string>>(personIds.map((id) => [id, new Set<string>()]));
  if (personIds.length === 0) return rights;
  const { rows } = await sql<{ person_id: string; mailbox_id: string }>`
    with wanted as (select id, id_nat_ps from app.people where id in (${sql.join(personIds)}))
    select w.id as person_id, b.id as mailbox_id
      from wanted w
      join app.mailboxes b on b.holder_id_nat_ps = w.id_nat_ps
        or exists (select from app.mailbox_members m
                    where m.structure_id = b.structure_id and m.mailbox_id = b.id and m.person_id = w.id)
        or exists (select from app.mailbox_delegations g
                    where g.structure_id = b.structure_id and g.mailbox_id = b.id and g.person_id = w.id
                      and g.may_read and g.revoked_at is null and g.starts_at <= ${at}
                      and (g.ends_at is null or g.ends_at > ${at}))
      join app.domains d on d.structure_id = b.structure_id and d.id = b.domain_id
      join app.structures s on s.id = b.structure_id
     where b.status = 'active' and d.status = 'active' and s.status = 'active'
       and (b.moved_from_address is null or b.moved_at is not null)`.execute(tx);
  for (const row of rows) rights.get(row.person_id)?.add(row.mailbox_id);
  return rights;
}
