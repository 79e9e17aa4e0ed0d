import { addDays } from "../days.ts";
import type { Context } from "../context.ts";
import { removeInBatches } from "../database/in-batches.ts";
import { inSystem } from "../database/in-tenant.ts";
import { deleteOldDeliveries, forgetOldSecrets } from "./worker-queries.ts";

/** How long a delivery that has ended can be looked up: our choice. */
const keptDays = 30;

/** Removes what is old. */
export async function sweepDeliveries(ctx: Context): Promise<void> {
  await inSystem(ctx, (tx) => forgetOldSecrets(tx, ctx.now()));
  const before = addDays(ctx.now(), -keptDays);
  await removeInBatches(ctx, 1_000, (tx, size) => deleteOldDeliveries(tx, before, size));
}
