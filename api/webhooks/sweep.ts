import { addDays } from "../days.ts";
import type { Context } from "../context.ts";
import { inSystem } from "../database/in-tenant.ts";
import { deleteOldDeliveries, forgetOldSecrets } from "./worker-queries.ts";

/** How long a delivery that has ended can be looked up: our choice. */
const keptDays = 30;

/** Removes what is old, a thousand at a time so that no lock is held for long. */
export async function sweepDeliveries(ctx: Context): Promise<void> {
  await inSystem(ctx, (tx) => forgetOldSecrets(tx, ctx.now()));
  const before = addDays(ctx.now(), -keptDays);
  for (let last = -1; last !== 0;) {
    last = await inSystem(ctx, (tx) => deleteOldDeliveries(tx, before, 1000));
  }
}
