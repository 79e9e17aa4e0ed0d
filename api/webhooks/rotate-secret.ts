import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inStructure } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { authorise } from "../identity/mod.ts";
import { getStructure } from "../tenancy/mod.ts";
import { getWebhookForUpdate, replaceSecret, type WebhookRow } from "./queries.ts";
import { toWebhookSnapshot } from "./schemas.ts";
import { newWebhookSecret } from "./sign.ts";

const hourMilliseconds = 3_600_000;

export interface SecretRotation {
  readonly structureId: string;
  readonly webhookId: string;
  /** How long the secrets before it go on signing beside it; 0 = not at all, for one that somebody else has seen. */
  readonly overlapHours: number;
  readonly ifVersion?: number | undefined;
}

/**
 * Gives a webhook another secret, shown once. The one before signs beside it for a while, so that the receiver can change
 * over without refusing a call; so does one whose answer was lost on its way.
 * Throws `structure-not-found`, `webhook-not-found`, `version-mismatch`.
 */
export async function rotateWebhookSecret(
  ctx: Context,
  { structureId, webhookId, overlapHours, ifVersion }: SecretRotation,
): Promise<{ readonly webhook: WebhookRow; readonly secret: string }> {
  authorise(ctx, "webhook.rotate-secret", { structureId });
  return await inStructure(ctx, structureId, async (tx) => {
    await getStructure(tx, structureId);
    const before = await getWebhookForUpdate(tx, structureId, webhookId);
    checkVersion(before.version, ifVersion);
    const secret = newWebhookSecret();
    const now = ctx.now();
    const oldUntil = overlapHours === 0 ? null : new Date(now.getTime() + overlapHours * hourMilliseconds);
    const webhook = await replaceSecret(tx, before, { secret, oldUntil }, now);
    await recordAudit(tx, ctx, {
      action: "webhook.rotate-secret",
      subject: { kind: "webhook", id: webhookId },
      structureId,
      before: toWebhookSnapshot(before),
      after: toWebhookSnapshot(webhook),
    });
    return { webhook, secret };
  });
}
