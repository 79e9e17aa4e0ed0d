import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inStructure } from "../database/in-tenant.ts";
import { authorise } from "../identity/mod.ts";
import { getStructure } from "../tenancy/mod.ts";
import { deleteWebhook, getWebhookForUpdate } from "./queries.ts";
import { toWebhookSnapshot } from "./schemas.ts";

/** Removes a webhook with its secret and its deliveries. Throws `structure-not-found`, `webhook-not-found`. */
export async function removeWebhook(
  ctx: Context,
  { structureId, webhookId }: { readonly structureId: string; readonly webhookId: string },
): Promise<void> {
  authorise(ctx, "webhook.delete", { structureId });
  await inStructure(ctx, structureId, async (tx) => {
    await getStructure(tx, structureId);
    const webhook = await getWebhookForUpdate(tx, structureId, webhookId);
    await deleteWebhook(tx, webhook);
    await recordAudit(tx, ctx, {
      action: "webhook.delete",
      subject: { kind: "webhook", id: webhookId },
      structureId,
      before: toWebhookSnapshot(webhook),
    });
  });
}
