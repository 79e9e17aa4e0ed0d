/** Waiting for a server that is away, apart from the queue's own retries, whose delay grows to hours. */
import { inSystem } from "../database/in-tenant.ts";
import { enqueue, type Job } from "../database/enqueue.ts";
import type { Context } from "../context.ts";

/** Shortest wait; the longest is twice that. Spread at random, so that a thousand boxes do not knock at once. */
const waitMilliseconds = 2_000;

/** Adds `job` again, a few seconds from now. The same key as the first one: however often it is asked for, it runs once. */
export async function runAgainLater(ctx: Context, job: Job, key: string): Promise<void> {
  await inSystem(ctx, (tx) => enqueue(tx, job, key, waitedFor(ctx.now())));
}

/** When to try again. */
export function waitedFor(now: Date): Date {
  return new Date(now.getTime() + waitMilliseconds * (1 + Math.random()));
}
