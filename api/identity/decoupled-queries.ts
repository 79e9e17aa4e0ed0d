/** Sign-ins that wait for a phone. */
import type { Tx } from "../database/in-tenant.ts";

export interface DecoupledRow {
  readonly binding_hash: Uint8Array;
  readonly account_hash: Uint8Array;
  /** Sealed; null when the provider knows nobody of that number. */
  readonly request_sealed: Uint8Array | null;
  readonly binding_message: string;
  readonly return_to: string;
  readonly interval_seconds: number;
  readonly next_poll_at: Date;
  readonly created_at: Date;
  readonly expires_at: Date;
}

export async function insertDecoupled(tx: Tx, row: DecoupledRow): Promise<void> {
  await tx.insertInto("app.decoupled_sign_ins").values(row).execute();
}

/** How many wait for this person's phone now, from wherever they were begun. */
export async function countOpenDecoupled(tx: Tx, accountHash: Uint8Array, now: Date): Promise<number> {
  const { count } = await tx.selectFrom("app.decoupled_sign_ins")
    .select((select) => select.fn.countAll<string>().as("count"))
    .where("account_hash", "=", accountHash).where("expires_at", ">", now).executeTakeFirstOrThrow();
  return Number(count);
}

export async function findDecoupled(tx: Tx, bindingHash: Uint8Array): Promise<DecoupledRow | undefined> {
  return await tx.selectFrom("app.decoupled_sign_ins").selectAll().where("binding_hash", "=", bindingHash)
    .executeTakeFirst();
}

/** The provider is asked once per interval, however often the page asks, and by one process alone. */
export async function claimPoll(
  tx: Tx,
  { binding_hash, interval_seconds }: DecoupledRow,
  now: Date,
): Promise<boolean> {
  const claimed = await tx.updateTable("app.decoupled_sign_ins")
    .set({ next_poll_at: new Date(now.getTime() + interval_seconds * 1_000) })
    .where("binding_hash", "=", binding_hash).where("next_poll_at", "<=", now)
    .returning("binding_hash").executeTakeFirst();
  return claimed !== undefined;
}

export async function slowDown(
  tx: Tx,
  bindingHash: Uint8Array,
  intervalSeconds: number,
  nextPollAt: Date,
): Promise<void> {
  await tx.updateTable("app.decoupled_sign_ins")
    .set({ interval_seconds: intervalSeconds, next_poll_at: nextPollAt })
    .where("binding_hash", "=", bindingHash).execute();
}

/** True when it was there: of two at once one alone opens the session. */
export async function deleteDecoupled(tx: Tx, bindingHash: Uint8Array): Promise<boolean> {
  const gone = await tx.deleteFrom("app.decoupled_sign_ins").where("binding_hash", "=", bindingHash)
    .returning("binding_hash").executeTakeFirst();
  return gone !== undefined;
}

export async function deleteExpiredDecoupled(tx: Tx, now: Date): Promise<void> {
  await tx.deleteFrom("app.decoupled_sign_ins").where(
    "binding_hash",
    "in",
    tx.selectFrom("app.decoupled_sign_ins").select("binding_hash").where("expires_at", "<", now).limit(100)
      .forUpdate().skipLocked(),
  ).execute();
}
