import { sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { DesiredMailbox } from "../mail-server/mod.ts";

export interface MailboxToApply {
  readonly id: string;
  readonly version: number;
  /** The box that it was in another structure, while its account still has that address. */
  readonly movesFrom: { readonly id: string; readonly address: string } | undefined;
  /** Its mail lives on under another address: nothing of it may be touched under this one. */
  readonly isMovedAway: boolean;
  readonly domain: string;
  readonly desired: DesiredMailbox;
}

/** Waits until no other transaction works on this box's state at the mail server; let go with the transaction. */
export async function lockMailbox(tx: Tx, mailboxId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`apply-mailbox:${mailboxId}`}, 0))`.execute(tx);
}

/** The box as it must stand on the mail server now; a suspended domain or structure suspends its boxes. */
export async function findMailboxToApply(
  tx: Tx,
  structureId: string,
  mailboxId: string,
): Promise<MailboxToApply | undefined> {
  const row = await tx.selectFrom("app.mailboxes as b")
    .innerJoin(
      "app.domains as d",
      (on) => on.onRef("d.structure_id", "=", "b.structure_id").onRef("d.id", "=", "b.domain_id"),
    )
    .innerJoin("app.structures as s", "s.id", "b.structure_id")
    .select([
      "b.id",
      "b.version",
      "b.address",
      "b.display_name",
      "b.quota_bytes",
      "b.status",
      "b.moved_to_address",
      "b.moved_from_address",
      "b.moved_at",
      "d.name as domain",
    ])
    .select(["d.status as domain_status", "s.status as structure_status"])
    .where("b.structure_id", "=", structureId)
    .where("b.id", "=", mailboxId)
    .executeTakeFirst();
  if (!row) return undefined;
  const aliases = await tx.selectFrom("app.addresses")
    .select("address")
    .where("structure_id", "=", structureId)
    .where("mailbox_id", "=", mailboxId)
    .where("kind", "=", "alias")
    .orderBy("address")
    .execute();
  const isOpen = row.status === "active" && row.domain_status === "active" &&
    row.structure_status === "active";
  const isOnItsWay = row.moved_from_address !== null && row.moved_at === null && row.status !== "closed";
  return {
    id: row.id,
    version: row.version,
    movesFrom: isOnItsWay ? await findMovedMailbox(tx, row.address) : undefined,
    isMovedAway: row.moved_to_address !== null,
    domain: row.domain,
    desired: {
      address: row.address,
      displayName: row.display_name,
      quotaBytes: row.quota_bytes,
      status: row.status === "closed" ? "closed" : isOpen ? "active" : "suspended",
      sendAs: aliases.map(({ address }) => address),
    },
  };
}

/** The row that a box left behind in the structure that it came from. */
async function findMovedMailbox(
  tx: Tx,
  address: string,
): Promise<{ id: string; address: string } | undefined> {
  return await tx.selectFrom("app.mailboxes").select(["id", "address"]).where(
    "moved_to_address",
    "=",
    address,
  )
    .executeTakeFirst();
}

/** Notes that the mail server has given the account its new address: from the commit on the box receives. */
export async function markMailboxMoved(
  tx: Tx,
  structureId: string,
  mailboxId: string,
  now: Date,
): Promise<void> {
  await tx.updateTable("app.mailboxes").set({ moved_at: now })
    .where("structure_id", "=", structureId).where("id", "=", mailboxId).where("moved_at", "is", null)
    .execute();
}

/** Notes that `version` stands on the mail server. A newer version stays `pending`: its own job comes after. */
export async function markMailboxApplied(
  tx: Tx,
  structureId: string,
  mailboxId: string,
  version: number,
): Promise<void> {
  await tx.updateTable("app.mailboxes")
    .set((set) => ({
      applied_version: version,
      provisioning: set.case().when("version", "=", version).then("applied" as const).else("pending" as const)
        .end(),
      provisioning_reason: null,
    }))
    .where("structure_id", "=", structureId)
    .where("id", "=", mailboxId)
    .where("applied_version", "<=", version)
    .execute();
}

/** Notes why `version` does not stand on the mail server yet, or never will without a person's help. */
export async function markMailboxHeld(
  tx: Tx,
  structureId: string,
  mailboxId: string,
  version: number,
  provisioning: "pending" | "failed" | "action_required",
  reason: string,
): Promise<void> {
  await tx.updateTable("app.mailboxes")
    .set({ provisioning, provisioning_reason: reason })
    .where("structure_id", "=", structureId)
    .where("id", "=", mailboxId)
    .where("version", "=", version)
    .execute();
}

/** Notes how full the box is: shown to who administers it, so a look every round is enough. */
export async function noteUsedBytes(
  tx: Tx,
  structureId: string,
  mailboxId: string,
  usedBytes: number,
): Promise<void> {
  await tx.updateTable("app.mailboxes").set({ used_bytes: usedBytes })
    .where("structure_id", "=", structureId).where("id", "=", mailboxId)
    .where("used_bytes", "is distinct from", usedBytes).execute();
}

export async function findDomainToApply(
  tx: Tx,
  structureId: string,
  domainId: string,
): Promise<{ name: string; status: string; version: number } | undefined> {
  return await tx.selectFrom("app.domains")
    .select(["name", "status", "version"])
    .where("structure_id", "=", structureId)
    .where("id", "=", domainId)
    .executeTakeFirst();
}

export async function markDomainApplied(
  tx: Tx,
  structureId: string,
  domainId: string,
  version: number,
): Promise<void> {
  await tx.updateTable("app.domains")
    .set({ applied_version: version })
    .where("structure_id", "=", structureId)
    .where("id", "=", domainId)
    .where("applied_version", "<=", version)
    .execute();
}

/** Boxes of a domain: what a domain's suspension or closing reaches. */
export async function listMailboxIdsOfDomain(
  tx: Tx,
  structureId: string,
  domainId: string,
): Promise<string[]> {
  const rows = await tx.selectFrom("app.mailboxes")
    .select("id")
    .where("structure_id", "=", structureId)
    .where("domain_id", "=", domainId)
    .where("status", "!=", "closed")
    .execute();
  return rows.map(({ id }) => id);
}

/** The next boxes after `afterId`, in order of their id; closed ones only while their closing is not applied. */
export async function listMailboxesAfter(
  tx: Tx,
  afterId: string,
  limit: number,
): Promise<{ id: string; structureId: string; isBehind: boolean }[]> {
  const rows = await tx.selectFrom("app.mailboxes")
    .select(["id", "structure_id", "version", "applied_version", "provisioning"])
    .where("id", ">", afterId)
    .where((where) =>
      where.or([where("status", "!=", "closed"), where("applied_version", "<", where.ref("version"))])
    )
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    structureId: row.structure_id,
    isBehind: row.applied_version < row.version && row.provisioning !== "action_required",
  }));
}
