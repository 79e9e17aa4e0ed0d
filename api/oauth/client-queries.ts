import type { Tx } from "../database/in-tenant.ts";
import type { PageRequest } from "../http/paginate.ts";
import { clientColumns, type ClientRow } from "./queries.ts";

export async function insertClient(
  tx: Tx,
  row: {
    readonly client_id: string;
    readonly kind: "native" | "lps";
    readonly name: string;
    readonly redirect_uris?: string;
    readonly subject?: string;
    readonly issuer?: string;
    readonly subject_key?: string;
    readonly issuer_key?: string;
  },
  now: Date,
): Promise<ClientRow> {
  return await tx.insertInto("app.oauth_clients").values({ ...row, created_at: now }).returning(clientColumns)
    .executeTakeFirstOrThrow();
}

export async function withdrawClientRow(tx: Tx, id: string, now: Date): Promise<ClientRow | undefined> {
  await tx.updateTable("app.oauth_clients").set({ withdrawn_at: now })
    .where("id", "=", id).where("withdrawn_at", "is", null).execute();
  return await tx.selectFrom("app.oauth_clients").select(clientColumns).where("id", "=", id)
    .executeTakeFirst();
}

/** By their names. */
export async function listClients(tx: Tx, page: PageRequest): Promise<ClientRow[]> {
  let query = tx.selectFrom("app.oauth_clients").select(clientColumns).orderBy("client_id").limit(
    page.limit + 1,
  );
  if (page.after !== undefined) query = query.where("client_id", ">", page.after[0] ?? "");
  return await query.execute();
}
