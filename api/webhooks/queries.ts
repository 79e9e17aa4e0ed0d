import { type Selectable, sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { WebhookDeliveriesTable, WebhooksTable } from "../database/schema.ts";
import { problem } from "../problems.ts";

/** Without its secrets, which the API's role cannot read. */
export type WebhookRow = Omit<Selectable<WebhooksTable>, "secret" | "old_secrets">;
export type DeliveryRow = Selectable<WebhookDeliveriesTable>;

const columns = [
  "structure_id",
  "id",
  "url",
  "events",
  "status",
  "disabled_at",
  "failing_since",
  "last_seq",
  "old_secrets_until",
  "version",
  "created_at",
  "updated_at",
] as const;

export async function listWebhooks(tx: Tx, structureId: string): Promise<WebhookRow[]> {
  return await tx.selectFrom("app.webhooks").select(columns).where("structure_id", "=", structureId)
    .orderBy("created_at").orderBy("id").execute();
}

/** Throws `webhook-not-found`. */
export async function getWebhook(tx: Tx, structureId: string, webhookId: string): Promise<WebhookRow> {
  const row = await tx.selectFrom("app.webhooks").select(columns).where("structure_id", "=", structureId)
    .where("id", "=", webhookId).executeTakeFirst();
  if (row === undefined) throw problem("webhook-not-found");
  return row;
}

/** The same, locked until the transaction ends. */
export async function getWebhookForUpdate(
  tx: Tx,
  structureId: string,
  webhookId: string,
): Promise<WebhookRow> {
  const row = await tx.selectFrom("app.webhooks").select(columns).where("structure_id", "=", structureId)
    .where("id", "=", webhookId).forUpdate().executeTakeFirst();
  if (row === undefined) throw problem("webhook-not-found");
  return row;
}

/** The end of the structure's chain: what a new webhook is not told of. */
export async function findLastSeq(tx: Tx, structureId: string): Promise<number> {
  const row = await tx.selectFrom("app.audit_heads").select("seq").where("chain_id", "=", structureId)
    .executeTakeFirst();
  return row?.seq ?? 0;
}

export async function insertWebhook(
  tx: Tx,
  values: {
    readonly structureId: string;
    readonly url: string;
    readonly events: readonly string[] | null;
    readonly secret: string;
    readonly lastSeq: number;
    readonly now: Date;
  },
): Promise<WebhookRow> {
  return await tx.insertInto("app.webhooks").values({
    structure_id: values.structureId,
    url: values.url,
    events: values.events === null ? null : [...values.events],
    secret: values.secret,
    last_seq: values.lastSeq,
    created_at: values.now,
    updated_at: values.now,
  }).returning(columns).executeTakeFirstOrThrow();
}

export interface WebhookValues {
  readonly url: string;
  readonly events: readonly string[] | null;
  readonly status: "active" | "disabled";
  readonly disabledAt: Date | null;
  readonly failingSince: Date | null;
  readonly lastSeq: number;
}

/** A new version of the row. */
export async function updateWebhook(
  tx: Tx,
  webhook: WebhookRow,
  values: WebhookValues,
  now: Date,
): Promise<WebhookRow> {
  return await tx.updateTable("app.webhooks").set((set) => ({
    url: values.url,
    events: values.events === null ? null : [...values.events],
    status: values.status,
    disabled_at: values.disabledAt,
    failing_since: values.failingSince,
    last_seq: values.lastSeq,
    version: set("version", "+", 1),
    updated_at: now,
  })).where("structure_id", "=", webhook.structure_id).where("id", "=", webhook.id)
    .returning(columns).executeTakeFirstOrThrow();
}

/** A new version of the row; the secret that is replaced is kept by the database until `oldUntil`. */
export async function replaceSecret(
  tx: Tx,
  webhook: WebhookRow,
  { secret, oldUntil }: { readonly secret: string; readonly oldUntil: Date | null },
  now: Date,
): Promise<WebhookRow> {
  return await tx.updateTable("app.webhooks").set((set) => ({
    secret,
    old_secrets_until: oldUntil,
    version: set("version", "+", 1),
    updated_at: now,
  })).where("structure_id", "=", webhook.structure_id).where("id", "=", webhook.id)
    .returning(columns).executeTakeFirstOrThrow();
}

/** With its deliveries. */
export async function deleteWebhook(tx: Tx, webhook: WebhookRow): Promise<void> {
  await tx.deleteFrom("app.webhooks").where("structure_id", "=", webhook.structure_id)
    .where("id", "=", webhook.id).execute();
}

export async function insertDelivery(
  tx: Tx,
  values: {
    readonly structureId: string;
    readonly webhookId: string;
    readonly seq: number | null;
    readonly event: string;
    readonly body: string;
    readonly now: Date;
  },
): Promise<DeliveryRow> {
  return await tx.insertInto("app.webhook_deliveries").values({
    structure_id: values.structureId,
    webhook_id: values.webhookId,
    seq: values.seq,
    event: values.event,
    body: values.body,
    created_at: values.now,
    next_attempt_at: values.now,
  }).returningAll().executeTakeFirstOrThrow();
}

/** The newest first. One more than the page. */
export async function listDeliveries(
  tx: Tx,
  webhook: { readonly structureId: string; readonly webhookId: string },
  filter: { readonly status?: DeliveryRow["status"] | undefined },
  page: { readonly limit: number; readonly after?: readonly string[] | undefined },
): Promise<DeliveryRow[]> {
  let query = tx.selectFrom("app.webhook_deliveries").selectAll()
    .where("structure_id", "=", webhook.structureId).where("webhook_id", "=", webhook.webhookId)
    .orderBy("created_at", "desc").orderBy("id", "desc").limit(page.limit + 1);
  if (filter.status !== undefined) query = query.where("status", "=", filter.status);
  const [at, id] = page.after ?? [];
  if (at !== undefined && id !== undefined) {
    query = query.where(sql<boolean>`(created_at, id) < (${at}::timestamptz, ${id}::uuid)`);
  }
  return await query.execute();
}

/** How many webhooks the structure has, its row held so that two cannot be made at once beyond the limit. */
export async function countWebhooks(tx: Tx, structureId: string): Promise<number> {
  const { count } = await tx.selectFrom("app.webhooks").select((select) =>
    select.fn.countAll<number>().as("count")
  )
    .where("structure_id", "=", structureId).executeTakeFirstOrThrow();
  return Number(count);
}
