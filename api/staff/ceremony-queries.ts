/** What is under way between two requests of one browser. Only digests of what the browser holds are stored. */
import { sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";

export type CeremonyKind = "code" | "passkey" | "enrolment" | "step-up" | "totp" | "new-passkey";

export interface CeremonyRow {
  readonly token_hash: Uint8Array;
  readonly kind: CeremonyKind;
  readonly person_id: string | null;
  readonly enrolment_id: string | null;
  readonly session_id: string | null;
  readonly challenge: string | null;
  readonly password_hash: string | null;
  readonly totp_secret: Uint8Array | null;
  readonly failures: number;
  readonly expires_at: Date;
}

export interface NewCeremonyRow {
  readonly token_hash: Uint8Array;
  readonly binding_hash: Uint8Array;
  readonly kind: CeremonyKind;
  readonly person_id?: string | null;
  readonly enrolment_id?: string | null;
  readonly session_id?: string | null;
  readonly challenge?: string | null;
  readonly password_hash?: string | null;
  readonly totp_secret?: Uint8Array | null;
  readonly created_at: Date;
  readonly expires_at: Date;
}

export async function insertCeremony(tx: Tx, row: NewCeremonyRow): Promise<void> {
  await tx.insertInto("app.staff_ceremonies").values(row).execute();
}

/** Names the cleaning among the advisory locks of the database; any number that no other lock has. */
const cleaningLock = 7_301_003;

/** Removes what nobody finished: a few at a time, by one transaction at a time. */
export async function deleteExpiredCeremonies(tx: Tx, now: Date): Promise<void> {
  const { rows: [lock] } = await sql<
    { mine: boolean }
  >`select pg_try_advisory_xact_lock(${cleaningLock}) as mine`.execute(tx);
  if (!lock?.mine) return;
  await tx.deleteFrom("app.staff_ceremonies").where(
    "token_hash",
    "in",
    tx.selectFrom("app.staff_ceremonies").select("token_hash").where("expires_at", "<", now).limit(100)
      .forUpdate().skipLocked(),
  ).execute();
}

const columns = [
  "token_hash",
  "kind",
  "person_id",
  "enrolment_id",
  "session_id",
  "challenge",
  "password_hash",
  "totp_secret",
  "failures",
  "expires_at",
] as const;

/** Locked until the transaction ends: of two answers at once the second sees what the first has done. */
export async function findCeremonyForUpdate(
  tx: Tx,
  tokenHash: Uint8Array,
  bindingHash: Uint8Array,
): Promise<CeremonyRow | undefined> {
  return await tx.selectFrom("app.staff_ceremonies").select(columns).where("token_hash", "=", tokenHash)
    .where("binding_hash", "=", bindingHash).forUpdate().executeTakeFirst();
}

/** Single use: whoever takes it removes it. */
export async function deleteCeremony(tx: Tx, tokenHash: Uint8Array): Promise<void> {
  await tx.deleteFrom("app.staff_ceremonies").where("token_hash", "=", tokenHash).execute();
}

export async function changeCeremony(
  tx: Tx,
  tokenHash: Uint8Array,
  change: {
    readonly challenge?: string | null;
    readonly password_hash?: string;
    readonly totp_secret?: Uint8Array;
    readonly failures?: number;
  },
): Promise<void> {
  await tx.updateTable("app.staff_ceremonies").set(change).where("token_hash", "=", tokenHash).execute();
}
