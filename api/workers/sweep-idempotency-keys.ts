import { deleteOldKeys } from "../database/idempotency-keys.ts";
import { inSystem } from "../database/in-tenant.ts";
import type { WorkerDeps } from "./worker-deps.ts";

/** Removes the answers that nobody will ask for again, a thousand at a time so that no lock is held for long. */
export async function sweepIdempotencyKeys(deps: WorkerDeps): Promise<void> {
  const ctx = deps.contextOf("sweep-idempotency-keys");
  let removed = 0;
  for (let last = -1; last !== 0;) {
    last = await inSystem(ctx, (tx) => deleteOldKeys(tx, ctx.now(), 1000));
    removed += last;
  }
  if (removed > 0) ctx.log.info("sweep-idempotency-keys.done", { removed });
}
