import { deleteOldKeys } from "../database/idempotency-keys.ts";
import { removeInBatches } from "../database/in-batches.ts";
import type { WorkerDeps } from "./worker-deps.ts";

/** Removes the answers that nobody will ask for again. */
export async function sweepIdempotencyKeys(deps: WorkerDeps): Promise<void> {
  const ctx = deps.contextOf("sweep-idempotency-keys");
  const removed = await removeInBatches(ctx, 1_000, (tx, size) => deleteOldKeys(tx, ctx.now(), size));
  if (removed > 0) ctx.log.info("sweep-idempotency-keys.done", { removed });
}
