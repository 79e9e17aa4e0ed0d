import type { Tx } from "../database/in-tenant.ts";

export interface LiveServiceKey {
  readonly serviceAccountId: string;
  readonly keyId: string;
  readonly structureId: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly lastUsedAt: Date | null;
  /** Of the key or of its account, whichever comes first. */
  readonly expiresAt: Date | null;
}

/** The key of this digest, if it, its account and its structure are in force. In the platform's scope. */
export async function findLiveServiceKey(
  tx: Tx,
  secretHash: Uint8Array,
  now: Date,
): Promise<LiveServiceKey | undefined> {
  const row = await tx.selectFrom("app.service_account_keys as key")
    .innerJoin(
      "app.service_accounts as account",
      (join) =>
        join.onRef("account.structure_id", "=", "key.structure_id")
          .onRef("account.id", "=", "key.service_account_id"),
    )
    .innerJoin("app.structures as structure", "structure.id", "key.structure_id")
    .select([
      "key.id as keyId",
      "key.service_account_id as serviceAccountId",
      "key.structure_id as structureId",
      "key.last_used_at as lastUsedAt",
      "key.expires_at as keyExpiresAt",
      "account.expires_at as accountExpiresAt",
      "account.name",
      "account.scopes",
    ])
    .where("key.secret_hash", "=", secretHash).where("key.revoked_at", "is", null)
    .where("account.status", "=", "active").where("structure.status", "=", "active")
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { keyExpiresAt, accountExpiresAt, scopes, ...rest } = row;
  const ends = [keyExpiresAt, accountExpiresAt].filter((one) => one !== null);
  const expiresAt = ends.length === 0 ? null : new Date(Math.min(...ends.map((one) => one.getTime())));
  if (expiresAt !== null && expiresAt <= now) return undefined;
  return { ...rest, scopes: scopes as readonly string[], expiresAt };
}

export async function touchServiceKey(
  tx: Tx,
  key: { readonly structureId: string; readonly serviceAccountId: string; readonly keyId: string },
  now: Date,
  before: Date,
): Promise<void> {
  await tx.updateTable("app.service_account_keys").set({ last_used_at: now })
    .where("structure_id", "=", key.structureId).where("service_account_id", "=", key.serviceAccountId)
    .where("id", "=", key.keyId).where("revoked_at", "is", null)
    .where((where) => where.or([where("last_used_at", "is", null), where("last_used_at", "<", before)]))
    .execute();
}
