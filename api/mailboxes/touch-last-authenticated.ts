import { type HasDatabase, inSystem } from "../database/in-tenant.ts";
import { noteOpening } from "./queries.ts";

const hour = 3_600_000;
/** When this process last wrote it, by box: nearly every call ends here, without a query. */
const written = new Map<string, number>();
const maxKept = 50_000;

/**
 * Notes that a holder or a member has opened the box: what inactivity is counted from. Exact to the hour, so that it costs
 * nothing: at most one write per hour and box, and one look into memory otherwise.
 */
export async function touchLastAuthenticated(ctx: HasDatabase, mailboxId: string, now: Date): Promise<void> {
  const last = written.get(mailboxId);
  if (last !== undefined && now.getTime() - last < hour && now.getTime() >= last) return;
  if (written.size >= maxKept) written.clear();
  written.set(mailboxId, now.getTime());
  try {
    await inSystem(ctx, (tx) => noteOpening(tx, mailboxId, now, new Date(now.getTime() - hour)));
  } catch (error) {
    written.delete(mailboxId);
    throw error;
  }
}
