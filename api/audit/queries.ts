import { containing } from "../database/like.ts";
import { type Insertable, sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { AuditEventsTable } from "../database/schema.ts";

export type AuditRow = Insertable<AuditEventsTable>;

export async function insertAuditEvents(tx: Tx, events: readonly AuditRow[]): Promise<void> {
  await tx.insertInto("app.audit_events").values([...events]).execute();
}

/** Nothing happens when this session's opening of this box stands there already (index audit_events__opening). */
export async function insertOpening(tx: Tx, event: AuditRow): Promise<void> {
  await tx.insertInto("app.audit_events").values(event).onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** A row of the trail with its place in the chain; the operator's chain for acts of no structure. */
export interface AuditEventRow {
  readonly id: number;
  readonly seq: number | null;
  readonly at: Date;
  readonly structure_id: string | null;
  readonly actor_kind: "person" | "service" | "system" | "anonymous";
  readonly actor_person_id: string | null;
  readonly actor_label: string;
  readonly action: string;
  readonly subject_kind: string;
  readonly subject_id: string;
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
  readonly reason: string | null;
  readonly request_id: string | null;
  readonly hash: string | null;
  readonly previous_hash: string | null;
}

export interface AuditFilter {
  /** One structure's trail; null: acts of no structure; undefined: all that the transaction sees. */
  readonly structureId?: string | null | undefined;
  /** Words that must all be found in who, what, on what, and why. */
  readonly q?: string | undefined;
  readonly action?: string | undefined;
  readonly actorId?: string | undefined;
  readonly subjectId?: string | undefined;
  readonly from?: Date | undefined;
  /** Up to and without. */
  readonly to?: Date | undefined;
}

/** The newest first, from the row before `beforeId` on. */
export async function listAuditEvents(
  tx: Tx,
  filter: AuditFilter,
  page: { readonly limit: number; readonly beforeId?: number | undefined },
): Promise<AuditEventRow[]> {
  const { structureId, q, action, actorId, subjectId, from, to } = filter;
  const conditions = [
    structureId === undefined
      ? undefined
      : structureId === null
      ? sql`e.structure_id is null`
      : sql`e.structure_id = ${structureId}`,
    page.beforeId === undefined ? undefined : sql`e.id < ${page.beforeId}`,
    action === undefined ? undefined : sql`e.action = ${action}`,
    actorId === undefined ? undefined : sql`e.actor_person_id = ${actorId}`,
    subjectId === undefined ? undefined : sql`e.subject_id = ${subjectId}`,
    from === undefined ? undefined : sql`e.at >= ${from}`,
    to === undefined ? undefined : sql`e.at < ${to}`,
    ...(q ?? "").split(/\s+/).filter((word) => word !== "").map((word) =>
      sql`app.fold(concat_ws(' ', e.actor_label, e.action, e.subject_id, e.reason, e.after::text, e.before::text))
            like app.fold(${containing(word)})`
    ),
  ].filter((one) => one !== undefined);
  const { rows } = await sql<AuditEventRow>`
    select e.id, l.seq, e.at, e.structure_id, e.actor_kind, e.actor_person_id, e.actor_label, e.action, e.subject_kind,
           e.subject_id, e.before, e.after, e.reason, e.request_id, encode(l.hash, 'hex') as hash,
           encode(l.previous_hash, 'hex') as previous_hash
      from app.audit_events e left join app.audit_links l on l.event_id = e.id
     where ${conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `)}
     order by e.id desc limit ${page.limit + 1}`.execute(tx);
  return rows;
}
