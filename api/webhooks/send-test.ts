import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { enqueue } from "../database/enqueue.ts";
import { inStructure } from "../database/in-tenant.ts";
import { authorise } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { getStructure } from "../tenancy/mod.ts";
import { toTestBody } from "./body.ts";
import { type DeliveryRow, getWebhookForUpdate, insertDelivery } from "./queries.ts";

/**
 * Sends an event `webhook.test` to this one webhook. Throws `structure-not-found`, `webhook-not-found`, `webhook-disabled`.
 */
export async function testWebhook(
  ctx: Context,
  { structureId, webhookId }: { readonly structureId: string; readonly webhookId: string },
): Promise<DeliveryRow> {
  authorise(ctx, "webhook.test", { structureId });
  return await inStructure(ctx, structureId, async (tx) => {
    await getStructure(tx, structureId);
    const webhook = await getWebhookForUpdate(tx, structureId, webhookId);
    if (webhook.status === "disabled") throw problem("webhook-disabled");
    const now = ctx.now();
    const body = toTestBody(structureId, webhookId, now);
    const event = "webhook.test";
    const delivery = await insertDelivery(tx, { structureId, webhookId, seq: null, event, body, now });
    await recordAudit(tx, ctx, { action: event, subject: { kind: "webhook", id: webhookId }, structureId });
    await enqueue(tx, { kind: "deliver-webhook", structureId, deliveryId: delivery.id });
    return delivery;
  });
}
