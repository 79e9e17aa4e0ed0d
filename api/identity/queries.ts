/** People and the mailboxes they open. */
import { sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";

export interface PersonRow {
  readonly id: string;
  readonly issuer: string | null;
  readonly subject: string | null;
  readonly id_nat_ps: string | null;
  readonly given_name: string;
  readonly family_name: string;
  readonly status: "active" | "suspended";
  readonly situations: unknown;
  readonly situation_key: string | null;
}

const columns = [
  "id",
  "issuer",
  "subject",
  "id_nat_ps",
  "given_name",
  "family_name",
  "status",
  "situations",
  "situation_key",
] as const;

/** The person of an account at a provider, whatever his status; nothing is locked. */
export async function findAccount(
  tx: Tx,
  issuer: string,
  subject: string,
): Promise<Pick<PersonRow, "id" | "status" | "given_name" | "family_name"> | undefined> {
  return await tx.selectFrom("app.people").select(["id", "status", "given_name", "family_name"])
    .where("issuer", "=", issuer).where("subject", "=", subject).executeTakeFirst();
}

/** The account of this provider's subject, locked until the transaction ends. */
export async function findPersonByAccount(
  tx: Tx,
  issuer: string,
  subject: string,
): Promise<PersonRow | undefined> {
  return await tx.selectFrom("app.people").select(columns).where("issuer", "=", issuer).where(
    "subject",
    "=",
    subject,
  )
    .forUpdate().executeTakeFirst();
}

/** The person of this national identity, with or without an account, locked until the transaction ends. */
export async function findPersonByIdNat(tx: Tx, idNatPs: string): Promise<PersonRow | undefined> {
  return await tx.selectFrom("app.people").select(columns).where("id_nat_ps", "=", idNatPs).forUpdate()
    .executeTakeFirst();
}

export interface PersonIdentity {
  readonly issuer: string;
  readonly subject: string;
  readonly id_nat_ps: string | null;
  readonly given_name: string;
  readonly family_name: string;
  /** JSON. */
  readonly situations: string;
}

/** A new person, or undefined when another transaction has just made the same one. */
export async function insertPerson(
  tx: Tx,
  identity: PersonIdentity,
  now: Date,
): Promise<PersonRow | undefined> {
  return await tx.insertInto("app.people").values({
    ...identity,
    last_signed_in_at: now,
    created_at: now,
    updated_at: now,
  })
    .onConflict((conflict) => conflict.doNothing()).returning(columns).executeTakeFirst();
}

export async function updatePerson(
  tx: Tx,
  id: string,
  identity: PersonIdentity,
  now: Date,
): Promise<PersonRow> {
  return await tx.updateTable("app.people").set({ ...identity, last_signed_in_at: now, updated_at: now })
    .where("id", "=", id).returning(columns).executeTakeFirstOrThrow();
}

/** What the person may do with a box that he opens. Reading is what opening is. */
export interface MailboxRights {
  readonly write: boolean;
  /** Sends as the box. */
  readonly sendAs: boolean;
  /** Sends from the box with his own address in `Sender`. */
  readonly sendOnBehalf: boolean;
}

/** A box that the person opens. */
export interface OpenableMailbox {
  readonly id: string;
  readonly structureId: string;
  readonly structureName: string;
  readonly address: string;
  readonly displayName: string;
  readonly type: "PER" | "ORG" | "APP" | "CAB";
  /** `holder` of a PER box, `member` of another, or `delegate` of either. */
  readonly relation: "holder" | "member" | "delegate";
  readonly rights: MailboxRights;
  /** When a delegation ends. */
  readonly until: Date | null;
}

const allRights: MailboxRights = { write: true, sendAs: true, sendOnBehalf: true };

/**
 * Active boxes of an active domain and structure that this person opens: PER by his national identity, the others by
 * membership, any by a delegation that is in force. Not those on their way from another structure.
 * Only in the person's own scope: a function of the database answers it for the person of the transaction, and for nobody
 * else (migrations/20261121135200_openable-mailboxes.sql); its plan is made once for a connection.
 */
export async function selectOpenableMailboxes(
  tx: Tx,
  now: Date,
  mailboxId?: string,
): Promise<OpenableMailbox[]> {
  const { rows } = await sql<
    OpenableRow
  >`select id, structure_id as "structureId", structure_name as "structureName", address,
      display_name as "displayName", type, is_holder, is_member, may_write, may_send_as, may_send_on_behalf, ends_at
    from app.openable_mailboxes(${now}, ${mailboxId ?? null}) order by address`.execute(tx);
  const places = { holder: 0, member: 1, delegate: 2 };
  return rows.map(
    ({ is_holder, is_member, may_write, may_send_as, may_send_on_behalf, ends_at, ...mailbox }) => {
      const relation = is_holder ? "holder" : is_member ? "member" : "delegate";
      const rights = relation === "delegate"
        ? {
          write: may_write ?? false,
          sendAs: may_send_as ?? false,
          sendOnBehalf: may_send_on_behalf ?? false,
        }
        : allRights;
      return { ...mailbox, relation, rights, until: relation === "delegate" ? ends_at : null } as const;
    },
  ).sort((one, two) => places[one.relation] - places[two.relation]);
}

type OpenableRow = Omit<OpenableMailbox, "relation" | "rights" | "until"> & {
  readonly is_holder: boolean;
  readonly is_member: boolean;
  readonly may_write: boolean | null;
  readonly may_send_as: boolean | null;
  readonly may_send_on_behalf: boolean | null;
  readonly ends_at: Date | null;
};

/** Names of the structures in which the person has a role. */
export async function selectStructureNames(
  tx: Tx,
  structureIds: readonly string[],
): Promise<Map<string, string>> {
  if (structureIds.length === 0) return new Map();
  const rows = await tx.selectFrom("app.structures").select(["id", "name"]).where("id", "in", [
    ...structureIds,
  ]).execute();
  return new Map(rows.map((row) => [row.id, row.name]));
}
