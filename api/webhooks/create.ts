import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inStructure } from "../database/in-tenant.ts";
import { authorise } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { requireActiveStructure } from "../tenancy/mod.ts";
import { countWebhooks, findLastSeq, insertWebhook, type WebhookRow } from "./queries.ts";
import { toWebhookSnapshot } from "./schemas.ts";
import { newWebhookSecret } from "./sign.ts";

/** Our choice: each of them is told of everything. */
export const mostWebhooks = 10;

export interface NewWebhook {
  readonly structureId: string;
  readonly url: string;
  readonly events: readonly string[] | null;
}

/**
 * Makes a webhook that is told of what happens from now on, and its secret, which is shown once.
 * Throws `structure-not-found`, `structure-suspended`, `structure-closed`, `webhook-limit-reached`.
 */
export async function createWebhook(
  ctx: Context,
  input: NewWebhook,
): Promise<{ readonly webhook: WebhookRow; readonly secret: string }> {
  const { structureId } = input;
  authorise(ctx, "webhook.create", { structureId });
  return await inStructure(ctx, structureId, async (tx) => {
    await requireActiveStructure(tx, structureId);
    if (await countWebhooks(tx, structureId) >= mostWebhooks) {
      throw problem("webhook-limit-reached", { limit: mostWebhooks });
    }
    const secret = newWebhookSecret();
    const lastSeq = await findLastSeq(tx, structureId);
    const webhook = await insertWebhook(tx, { ...input, secret, lastSeq, now: ctx.now() });
    await recordAudit(tx, ctx, {
      action: "webhook.create",
      subject: { kind: "webhook", id: webhook.id },
      structureId,
      after: toWebhookSnapshot(webhook),
    });
    return { webhook, secret };
  });
}
