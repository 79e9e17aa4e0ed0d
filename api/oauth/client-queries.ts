/** Clients: programs and software that the operator has registered. */
import { type Selectable, sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { OauthClientsTable } from "../database/schema.ts";
import { onUnique } from "../database/unique.ts";
import type { PageRequest } from "../http/paginate.ts";
import { problem } from "../problems.ts";
import type { ClientProof } from "./client-proof.ts";

export type ClientRow = Selectable<OauthClientsTable>;
export type ClientKind = ClientRow["kind"];
export type ClientStatus = "active" | "suspended" | "withdrawn";

/** What a client may call itself. Anything else is nobody's name, and is not looked for. */
export const clientIdForm = /^[a-z0-9][a-z0-9._-]{2,63}$/;

export function statusOf(client: Pick<ClientRow, "withdrawn_at" | "suspended_at">): ClientStatus {
  if (client.withdrawn_at !== null) return "withdrawn";
  return client.suspended_at === null ? "active" : "suspended";
}

/** The client of this name that may be given tokens now. */
export async function findClient(tx: Tx, clientId: string): Promise<ClientRow | undefined> {
  if (!clientIdForm.test(clientId)) return undefined;
  return await tx.selectFrom("app.oauth_clients").selectAll().where("client_id", "=", clientId)
    .where("withdrawn_at", "is", null).where("suspended_at", "is", null).executeTakeFirst();
}

/** The software of a certificate's names: RFC 8705 §2.1, tls_client_auth_subject_dn, with its issuer. */
export async function findClientByCertificate(
  tx: Tx,
  { subjectKey, issuerKey }: { readonly subjectKey: string; readonly issuerKey: string },
): Promise<ClientRow | undefined> {
  return await tx.selectFrom("app.oauth_clients").selectAll()
    .where("subject_key", "=", subjectKey).where("issuer_key", "=", issuerKey)
    .where("withdrawn_at", "is", null).executeTakeFirst();
}

/** Throws `oauth-client-not-found`. */
export async function getClient(tx: Tx, id: string): Promise<ClientRow> {
  const row = await tx.selectFrom("app.oauth_clients").selectAll().where("id", "=", id).executeTakeFirst();
  if (row === undefined) throw problem("oauth-client-not-found");
  return row;
}

/** Throws `oauth-client-not-found`; locked until the transaction ends. */
export async function getClientForUpdate(tx: Tx, id: string): Promise<ClientRow> {
  const row = await tx.selectFrom("app.oauth_clients").selectAll().where("id", "=", id).forNoKeyUpdate()
    .executeTakeFirst();
  if (row === undefined) throw problem("oauth-client-not-found");
  return row;
}

/** Throws `oauth-client-taken`. */
export async function insertClient(
  tx: Tx,
  row: { readonly client_id: string; readonly kind: ClientKind; readonly name: string } & ClientProof,
  now: Date,
): Promise<ClientRow> {
  return await taken(() =>
    tx.insertInto("app.oauth_clients").values({ ...row, created_at: now }).returningAll()
      .executeTakeFirstOrThrow()
  );
}

/** Throws `oauth-client-taken`. */
export async function updateClient(
  tx: Tx,
  { id, version }: ClientRow,
  change:
    & { readonly name?: string; readonly suspended_at?: Date | null; readonly withdrawn_at?: Date }
    & ClientProof,
): Promise<ClientRow> {
  return await taken(() =>
    tx.updateTable("app.oauth_clients").set({ ...change, version: version + 1 }).where("id", "=", id)
      .returningAll().executeTakeFirstOrThrow()
  );
}

const taken = <T>(run: () => Promise<T>) =>
  onUnique(
    ["oauth_clients__client_id", "oauth_clients__certificate"],
    () => problem("oauth-client-taken"),
    run,
  );

export interface ClientFilter {
  readonly q?: string | undefined;
  readonly kind?: ClientKind | undefined;
  readonly status?: ClientStatus | undefined;
}

/** By their identifiers. One more than the page, to know whether there is another. */
export async function listClients(tx: Tx, page: PageRequest, filter: ClientFilter): Promise<ClientRow[]> {
  let query = tx.selectFrom("app.oauth_clients").selectAll().orderBy("client_id").limit(page.limit + 1);
  if (page.after !== undefined) query = query.where("client_id", ">", page.after[0] ?? "");
  if (filter.kind !== undefined) query = query.where("kind", "=", filter.kind);
  if (filter.status === "withdrawn") query = query.where("withdrawn_at", "is not", null);
  else if (filter.status !== undefined) {
    query = query.where("withdrawn_at", "is", null)
      .where("suspended_at", filter.status === "active" ? "is" : "is not", null);
  }
  for (const word of filter.q?.toLowerCase().split(/\s+/).filter(Boolean) ?? []) {
    query = query.where(
      sql<boolean>`position(${word} in lower(client_id || ' ' || name || ' ' || coalesce(subject, ''))) > 0`,
    );
  }
  return await query.execute();
}

export interface ClientUse {
  /** Families that are live now. */
  readonly grants: number;
  /** Whose they are. */
  readonly people: number;
}

/** What would end with the client. */
export async function countUse(tx: Tx, id: string, now: Date): Promise<ClientUse> {
  const { rows: [row] } = await sql<ClientUse>`
    select count(*)::int as grants, count(distinct person_id)::int as people from app.oauth_grants
     where client_id = ${id} and revoked_at is null and expires_at > ${now}`.execute(tx);
  return row ?? { grants: 0, people: 0 };
}
