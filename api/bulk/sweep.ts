import { addDays } from "../days.ts";
import type { Context } from "../context.ts";
import { inSystem } from "../database/in-tenant.ts";
import { deleteOldBatches } from "./queries.ts";

/** How long a batch that nothing happens to is kept: its lines hold names of people, and the trail tells what was done. */
const keptDays = 180;

/** Removes old batches with their lines, some at a time so that no lock is held for long. */
export async function sweepBatches(ctx: Context): Promise<void> {
  const before = addDays(ctx.now(), -keptDays);
  let removed = 0;
  for (let last = -1; last !== 0;) {
    last = await inSystem(ctx, (tx) => deleteOldBatches(tx, before, 10));
    removed += last;
  }
  if (removed > 0) ctx.log.info("sweep-batches.done", { removed });
}
