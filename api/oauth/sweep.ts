/** What has ended goes. */
import type { Context } from "../context.ts";
import { inSystem } from "../database/in-tenant.ts";
import { addDays } from "../days.ts";
import { deleteEndedGrants, deleteOpenCodes } from "./sweep-queries.ts";

const batch = 1_000;

/**
 * Removes the families that ended so many days ago, with all their tokens and the code that began each, and codes that nobody redeemed.
 * A family that lives keeps every token that was used and its code: by them alone a second use is known. Some at a time, each on
 * its own, and past what another transaction holds: nobody waits for it, and a worker that is killed has done a part for good.
 */
export async function sweepGrants(ctx: Context, keptDays: number): Promise<void> {
  const before = addDays(ctx.now(), -keptDays);
  const removed = { grants: 0, codes: 0 };
  for (let last = batch; last === batch; removed.grants += last) {
    last = await inSystem(ctx, (tx) => deleteEndedGrants(tx, before, batch));
  }
  for (let last = batch; last === batch; removed.codes += last) {
    last = await inSystem(ctx, (tx) => deleteOpenCodes(tx, before, batch));
  }
  if (removed.grants + removed.codes > 0) ctx.log.info("sweep-grants.done", removed);
}
