import type { Context } from "../context.ts";
import { removeInBatches } from "../database/in-batches.ts";
import { addDays } from "../days.ts";
import { deleteAttacksBefore } from "./queries.ts";

/** How long an attack can be looked up: our choice. The trail keeps that there was one. */
const keptDays = 365;

/** Removes what is old. */
export async function sweepAttacks(ctx: Context): Promise<void> {
  const before = addDays(ctx.now(), -keptDays);
  await removeInBatches(ctx, 1_000, (tx, size) => deleteAttacksBefore(tx, before, size));
}
