/** Accounts of the staff and the links by which they are set up. */
import { sql } from "kysely";
import type { OperatorRole } from "../context.ts";
import type { Tx } from "../database/in-tenant.ts";
import type { PageRequest } from "../http/paginate.ts";

/** An account with what a sign-in needs to know of its person. */
export interface AccountRow {
  readonly person_id: string;
  readonly login: string;
  readonly status: "invited" | "active" | "closed";
  readonly password_hash: string | null;
  readonly totp_secret: Uint8Array | null;
  readonly totp_last_step: number;
  readonly code_failures: number;
  readonly code_failed_at: Date | null;
  readonly given_name: string;
  readonly family_name: string;
  readonly person_status: "active" | "suspended";
}

function accounts(tx: Tx) {
  return tx.selectFrom("app.staff_accounts as account")
    .innerJoin("app.people as person", "person.id", "account.person_id")
    .select([
      "account.person_id",
      "account.login",
      "account.status",
      "account.password_hash",
      "account.totp_secret",
      "account.totp_last_step",
      "account.code_failures",
      "account.code_failed_at",
      "person.given_name",
      "person.family_name",
      "person.status as person_status",
    ]);
}

export async function findAccountByLogin(tx: Tx, login: string): Promise<AccountRow | undefined> {
  return await accounts(tx).where("account.login", "=", login).executeTakeFirst();
}

export async function findAccount(tx: Tx, personId: string): Promise<AccountRow | undefined> {
  return await accounts(tx).where("account.person_id", "=", personId).executeTakeFirst();
}

/** Locked until the transaction ends. */
export async function findAccountForUpdate(tx: Tx, personId: string): Promise<AccountRow | undefined> {
  return await accounts(tx).where("account.person_id", "=", personId).forUpdate("account").executeTakeFirst();
}

/** What is shown of an account. */
export interface ListedAccountRow {
  readonly person_id: string;
  readonly login: string;
  readonly status: "invited" | "active" | "closed";
  readonly given_name: string;
  readonly family_name: string;
  readonly roles: readonly OperatorRole[];
  readonly has_password: boolean;
  readonly passkey_count: number;
  readonly created_at: Date;
  readonly enrolled_at: Date | null;
  readonly last_signed_in_at: Date | null;
  readonly enrolment_expires_at: Date | null;
}

function listed(tx: Tx) {
  return tx.selectFrom("app.staff_accounts as account")
    .innerJoin("app.people as person", "person.id", "account.person_id")
    .leftJoin(
      "app.staff_enrolments as enrolment",
      (join) =>
        join.onRef("enrolment.person_id", "=", "account.person_id").on("enrolment.used_at", "is", null)
          .on("enrolment.revoked_at", "is", null),
    )
    .select([
      "account.person_id",
      "account.login",
      "account.status",
      "account.created_at",
      "account.enrolled_at",
      "account.last_signed_in_at",
      "person.given_name",
      "person.family_name",
      "enrolment.expires_at as enrolment_expires_at",
      sql<boolean>`account.password_hash is not null`.as("has_password"),
      sql<number>`(select count(*)::integer from app.staff_passkeys k
        where k.person_id = account.person_id and k.cloned_at is null)`.as("passkey_count"),
      sql<OperatorRole[]>`coalesce((select json_agg(r.role order by r.role) from app.operator_roles r
        where r.person_id = account.person_id), '[]')`.as("roles"),
    ]);
}

/** By login. One more than the page, to know whether there is another. */
export async function listAccounts(tx: Tx, page: PageRequest): Promise<ListedAccountRow[]> {
  let query = listed(tx).orderBy("account.login").limit(page.limit + 1);
  if (page.after !== undefined) query = query.where("account.login", ">", page.after[0] ?? "");
  return await query.execute();
}

export async function getListedAccount(tx: Tx, personId: string): Promise<ListedAccountRow> {
  return await listed(tx).where("account.person_id", "=", personId).executeTakeFirstOrThrow();
}

/** A person without national identity, who has no account yet at any provider. */
export async function insertStaffPerson(
  tx: Tx,
  { givenName, familyName }: { readonly givenName: string; readonly familyName: string },
  now: Date,
): Promise<string> {
  const { id } = await tx.insertInto("app.people").values({
    given_name: givenName,
    family_name: familyName,
    created_at: now,
    updated_at: now,
  }).returning("id").executeTakeFirstOrThrow();
  return id;
}

export async function insertAccount(tx: Tx, personId: string, login: string, now: Date): Promise<void> {
  await tx.insertInto("app.staff_accounts").values({ person_id: personId, login, created_at: now }).execute();
}

/** A link, in the place of the one before. */
export async function insertEnrolment(
  tx: Tx,
  row: {
    readonly person_id: string;
    readonly token_hash: Uint8Array;
    readonly created_at: Date;
    readonly expires_at: Date;
  },
): Promise<void> {
  await revokeEnrolments(tx, row.person_id, row.created_at);
  await tx.insertInto("app.staff_enrolments").values(row).execute();
}

export async function revokeEnrolments(tx: Tx, personId: string, now: Date): Promise<void> {
  await tx.updateTable("app.staff_enrolments").set({ revoked_at: now }).where("person_id", "=", personId)
    .where("used_at", "is", null).where("revoked_at", "is", null).execute();
}

/** The link of this digest, while it can be used. */
export async function findOpenEnrolment(
  tx: Tx,
  tokenHash: Uint8Array,
  now: Date,
): Promise<{ readonly id: string; readonly person_id: string; readonly expires_at: Date } | undefined> {
  return await tx.selectFrom("app.staff_enrolments").select(["id", "person_id", "expires_at"])
    .where("token_hash", "=", tokenHash).where("used_at", "is", null).where("revoked_at", "is", null)
    .where("expires_at", ">", now).executeTakeFirst();
}

/** Single use: of two at once one alone takes it. */
export async function takeEnrolment(tx: Tx, enrolmentId: string, now: Date): Promise<boolean> {
  const taken = await tx.updateTable("app.staff_enrolments").set({ used_at: now }).where(
    "id",
    "=",
    enrolmentId,
  )
    .where("used_at", "is", null).where("revoked_at", "is", null).where("expires_at", ">", now)
    .returning("id").executeTakeFirst();
  return taken !== undefined;
}

/** Digests of the tokens of a person's sessions. */
export async function listOpenSessions(tx: Tx, personId: string): Promise<Uint8Array[]> {
  const rows = await tx.selectFrom("app.sessions").select("token_hash").where("person_id", "=", personId)
    .where("ended_at", "is", null).execute();
  return rows.map(({ token_hash: hash }) => hash);
}

/** The account is set up: from now on it is one, under the platform's own issuer. */
export async function activateAccount(
  tx: Tx,
  personId: string,
  issuer: string,
  factors: {
    readonly password_hash: string | null;
    readonly totp_secret: Uint8Array | null;
    readonly totp_last_step: number;
  },
  now: Date,
): Promise<void> {
  await tx.updateTable("app.staff_accounts").set({
    status: "active",
    enrolled_at: now,
    code_failures: 0,
    ...factors,
    password_set_at: factors.password_hash === null ? null : now,
    totp_set_at: factors.totp_secret === null ? null : now,
  }).where("person_id", "=", personId).execute();
  await tx.updateTable("app.people").set({ issuer, subject: personId, updated_at: now })
    .where("id", "=", personId).execute();
}

export async function noteSignedIn(tx: Tx, personId: string, now: Date): Promise<void> {
  await tx.updateTable("app.staff_accounts").set({ last_signed_in_at: now }).where("person_id", "=", personId)
    .execute();
  await tx.updateTable("app.people").set({ last_signed_in_at: now }).where("id", "=", personId).execute();
}

/** Takes every factor away. `status` says what remains: an account to be set up anew, or a closed one. */
export async function removeAllFactors(
  tx: Tx,
  personId: string,
  status: "invited" | "closed",
  now: Date,
): Promise<void> {
  await tx.updateTable("app.staff_accounts").set({
    status,
    password_hash: null,
    password_set_at: null,
    totp_secret: null,
    totp_set_at: null,
    closed_at: status === "closed" ? now : null,
  }).where("person_id", "=", personId).execute();
  // One that is held just now waits for this very account, and finds it changed.
  await tx.deleteFrom("app.staff_ceremonies").where(
    "token_hash",
    "in",
    tx.selectFrom("app.staff_ceremonies").select("token_hash").where("person_id", "=", personId).forUpdate()
      .skipLocked(),
  ).execute();
  await tx.deleteFrom("app.staff_passkeys").where("person_id", "=", personId).execute();
  await tx.deleteFrom("app.staff_recovery_codes").where("person_id", "=", personId).execute();
  await revokeEnrolments(tx, personId, now);
}
