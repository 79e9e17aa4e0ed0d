/** The rows behind `Idempotency-Key` (api/http/idempotency.ts), in the person's own scope. */
import { Buffer } from "node:buffer";
import type { Tx } from "./in-tenant.ts";

export type Claim =
  | { readonly kind: "claimed" }
  | { readonly kind: "other-request" }
  | { readonly kind: "running" }
  | { readonly kind: "answered"; readonly status: number; readonly body: unknown };

/** A claim whose process died is free again after this time. */
const staleMilliseconds = 60_000;
/** How long an answer is given again. */
const keptMilliseconds = 24 * 3_600_000;

/** Claims a key, or says what stands under it. Two at once: the second waits for the first one's commit. */
export async function claimKey(
  tx: Tx,
  { personId, key, requestHash, now }: { personId: string; key: string; requestHash: Uint8Array; now: Date },
): Promise<Claim> {
  const values = { request_hash: requestHash, status: null, body: null, created_at: now };
  const inserted = await tx.insertInto("app.idempotency_keys").values({ person_id: personId, key, ...values })
    .onConflict((conflict) => conflict.doNothing()).returning("key").executeTakeFirst();
  if (inserted !== undefined) return { kind: "claimed" };
  const row = await tx.selectFrom("app.idempotency_keys").selectAll().where("person_id", "=", personId)
    .where("key", "=", key).forUpdate().executeTakeFirstOrThrow();
  const age = now.getTime() - row.created_at.getTime();
  const isFree = age > keptMilliseconds || (row.status === null && age > staleMilliseconds);
  if (isFree) {
    await tx.updateTable("app.idempotency_keys").set(values).where("person_id", "=", personId)
      .where("key", "=", key).execute();
    return { kind: "claimed" };
  }
  if (!Buffer.from(row.request_hash).equals(requestHash)) return { kind: "other-request" };
  return row.status === null ? { kind: "running" } : { kind: "answered", status: row.status, body: row.body };
}

export async function completeKey(
  tx: Tx,
  personId: string,
  key: string,
  status: number,
  body: string,
): Promise<void> {
  await tx.updateTable("app.idempotency_keys").set({ status, body }).where("person_id", "=", personId)
    .where("key", "=", key).execute();
}

/** Frees a claim at once: nothing was done. (The API may not delete; a claim of the distant past is a stale one.) */
export async function releaseKey(tx: Tx, personId: string, key: string): Promise<void> {
  await tx.updateTable("app.idempotency_keys").set({ created_at: new Date(0) }).where(
    "person_id",
    "=",
    personId,
  )
    .where("key", "=", key).execute();
}

/** Removes up to `limit` keys whose answer is no longer given; says how many. Only the worker's role may. */
export async function deleteOldKeys(tx: Tx, now: Date, limit: number): Promise<number> {
  const before = new Date(now.getTime() - keptMilliseconds);
  const old = tx.selectFrom("app.idempotency_keys").select(["person_id", "key"]).where(
    "created_at",
    "<",
    before,
  )
    .limit(limit);
  const rows = await tx.deleteFrom("app.idempotency_keys").using(old.as("old"))
    .whereRef("app.idempotency_keys.person_id", "=", "old.person_id")
    .whereRef("app.idempotency_keys.key", "=", "old.key").returning("app.idempotency_keys.key").execute();
  return rows.length;
}
