/** Factors of an account: passkeys, recovery codes, the step of the last one-time code. */
import { sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { NewPasskey } from "./passkeys.ts";

/**
 * Takes a time step: false when it, or a later one, was taken before. One statement, so that of two processes that are
 * shown the same code one alone accepts it (RFC 6238 §5.2, ASVS 6.5.1).
 */
export async function takeStep(
  tx: Tx,
  personId: string,
  step: number,
  sealed: Uint8Array,
): Promise<boolean> {
  const taken = await tx.updateTable("app.staff_accounts").set({
    totp_last_step: step,
    totp_secret: sealed,
    code_failures: 0,
  })
    .where("person_id", "=", personId).where("totp_last_step", "<", step).returning("person_id")
    .executeTakeFirst();
  return taken !== undefined;
}

export async function setPassword(tx: Tx, personId: string, passwordHash: string, now: Date): Promise<void> {
  await tx.updateTable("app.staff_accounts").set({ password_hash: passwordHash, password_set_at: now })
    .where("person_id", "=", personId).execute();
}

export async function setTotp(
  tx: Tx,
  personId: string,
  sealed: Uint8Array,
  step: number,
  now: Date,
): Promise<void> {
  await tx.updateTable("app.staff_accounts").set({
    totp_secret: sealed,
    totp_set_at: now,
    // The new secret's first code is used; a later step of the old secret says nothing of the new.
    totp_last_step: step,
    code_failures: 0,
  }).where("person_id", "=", personId).execute();
}

/** One more wrong code in a row. */
export async function noteCodeFailure(tx: Tx, personId: string, now: Date): Promise<void> {
  await tx.updateTable("app.staff_accounts").set((set) => ({
    code_failures: set("code_failures", "+", 1),
    code_failed_at: now,
  })).where("person_id", "=", personId).execute();
}

/** In the place of those before. */
export async function replaceRecoveryCodes(
  tx: Tx,
  personId: string,
  hashes: readonly Uint8Array[],
  now: Date,
): Promise<void> {
  await tx.deleteFrom("app.staff_recovery_codes").where("person_id", "=", personId).execute();
  await tx.insertInto("app.staff_recovery_codes")
    .values(hashes.map((hash) => ({ person_id: personId, code_hash: hash, created_at: now }))).execute();
}

/** Single use: false when there is no such code, or it was used. */
export async function takeRecoveryCode(
  tx: Tx,
  personId: string,
  hash: Uint8Array,
  now: Date,
): Promise<boolean> {
  const taken = await tx.updateTable("app.staff_recovery_codes").set({ used_at: now })
    .where("person_id", "=", personId).where("code_hash", "=", hash).where("used_at", "is", null)
    .returning("person_id").executeTakeFirst();
  if (taken === undefined) return false;
  await tx.updateTable("app.staff_accounts").set({ code_failures: 0 }).where("person_id", "=", personId)
    .execute();
  return true;
}

export interface PasskeyRow {
  readonly person_id: string;
  readonly id: string;
  readonly credential_id: string;
  readonly public_key: Uint8Array;
  readonly counter: number;
  readonly name: string;
  readonly is_synced: boolean;
  readonly created_at: Date;
  readonly last_used_at: Date | null;
  readonly cloned_at: Date | null;
}

const passkeyColumns = [
  "person_id",
  "id",
  "credential_id",
  "public_key",
  "counter",
  "name",
  "is_synced",
  "created_at",
  "last_used_at",
  "cloned_at",
] as const;

export async function listPasskeys(tx: Tx, personId: string): Promise<PasskeyRow[]> {
  return await tx.selectFrom("app.staff_passkeys").select(passkeyColumns).where("person_id", "=", personId)
    .orderBy("created_at").execute();
}

/** Locked until the transaction ends: its counter is judged and written by one at a time. */
export async function findPasskeyForUpdate(tx: Tx, credentialId: string): Promise<PasskeyRow | undefined> {
  return await tx.selectFrom("app.staff_passkeys").select(passkeyColumns)
    .where("credential_id", "=", credentialId).forUpdate().executeTakeFirst();
}

/** Whether it is new: a credential belongs to one account. */
export async function insertPasskey(
  tx: Tx,
  personId: string,
  name: string,
  passkey: NewPasskey,
  now: Date,
): Promise<PasskeyRow | undefined> {
  return await tx.insertInto("app.staff_passkeys").values({
    person_id: personId,
    credential_id: passkey.credentialId,
    public_key: passkey.publicKey,
    counter: passkey.counter,
    transports: JSON.stringify(passkey.transports),
    name,
    is_synced: passkey.isSynced,
    created_at: now,
  }).onConflict((conflict) => conflict.column("credential_id").doNothing()).returning(passkeyColumns)
    .executeTakeFirst();
}

export async function notePasskeyUsed(tx: Tx, id: string, counter: number, now: Date): Promise<void> {
  await tx.updateTable("app.staff_passkeys").set({ counter, last_used_at: now }).where("id", "=", id)
    .execute();
}

export async function notePasskeyCloned(tx: Tx, id: string, now: Date): Promise<void> {
  await tx.updateTable("app.staff_passkeys").set({ cloned_at: now }).where("id", "=", id)
    .where("cloned_at", "is", null).execute();
}

/** The one removed, or undefined. */
export async function deletePasskey(
  tx: Tx,
  personId: string,
  id: string,
): Promise<{ readonly name: string } | undefined> {
  return await tx.deleteFrom("app.staff_passkeys").where("person_id", "=", personId).where("id", "=", id)
    .returning("name").executeTakeFirst();
}

/** What a person is shown of his own factors. */
export interface FactorsRow {
  readonly login: string;
  readonly password_set_at: Date | null;
  readonly totp_set_at: Date | null;
  readonly recovery_codes_left: number;
}

export async function findFactors(tx: Tx, personId: string): Promise<FactorsRow | undefined> {
  return await tx.selectFrom("app.staff_accounts as account").select([
    "account.login",
    "account.password_set_at",
    "account.totp_set_at",
    sql<number>`(select count(*)::integer from app.staff_recovery_codes c
      where c.person_id = account.person_id and c.used_at is null)`.as("recovery_codes_left"),
  ]).where("account.person_id", "=", personId).where("account.status", "=", "active").executeTakeFirst();
}

/** Live sessions of the person but this one. */
export async function listOtherSessions(tx: Tx, personId: string, sessionId: string): Promise<string[]> {
  const rows = await tx.selectFrom("app.sessions").select("id").where("person_id", "=", personId)
    .where("id", "<>", sessionId).where("ended_at", "is", null).execute();
  return rows.map(({ id }) => id);
}
