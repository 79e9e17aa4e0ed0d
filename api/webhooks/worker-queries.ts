/** What the jobs read and write, in the platform's scope. */
import { sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { DeliveryRow } from "./queries.ts";

export interface WaitingWebhook {
  readonly id: string;
  readonly events: readonly string[] | null;
  readonly last_seq: number;
}

/** The active webhooks of a structure, locked: two jobs of one structure would queue the same event twice. */
export async function lockActiveWebhooks(tx: Tx, structureId: string): Promise<WaitingWebhook[]> {
  return await tx.selectFrom("app.webhooks").select(["id", "events", "last_seq"])
    .where("structure_id", "=", structureId).where("status", "=", "active").orderBy("id").forUpdate()
    .execute();
}

export interface ChainedEvent {
  readonly seq: number;
  readonly at: Date;
  readonly action: string;
  readonly actor_kind: string;
  readonly actor_person_id: string | null;
  readonly subject_kind: string;
  readonly subject_id: string;
  readonly request_id: string | null;
}

/** The structure's acts after a number of its chain, in its order. */
export async function listChainedEvents(
  tx: Tx,
  structureId: string,
  after: number,
  limit: number,
): Promise<ChainedEvent[]> {
  const { rows } = await sql<ChainedEvent>`
    select l.seq, e.at, e.action, e.actor_kind, e.actor_person_id, e.subject_kind, e.subject_id, e.request_id
      from app.audit_links l join app.audit_events e on e.id = l.event_id
     where l.chain_id = ${structureId} and l.seq > ${after} order by l.seq limit ${limit}`.execute(tx);
  return rows;
}

export async function setLastSeq(tx: Tx, structureId: string, webhookId: string, seq: number): Promise<void> {
  await tx.updateTable("app.webhooks").set({ last_seq: seq }).where("structure_id", "=", structureId)
    .where("id", "=", webhookId).execute();
}

export type PendingDelivery = DeliveryRow & {
  readonly url: string;
  readonly secret: string;
  /** Secrets that were replaced; each signs beside the new one until its end. */
  readonly old_secrets: readonly { readonly secret: string; readonly until: string }[];
  readonly webhook_status: "active" | "disabled";
};

/** A delivery that is still to be made, with where it goes; undefined when it has ended or its webhook is gone. */
export async function findPendingDelivery(
  tx: Tx,
  structureId: string,
  deliveryId: string,
): Promise<PendingDelivery | undefined> {
  return await tx.selectFrom("app.webhook_deliveries as delivery")
    .innerJoin(
      "app.webhooks as webhook",
      (join) =>
        join.onRef("webhook.structure_id", "=", "delivery.structure_id")
          .onRef("webhook.id", "=", "delivery.webhook_id"),
    )
    .selectAll("delivery").select([
      "webhook.url",
      "webhook.secret",
      sql<PendingDelivery["old_secrets"]>`webhook.old_secrets`.as("old_secrets"),
      "webhook.status as webhook_status",
    ])
    .where("delivery.structure_id", "=", structureId).where("delivery.id", "=", deliveryId)
    .where("delivery.status", "=", "pending").executeTakeFirst();
}

export interface AttemptResult {
  readonly status: DeliveryRow["status"];
  readonly responseStatus: number | null;
  readonly error: string | null;
  readonly nextAttemptAt: Date | null;
  readonly deliveredAt: Date | null;
}

export async function noteAttempt(tx: Tx, delivery: DeliveryRow, result: AttemptResult): Promise<void> {
  await tx.updateTable("app.webhook_deliveries").set((set) => ({
    status: result.status,
    attempts: set("attempts", "+", 1),
    response_status: result.responseStatus,
    error: result.error,
    next_attempt_at: result.nextAttemptAt,
    delivered_at: result.deliveredAt,
  })).where("structure_id", "=", delivery.structure_id).where("id", "=", delivery.id)
    .where("status", "=", "pending").execute();
}

/** Notes a success or a failure of the webhook as a whole; answers since when it has been failing. */
export async function noteHealth(
  tx: Tx,
  delivery: DeliveryRow,
  isWell: boolean,
  now: Date,
): Promise<Date | null> {
  const { rows } = await sql<{ failing_since: Date | null }>`
    update app.webhooks set failing_since = ${isWell ? null : sql`coalesce(failing_since, ${now})`}
     where structure_id = ${delivery.structure_id} and id = ${delivery.webhook_id}
    returning failing_since`.execute(tx);
  return rows[0]?.failing_since ?? null;
}

/** Whether it was active until now. */
export async function disableWebhook(tx: Tx, delivery: DeliveryRow, now: Date): Promise<boolean> {
  const { rows } = await sql`
    update app.webhooks set status = 'disabled', disabled_at = ${now}, version = version + 1, updated_at = ${now}
     where structure_id = ${delivery.structure_id} and id = ${delivery.webhook_id} and status = 'active'
    returning id`.execute(tx);
  return rows.length > 0;
}

/** Takes out the secrets that sign no more. */
export async function forgetOldSecrets(tx: Tx, now: Date): Promise<void> {
  await tx.updateTable("app.webhooks").set({ old_secrets: "[]", old_secrets_until: null })
    .where("old_secrets_until", "<=", now).execute();
}

/** Removes deliveries that have ended before `before`, some at a time. Returns how many. */
export async function deleteOldDeliveries(tx: Tx, before: Date, limit: number): Promise<number> {
  const { rows } = await sql`
    delete from app.webhook_deliveries where (structure_id, id) in (
      select structure_id, id from app.webhook_deliveries
       where status <> 'pending' and created_at < ${before} limit ${limit}) returning 1`.execute(tx);
  return rows.length;
}
