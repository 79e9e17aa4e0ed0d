/** What has ended goes. */
import type { Context } from "../context.ts";
import { removeInBatches } from "../database/in-batches.ts";
import { addDays } from "../days.ts";
import { deleteEndedGrants, deleteOpenCodes } from "./sweep-queries.ts";

const batch = 1_000;

/**
 * Removes the families that ended so many days ago, with all their tokens and the code that began each, and codes that nobody redeemed.
 * A family that lives keeps every token that was used and its code: by them alone a second use is known. It goes past what another
 * transaction holds: nobody waits for it.
 */
export async function sweepGrants(ctx: Context, keptDays: number): Promise<void> {
  const before = addDays(ctx.now(), -keptDays);
  const removed = {
    grants: await removeInBatches(ctx, batch, (tx, size) => deleteEndedGrants(tx, before, size)),
    codes: await removeInBatches(ctx, batch, (tx, size) => deleteOpenCodes(tx, before, size)),
  };
  if (removed.grants + removed.codes > 0) ctx.log.info("sweep-grants.done", removed);
}
