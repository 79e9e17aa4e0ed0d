import { recordAudit } from "../audit/mod.ts";
import type { WebhookSettings } from "../config-webhooks.ts";
import type { Context } from "../context.ts";
import { enqueue } from "../database/enqueue.ts";
import { inSystem } from "../database/in-tenant.ts";
import { addDays } from "../days.ts";
import { type CallOutcome, callReceiver, isTaken } from "./call.ts";
import { nextAttempt } from "./retry.ts";
import { signedHeaders } from "./sign.ts";
import {
  disableWebhook,
  findPendingDelivery,
  noteAttempt,
  noteHealth,
  type PendingDelivery,
} from "./worker-queries.ts";

export interface DeliverDeps {
  readonly ctx: Context;
  readonly settings: WebhookSettings;
}

/** RFC 9110 §15.5.11, and Standard Webhooks: the receiver wants no more. */
const gone = 410;

/** Makes one attempt of a delivery and says when the next one is due. A delivery that has ended is left alone. */
export async function deliverWebhook(
  { ctx, settings }: DeliverDeps,
  structureId: string,
  deliveryId: string,
): Promise<void> {
  const delivery = await inSystem(ctx, (tx) => findPendingDelivery(tx, structureId, deliveryId));
  if (delivery === undefined) return;
  if (delivery.webhook_status === "disabled") {
    return await end(ctx, settings, delivery, { kind: "failed", reason: "disabled" });
  }
  const { url, secret, old_secrets, body } = delivery;
  const at = ctx.now();
  const standing = old_secrets.filter(({ until }) => new Date(until) > at).map((old) => old.secret);
  const headers = signedHeaders([secret, ...standing], { id: deliveryId, at, body });
  await end(ctx, settings, delivery, await callReceiver({ url, headers, body }, settings));
}

type Outcome = CallOutcome | { readonly kind: "failed"; readonly reason: "disabled" };

async function end(
  ctx: Context,
  settings: WebhookSettings,
  delivery: PendingDelivery,
  outcome: Outcome,
): Promise<void> {
  const { structure_id: structureId, id: deliveryId, webhook_id: webhookId } = delivery;
  const responseStatus = outcome.kind === "answered" ? outcome.status : null;
  const isWell = isTaken(outcome);
  const isDisabled = outcome.kind === "failed" && outcome.reason === "disabled";
  const now = ctx.now();
  await inSystem(ctx, async (tx) => {
    const isGone = responseStatus === gone;
    const next = isWell || isDisabled || isGone ? undefined : nextAttempt(delivery.attempts + 1, now);
    await noteAttempt(tx, delivery, {
      status: isWell ? "delivered" : next === undefined ? "failed" : "pending",
      responseStatus,
      error: outcome.kind === "failed" ? outcome.reason : null,
      nextAttemptAt: next ?? null,
      deliveredAt: isWell ? now : null,
    });
    if (next !== undefined) {
      await enqueue(tx, { kind: "deliver-webhook", structureId, deliveryId }, undefined, next);
    }
    if (isDisabled) return;
    const failingSince = await noteHealth(tx, delivery, isWell, now);
    const isTooLong = failingSince !== null && addDays(failingSince, settings.disableAfterDays) <= now;
    if ((isGone || isTooLong) && await disableWebhook(tx, delivery, now)) {
      await recordAudit(tx, ctx, {
        action: "webhook.disable",
        subject: { kind: "webhook", id: webhookId },
        structureId,
        after: { status: "disabled" },
        reason: isGone ? "gone" : "failing",
      });
    }
  });
}
