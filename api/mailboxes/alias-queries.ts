/** Aliases: rows of `addresses`. The database lists them in `mailboxes.aliases` by itself. */
import type { Tx } from "../database/in-tenant.ts";
import { onUnique } from "../database/unique.ts";
import { problem } from "../problems.ts";
import type { MailboxRow } from "./queries.ts";

/** Takes the address for ever. Throws `mailbox-address-taken`. */
export async function insertAlias(tx: Tx, mailbox: MailboxRow, address: string, now: Date): Promise<void> {
  await onUnique(
    "addresses_pkey",
    () => problem("mailbox-address-taken", { address }),
    () =>
      tx.insertInto("app.addresses").values({
        address,
        structure_id: mailbox.structure_id,
        mailbox_id: mailbox.id,
        kind: "alias",
        created_at: now,
      }).execute(),
  );
}

/** Closes the alias for good. Whether it was one in use. */
export async function closeAlias(tx: Tx, mailbox: MailboxRow, address: string): Promise<boolean> {
  const row = await tx.updateTable("app.addresses").set({ kind: "closed" })
    .where("structure_id", "=", mailbox.structure_id).where("mailbox_id", "=", mailbox.id)
    .where("address", "=", address).where("kind", "=", "alias").returning("address").executeTakeFirst();
  return row !== undefined;
}

/** Which of these addresses were ever given, here or in another structure. In the platform's scope. */
export async function listTakenAddresses(tx: Tx, addresses: readonly string[]): Promise<Set<string>> {
  if (addresses.length === 0) return new Set();
  const rows = await tx.selectFrom("app.addresses").select("address").where("address", "in", [...addresses])
    .execute();
  return new Set(rows.map((row) => row.address));
}

/** A domain by its id alone. In the platform's scope: the actor is judged by what comes back. */
export async function findDomainById(
  tx: Tx,
  domainId: string,
): Promise<{ structure_id: string; name: string } | undefined> {
  return await tx.selectFrom("app.domains").select(["structure_id", "name"]).where("id", "=", domainId)
    .executeTakeFirst();
}
