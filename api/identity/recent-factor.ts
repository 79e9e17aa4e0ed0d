/**
 * Some acts ask for more than a session: whoever found a workstation open must not give himself a way in. A factor must
 * have been shown within the last five minutes, to the platform or to the identity provider.
 */
import type { Context } from "../context.ts";
import type { Tx } from "../database/in-tenant.ts";
import { problem } from "../problems.ts";
import { findFactorShown } from "./session-queries.ts";

export const recentFactorSeconds = 300;

/** @throws problem "factor-required", with where to show it: to the platform (`staff`) or to the provider */
export async function requireRecentFactor(tx: Tx, ctx: Context): Promise<void> {
  if (ctx.actor.kind !== "person") return;
  const shown = await findFactorShown(tx, ctx.actor.sessionId);
  const since = new Date(ctx.now().getTime() - recentFactorSeconds * 1_000);
  if (shown !== undefined && shown.at >= since) return;
  const isOurs = shown !== undefined && shown.amr !== null;
  throw problem("factor-required", { method: isOurs ? "staff" : "provider" });
}
