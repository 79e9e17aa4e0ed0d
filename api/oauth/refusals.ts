/** Every refusal with its reason inside, and one word outside (ASVS 16.3.1). */
import { createRefusalRoom, recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inSystem } from "../database/in-tenant.ts";
import { callerOf } from "../http/caller-address.ts";

/** The log has a line for each; the trail one a minute of the same, so that who asks thousands of times does not fill it. */
export function createRefusals(now: () => Date) {
  const room = createRefusalRoom(now);
  return async (ctx: Context, reason: string): Promise<void> => {
    ctx.log.warn("oauth.refused", { reason, requestId: ctx.requestId });
    if (reason === "guard" || !room.has([reason, callerOf(ctx)], ctx.log)) return;
    await inSystem(ctx, (tx) =>
      recordAudit(tx, { ...ctx, actor: { kind: "anonymous" } }, {
        action: "oauth.refuse",
        subject: { kind: "oauth", id: ctx.requestId },
        reason,
      }));
  };
}
