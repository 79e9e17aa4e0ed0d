import type { Context } from "../context.ts";
import { inSystem } from "../database/in-tenant.ts";
import { addDays } from "../days.ts";
import { deleteAttacksBefore } from "./queries.ts";

/** How long an attack can be looked up: our choice. The trail keeps that there was one. */
const keptDays = 365;

/** Removes what is old, a thousand at a time so that no lock is held for long. */
export async function sweepAttacks(ctx: Context): Promise<void> {
  const before = addDays(ctx.now(), -keptDays);
  for (let last = -1; last !== 0;) last = await inSystem(ctx, (tx) => deleteAttacksBefore(tx, before, 1000));
}
