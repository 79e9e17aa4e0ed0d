/** Codes, families and tokens in PostgreSQL. Only digests of what is given away are stored. */
import { sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import { isFromBeforeLogout } from "../identity/mod.ts";
import { useMilliseconds } from "./settings.ts";

export interface NewCodeRow {
  readonly code_hash: Uint8Array;
  readonly client_id: string;
  readonly person_id: string;
  readonly session_id: string;
  readonly redirect_uri: string;
  readonly code_challenge: string;
  readonly scope: string;
  readonly created_at: Date;
  readonly expires_at: Date;
}

export async function insertCode(tx: Tx, row: NewCodeRow): Promise<void> {
  await tx.insertInto("app.oauth_codes").values(row).execute();
}

/** A code with the session that it rests on, locked: of two that redeem it one alone goes on. */
export async function findCodeForUpdate(tx: Tx, hash: Uint8Array) {
  return await tx.selectFrom("app.oauth_codes as code")
    .innerJoin("app.sessions as session", "session.id", "code.session_id")
    .innerJoin("app.people as person", "person.id", "code.person_id")
    .select([
      "code.client_id",
      "code.person_id",
      "code.redirect_uri",
      "code.code_challenge",
      "code.scope",
      "code.expires_at",
      "code.grant_id",
      "session.acr",
      "session.expires_at as session_expires_at",
      "session.ended_at as session_ended_at",
      "person.status as person_status",
      "person.given_name",
      "person.family_name",
    ])
    .where("code.code_hash", "=", hash).forUpdate("code").executeTakeFirst();
}

export async function noteCodeUsed(tx: Tx, hash: Uint8Array, grantId: string): Promise<void> {
  await tx.updateTable("app.oauth_codes").set({ grant_id: grantId }).where("code_hash", "=", hash).execute();
}

export interface NewGrantRow {
  readonly client_id: string;
  readonly person_id: string;
  readonly scope: string;
  readonly acr: string | null;
  readonly created_at: Date;
  readonly expires_at: Date;
  /** Of the token of the provider that it was exchanged for. */
  readonly token_issued_at?: Date;
  readonly token_session_hash?: Uint8Array | null;
}

export async function insertGrant(tx: Tx, row: NewGrantRow): Promise<string> {
  const { id } = await tx.insertInto("app.oauth_grants").values({ ...row, last_used_at: row.created_at })
    .returning("id")
    .executeTakeFirstOrThrow();
  return id;
}

export async function insertAccessToken(
  tx: Tx,
  row: {
    readonly token_hash: Uint8Array;
    readonly grant_id: string;
    readonly created_at: Date;
    readonly expires_at: Date;
    readonly certificate_sha256: Uint8Array | null;
  },
): Promise<void> {
  await tx.deleteFrom("app.oauth_access_tokens").where("grant_id", "=", row.grant_id)
    .where("expires_at", "<", row.created_at).execute();
  await tx.insertInto("app.oauth_access_tokens").values(row).execute();
}

export async function insertRefreshToken(
  tx: Tx,
  row: {
    readonly token_hash: Uint8Array;
    readonly grant_id: string;
    readonly created_at: Date;
    readonly expires_at: Date;
  },
): Promise<void> {
  await tx.insertInto("app.oauth_refresh_tokens").values(row).execute();
}

/** A refresh token with its family, both locked. */
export async function findRefreshTokenForUpdate(tx: Tx, hash: Uint8Array) {
  return await tx.selectFrom("app.oauth_refresh_tokens as token")
    .innerJoin("app.oauth_grants as family", "family.id", "token.grant_id")
    .innerJoin("app.oauth_clients as client", "client.id", "family.client_id")
    .innerJoin("app.people as person", "person.id", "family.person_id")
    .select([
      "token.grant_id",
      "token.expires_at",
      "token.used_at",
      "token.successor",
      "family.client_id",
      "family.person_id",
      "family.scope",
      "family.expires_at as family_expires_at",
      "family.revoked_at",
      "person.status as person_status",
    ])
    .where("token.token_hash", "=", hash).forUpdate(["token", "family"]).executeTakeFirst();
}

/** Whether the successor of a token was used itself: then the one before is nobody's any more. */
export async function isRefreshTokenUsed(tx: Tx, hash: Uint8Array): Promise<boolean> {
  const row = await tx.selectFrom("app.oauth_refresh_tokens").select("used_at").where("token_hash", "=", hash)
    .executeTakeFirst();
  return row === undefined || row.used_at !== null;
}

export async function noteRefreshTokenUsed(
  tx: Tx,
  hash: Uint8Array,
  now: Date,
  successor: Uint8Array,
): Promise<void> {
  await tx.updateTable("app.oauth_refresh_tokens").set({ used_at: now, successor })
    .where("token_hash", "=", hash).execute();
}

export interface EndedGrant {
  readonly id: string;
  readonly person_id: string;
  /** Digests of its access tokens that were still good. */
  readonly token_hashes: readonly Uint8Array[];
}

/** Ends families with all their tokens. What has ended stays as it is. */
export async function revokeGrants(
  tx: Tx,
  choice: { readonly grantId: string } | { readonly clientId: string } | { readonly personId: string } | {
    readonly clientId: string;
    readonly personId: string;
  },
  now: Date,
  reason: string,
): Promise<EndedGrant[]> {
  let update = tx.updateTable("app.oauth_grants").set({ revoked_at: now, revoke_reason: reason })
    .where("revoked_at", "is", null);
  if ("grantId" in choice) update = update.where("id", "=", choice.grantId);
  if ("clientId" in choice) update = update.where("client_id", "=", choice.clientId);
  if ("personId" in choice) update = update.where("person_id", "=", choice.personId);
  const ended = await update.returning(["id", "person_id"]).execute();
  if (ended.length === 0) return [];
  const tokens = await tx.deleteFrom("app.oauth_access_tokens").where(
    "grant_id",
    "in",
    ended.map(({ id }) => id),
  )
    .returning(["grant_id", "token_hash"]).execute();
  return ended.map((one) => ({
    ...one,
    token_hashes: tokens.filter((token) => token.grant_id === one.id).map((token) => token.token_hash),
  }));
}

/** The family of a token of either kind, with the client that it was given to. */
export async function findGrantOfToken(
  tx: Tx,
  hash: Uint8Array,
): Promise<{ readonly grant_id: string; readonly client_id: string } | undefined> {
  const { rows: [row] } = await sql<{ grant_id: string; client_id: string }>`
    select g.id as grant_id, g.client_id from app.oauth_grants g join app.oauth_clients c on c.id = g.client_id
     where g.id in (select grant_id from app.oauth_refresh_tokens where token_hash = ${hash}
       union all select grant_id from app.oauth_access_tokens where token_hash = ${hash})`.execute(tx);
  return row;
}

export interface LiveToken {
  readonly grantId: string;
  readonly personId: string;
  readonly givenName: string;
  readonly familyName: string;
  readonly idNatPs: string | null;
  readonly expiresAt: Date;
  /** In base64, of the certificate that it is good with. */
  readonly certificate: string | null;
  readonly lastUsedAt: Date | null;
}

/** Of a grant `g`: whether the token that it was exchanged for is from before a logout. */
const isGrantLoggedOut = isFromBeforeLogout({
  personId: sql`g.person_id`,
  sessionHash: sql`g.token_session_hash`,
  issuedAt: sql`g.token_issued_at`,
});

/** The person of an access token that is good now, whatever presented it. */
export async function findLiveToken(tx: Tx, hash: Uint8Array, now: Date): Promise<LiveToken | undefined> {
  const { rows: [row] } = await sql<LiveToken>`
    select g.id as "grantId", p.id as "personId", p.given_name as "givenName", p.family_name as "familyName",
      p.id_nat_ps as "idNatPs", least(t.expires_at, g.expires_at) as "expiresAt",
      encode(t.certificate_sha256, 'base64') as certificate, g.last_used_at as "lastUsedAt"
    from app.oauth_access_tokens t
      join app.oauth_grants g on g.id = t.grant_id and g.revoked_at is null and g.expires_at > ${now}
        and not ${isGrantLoggedOut}
      join app.oauth_clients c on c.id = g.client_id and c.withdrawn_at is null and c.suspended_at is null
      join app.people p on p.id = g.person_id and p.status = 'active'
    where t.token_hash = ${hash} and t.expires_at > ${now}`.execute(tx);
  return row;
}

/**
 * That a family was used, and its client with it: once a minute at most, and without waiting for who changes either.
 *
 * @param certificateExpiresAt of the certificate that the client has shown just now
 */
export async function noteUse(
  tx: Tx,
  grantId: string,
  now: Date,
  certificateExpiresAt: Date | null = null,
): Promise<void> {
  const before = new Date(now.getTime() - useMilliseconds);
  await sql`
    with used as (update app.oauth_grants set last_used_at = ${now} where id in (select id from app.oauth_grants
      where id = ${grantId} and (last_used_at is null or last_used_at < ${before}) for no key update skip locked))
    update app.oauth_clients set last_used_at = ${now},
      certificate_expires_at = coalesce(${certificateExpiresAt}, certificate_expires_at)
    where id in (select c.id from app.oauth_clients c join app.oauth_grants g on g.client_id = c.id
      where g.id = ${grantId} and (c.last_used_at is null or c.last_used_at < ${before}
        or c.certificate_expires_at is distinct from coalesce(${certificateExpiresAt}, c.certificate_expires_at))
      for no key update of c skip locked)`.execute(tx);
}
