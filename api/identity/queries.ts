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
 * Runs in the person's own scope; the conditions repeat what row-level security holds, which is the second lock.
 */
export async function selectOpenableMailboxes(
  tx: Tx,
  personId: string,
  now: Date,
  mailboxId?: string,
): Promise<OpenableMailbox[]> {
  let query = tx.selectFrom("app.mailboxes as mailbox")
    .innerJoin("app.structures as structure", "structure.id", "mailbox.structure_id")
    .innerJoin(
      "app.domains as domain",
      (join) =>
        join.onRef("domain.structure_id", "=", "mailbox.structure_id").onRef(
          "domain.id",
          "=",
          "mailbox.domain_id",
        ),
    )
    .innerJoin("app.people as person", (join) => join.on("person.id", "=", personId))
    .leftJoin(
      "app.mailbox_members as member",
      (join) =>
        join.onRef("member.structure_id", "=", "mailbox.structure_id")
          .onRef("member.mailbox_id", "=", "mailbox.id").on("member.person_id", "=", personId),
    )
    .leftJoin(
      "app.mailbox_delegations as delegation",
      (join) =>
        join.onRef("delegation.structure_id", "=", "mailbox.structure_id")
          .onRef("delegation.mailbox_id", "=", "mailbox.id").on("delegation.person_id", "=", personId)
          .on("delegation.revoked_at", "is", null).on("delegation.may_read", "=", true)
          .on("delegation.starts_at", "<=", now)
          .on((on) => on.or([on("delegation.ends_at", "is", null), on("delegation.ends_at", ">", now)])),
    )
    .select([
      "mailbox.id",
      "mailbox.structure_id as structureId",
      "structure.name as structureName",
      "mailbox.address",
      "mailbox.display_name as displayName",
      "mailbox.type",
      "mailbox.holder_id_nat_ps as holder",
      "person.id_nat_ps as own",
      "member.person_id as member",
      "delegation.may_write",
      "delegation.may_send_as",
      "delegation.may_send_on_behalf",
      "delegation.ends_at",
    ])
    // By their ids, which an index knows: the conditions below would be asked of every box of the platform.
    .where(sql<boolean>`mailbox.id = any((select app.opened_mailboxes())::uuid[])`)
    .where("mailbox.status", "=", "active")
    .where("domain.status", "=", "active")
    .where("structure.status", "=", "active")
    .where("person.status", "=", "active")
    .where((where) =>
      where.or([where("mailbox.moved_from_address", "is", null), where("mailbox.moved_at", "is not", null)])
    )
    .where((where) =>
      where.or([
        where("mailbox.holder_id_nat_ps", "=", where.ref("person.id_nat_ps")),
        where("member.person_id", "is not", null),
        where("delegation.id", "is not", null),
      ])
    );
  if (mailboxId !== undefined) query = query.where("mailbox.id", "=", mailboxId);
  const rows = await query.orderBy("mailbox.address").execute();
  const places = { holder: 0, member: 1, delegate: 2 };
  return rows.map(
    ({ holder, own, member, may_write, may_send_as, may_send_on_behalf, ends_at, ...mailbox }) => {
      const relation = holder !== null && holder === own ? "holder" : member !== null ? "member" : "delegate";
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
