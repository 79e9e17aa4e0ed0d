import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inStructure } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { authorise } from "../identity/mod.ts";
import { getStructure } from "../tenancy/mod.ts";
import { deleteWebhook, getWebhookForUpdate } from "./queries.ts";
import { toWebhookSnapshot } from "./schemas.ts";

/** Removes a webhook with its secret and its deliveries. Throws `structure-not-found`, `webhook-not-found`, `version-mismatch`. */
export async function removeWebhook(
  ctx: Context,
  { structureId, webhookId, ifVersion }: {
    readonly structureId: string;
    readonly webhookId: string;
    /** The version that the actor saw; undefined = whatever it is. */
    readonly ifVersion?: number | undefined;
  },
): Promise<void> {
  authorise(ctx, "webhook.delete", { structureId });
  await inStructure(ctx, structureId, async (tx) => {
    await getStructure(tx, structureId);
    const webhook = await getWebhookForUpdate(tx, structureId, webhookId);
    checkVersion(webhook.version, ifVersion);
    await deleteWebhook(tx, webhook);
    await recordAudit(tx, ctx, {
      action: "webhook.delete",
      subject: { kind: "webhook", id: webhookId },
      structureId,
      before: toWebhookSnapshot(webhook),
    });
  });
}
