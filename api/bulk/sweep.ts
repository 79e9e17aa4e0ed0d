import { addDays } from "../days.ts";
import type { Context } from "../context.ts";
import { removeInBatches } from "../database/in-batches.ts";
import { deleteOldBatches } from "./queries.ts";

/** How long a batch that nothing happens to is kept: its lines hold names of people, and the trail tells what was done. */
const keptDays = 180;

/** Removes old batches with their lines. */
export async function sweepBatches(ctx: Context): Promise<void> {
  const before = addDays(ctx.now(), -keptDays);
  const removed = await removeInBatches(ctx, 10, (tx, size) => deleteOldBatches(tx, before, size));
  if (removed > 0) ctx.log.info("sweep-batches.done", { removed });
}
