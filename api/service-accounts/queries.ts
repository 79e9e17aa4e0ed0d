import type { Selectable } from "kysely";
import { sql } from "kysely";
import type { Action } from "../actions.ts";
import type { Tx } from "../database/in-tenant.ts";
import type { ServiceAccountKeysTable, ServiceAccountsTable } from "../database/schema.ts";
import { onUnique } from "../database/unique.ts";
import type { PageRequest } from "../http/paginate.ts";
import { problem } from "../problems.ts";

export type KeyRow = Omit<Selectable<ServiceAccountKeysTable>, "secret_hash">;
export type ServiceAccountRow = Selectable<ServiceAccountsTable> & { readonly keys: readonly KeyRow[] };

const keyColumns = [
  "structure_id",
  "service_account_id",
  "id",
  "prefix",
  "created_at",
  "expires_at",
  "last_used_at",
  "revoked_at",
] as const;

interface Values {
  readonly name: string;
  readonly description: string;
  readonly scopes: readonly Action[];
  readonly expiresAt: Date | null;
}

/** Throws `service-account-name-taken`. */
export async function insertServiceAccount(
  tx: Tx,
  structureId: string,
  values: Values,
  now: Date,
): Promise<ServiceAccountRow> {
  const row = await onUnique(
    "service_accounts__name",
    () => problem("service-account-name-taken", { name: values.name }),
    () =>
      tx.insertInto("app.service_accounts").values({
        structure_id: structureId,
        name: values.name,
        description: values.description,
        scopes: JSON.stringify(values.scopes),
        expires_at: values.expiresAt,
        created_at: now,
        updated_at: now,
      }).returningAll().executeTakeFirstOrThrow(),
  );
  return { ...row, keys: [] };
}

/** Throws `service-account-name-taken`. */
export async function updateServiceAccount(
  tx: Tx,
  account: ServiceAccountRow,
  values: Values & { readonly status?: "revoked" },
  now: Date,
): Promise<ServiceAccountRow> {
  const row = await onUnique(
    "service_accounts__name",
    () => problem("service-account-name-taken", { name: values.name }),
    () =>
      tx.updateTable("app.service_accounts").set((set) => ({
        name: values.name,
        description: values.description,
        scopes: JSON.stringify(values.scopes),
        expires_at: values.expiresAt,
        ...(values.status === undefined ? {} : { status: values.status }),
        version: set("version", "+", 1),
        updated_at: now,
      })).where("structure_id", "=", account.structure_id).where("id", "=", account.id)
        .returningAll().executeTakeFirstOrThrow(),
  );
  return { ...row, keys: account.keys };
}

/** Throws `service-account-not-found`; locked until the transaction ends. */
export async function getServiceAccountForUpdate(
  tx: Tx,
  structureId: string,
  id: string,
): Promise<ServiceAccountRow> {
  const row = await tx.selectFrom("app.service_accounts").select("id").where("structure_id", "=", structureId)
    .where("id", "=", id).forUpdate().executeTakeFirst();
  if (row === undefined) throw problem("service-account-not-found");
  return await getServiceAccount(tx, structureId, id);
}

/** Throws `service-account-not-found`. */
export async function getServiceAccount(
  tx: Tx,
  structureId: string,
  id: string,
): Promise<ServiceAccountRow> {
  const row = await tx.selectFrom("app.service_accounts").selectAll().where("structure_id", "=", structureId)
    .where("id", "=", id).executeTakeFirst();
  if (row === undefined) throw problem("service-account-not-found");
  return { ...row, keys: await listKeys(tx, structureId, [id]) };
}

/** By name. One more than the page, to know whether there is another. */
export async function listServiceAccounts(
  tx: Tx,
  structureId: string,
  page: PageRequest,
  status: ServiceAccountRow["status"] | undefined,
): Promise<ServiceAccountRow[]> {
  let query = tx.selectFrom("app.service_accounts").selectAll().where("structure_id", "=", structureId)
    .orderBy("name").orderBy("id").limit(page.limit + 1);
  if (status !== undefined) query = query.where("status", "=", status);
  if (page.after !== undefined) {
    const [name = "", id = ""] = page.after;
    query = query.where(sql<boolean>`(name, id) > (${name}, ${id}::uuid)`);
  }
  const rows = await query.execute();
  const keys = await listKeys(tx, structureId, rows.map((row) => row.id));
  return rows.map((row) => ({ ...row, keys: keys.filter((key) => key.service_account_id === row.id) }));
}

async function listKeys(tx: Tx, structureId: string, accountIds: readonly string[]): Promise<KeyRow[]> {
  if (accountIds.length === 0) return [];
  return await tx.selectFrom("app.service_account_keys").select(keyColumns)
    .where("structure_id", "=", structureId).where("service_account_id", "in", [...accountIds])
    .orderBy("created_at").orderBy("id").execute();
}

export async function insertKey(
  tx: Tx,
  account: ServiceAccountRow,
  values: { prefix: string; hash: Uint8Array; expiresAt: Date | null; now: Date },
): Promise<KeyRow> {
  return await tx.insertInto("app.service_account_keys").values({
    structure_id: account.structure_id,
    service_account_id: account.id,
    prefix: values.prefix,
    secret_hash: values.hash,
    expires_at: values.expiresAt,
    created_at: values.now,
  }).returning(keyColumns).executeTakeFirstOrThrow();
}

/** Revokes one key, or all that are not; answers those that were not before. */
export async function revokeKeys(
  tx: Tx,
  account: ServiceAccountRow,
  now: Date,
  keyId?: string,
): Promise<string[]> {
  let query = tx.updateTable("app.service_account_keys").set({ revoked_at: now })
    .where("structure_id", "=", account.structure_id).where("service_account_id", "=", account.id)
    .where("revoked_at", "is", null);
  if (keyId !== undefined) query = query.where("id", "=", keyId);
  return (await query.returning("id").execute()).map((row) => row.id);
}
