import type { Context } from "../context.ts";
import { enqueue } from "../database/enqueue.ts";
import { inSystem } from "../database/in-tenant.ts";
import { toCallBody } from "./body.ts";
import { insertDelivery } from "./queries.ts";
import { listChainedEvents, lockActiveWebhooks, setLastSeq, type WaitingWebhook } from "./worker-queries.ts";

/** Acts looked at in one transaction. */
const chunk = 500;
/** A test goes to the one webhook that it tests, at once (send-test.ts). */
const never = "webhook.test";

/** Makes the deliveries of what has happened in a structure since its webhooks last looked. Repeating it changes nothing. */
export async function dispatchWebhooks(ctx: Context, structureId: string): Promise<void> {
  let isMore = true;
  while (isMore) {
    isMore = await inSystem(ctx, async (tx) => {
      const webhooks = await lockActiveWebhooks(tx, structureId);
      if (webhooks.length === 0) return false;
      const from = Math.min(...webhooks.map((one) => one.last_seq));
      const events = await listChainedEvents(tx, structureId, from, chunk);
      const last = events.at(-1)?.seq;
      if (last === undefined) return false;
      for (const webhook of webhooks) {
        for (const event of events) {
          if (!wants(webhook, event.action, event.seq)) continue;
          const { id: deliveryId } = await insertDelivery(tx, {
            structureId,
            webhookId: webhook.id,
            seq: event.seq,
            event: event.action,
            body: toCallBody(structureId, event),
            now: ctx.now(),
          });
          await enqueue(tx, { kind: "deliver-webhook", structureId, deliveryId });
        }
        if (webhook.last_seq < last) await setLastSeq(tx, structureId, webhook.id, last);
      }
      return events.length === chunk;
    });
  }
}

function wants(webhook: WaitingWebhook, action: string, seq: number): boolean {
  return seq > webhook.last_seq && action !== never &&
    (webhook.events === null || webhook.events.includes(action));
}
