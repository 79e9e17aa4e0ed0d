import { recordAudit } from "../audit/mod.ts";
import type { Context, PersonActor } from "../context.ts";
import { inOperator } from "../database/in-tenant.ts";
import { authorise } from "../identity/mod.ts";
import { insertConsent, type Purpose } from "./queries.ts";

/** For what consent is asked: nothing of it is needed to give the service. The database knows the same list. */
export const purposes = ["service-news", "satisfaction-survey"] as const satisfies readonly Purpose[];

/** Gives or withdraws a consent. Each decision is a row: what held before stays proved (art. 7.1 RGPD). */
export async function decideConsent(
  ctx: Context,
  actor: PersonActor,
  decision: { readonly purpose: Purpose; readonly isGiven: boolean },
): Promise<void> {
  authorise(ctx, "consent.decide");
  await inOperator(ctx, async (tx) => {
    await insertConsent(tx, actor.personId, decision.purpose, decision.isGiven, ctx.now());
    await recordAudit(tx, ctx, {
      action: "consent.decide",
      subject: { kind: "person", id: actor.personId },
      after: decision,
    });
  });
}
