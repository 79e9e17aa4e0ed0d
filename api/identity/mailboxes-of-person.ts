/** Who opens which mailbox: the question of the gateway, and of every way in that is to come. */
import { type HasDatabase, inPerson } from "../database/in-tenant.ts";
import { type OpenableMailbox, selectOpenableMailboxes } from "./queries.ts";

/** The database, and the time by which a delegation begins and ends. */
export interface HasTime extends HasDatabase {
  readonly now: () => Date;
}

/**
 * The active boxes that this person opens now, his own (PER, by his national identity) first, then those of which he is a
 * member, then those delegated to him, with what he may do in each. Read from PostgreSQL at each call: a right that is taken away is gone at the next request.
 */
export async function listOpenableMailboxes(ctx: HasTime, personId: string): Promise<OpenableMailbox[]> {
  return await inPerson(ctx, personId, (tx) => selectOpenableMailboxes(tx, ctx.now()));
}

/** Whether this person opens this box now. */
export async function mayOpenMailbox(
  ctx: HasTime,
  personId: string,
  mailboxId: string,
): Promise<boolean> {
  const found = await inPerson(
    ctx,
    personId,
    (tx) => selectOpenableMailboxes(tx, ctx.now(), mailboxId),
  );
  return found.length > 0;
}
