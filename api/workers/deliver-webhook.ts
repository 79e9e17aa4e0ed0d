import { enqueue } from "../database/enqueue.ts";
import { inSystem } from "../database/in-tenant.ts";
import { deliverWebhook } from "../webhooks/mod.ts";
import type { WorkerDeps } from "./worker-deps.ts";

/** Calls at once: receivers that keep us waiting must leave workers for the mailboxes. */
const mostCalls = 2;
const pauseMilliseconds = 1_000;

/** The job that makes one attempt of a delivery; a little later when others are waiting for their receivers. */
export function createDeliverWebhook(deps: WorkerDeps) {
  let running = 0;
  return async ({ structureId, deliveryId }: { structureId: string; deliveryId: string }): Promise<void> => {
    const ctx = deps.contextOf("deliver-webhook");
    if (running >= mostCalls) {
      const later = new Date(ctx.now().getTime() + pauseMilliseconds);
      const job = { kind: "deliver-webhook", structureId, deliveryId } as const;
      return await inSystem(ctx, (tx) => enqueue(tx, job, undefined, later));
    }
    running++;
    try {
      await deliverWebhook({ ctx, settings: deps.webhooks }, structureId, deliveryId);
    } finally {
      running--;
    }
  };
}
