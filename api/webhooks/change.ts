import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inStructure } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { authorise } from "../identity/mod.ts";
import { getStructure } from "../tenancy/mod.ts";
import { findLastSeq, getWebhookForUpdate, updateWebhook, type WebhookRow } from "./queries.ts";
import { toWebhookSnapshot } from "./schemas.ts";

export interface WebhookChange {
  readonly structureId: string;
  readonly webhookId: string;
  readonly url?: string | undefined;
  readonly events?: readonly string[] | null | undefined;
  readonly status?: "active" | "disabled" | undefined;
  readonly ifVersion?: number | undefined;
}

/**
 * Changes where and what is told, disables it or begins again: then with what happens from now on.
 * Throws `structure-not-found`, `webhook-not-found`, `version-mismatch`.
 */
export async function changeWebhook(ctx: Context, input: WebhookChange): Promise<WebhookRow> {
  const { structureId, webhookId } = input;
  authorise(ctx, "webhook.change", { structureId });
  return await inStructure(ctx, structureId, async (tx) => {
    await getStructure(tx, structureId);
    const before = await getWebhookForUpdate(tx, structureId, webhookId);
    checkVersion(before.version, input.ifVersion);
    const status = input.status ?? before.status;
    const begins = status === "active" && before.status === "disabled";
    const now = ctx.now();
    const after = await updateWebhook(tx, before, {
      url: input.url ?? before.url,
      events: input.events === undefined ? before.events : input.events,
      status,
      disabledAt: status === "active" ? null : before.disabled_at ?? now,
      failingSince: begins || input.url !== undefined ? null : before.failing_since,
      lastSeq: begins ? await findLastSeq(tx, structureId) : before.last_seq,
    }, now);
    await recordAudit(tx, ctx, {
      action: "webhook.change",
      subject: { kind: "webhook", id: webhookId },
      structureId,
      before: toWebhookSnapshot(before),
      after: toWebhookSnapshot(after),
    });
    return after;
  });
}
