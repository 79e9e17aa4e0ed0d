/** The provider's own order to end sessions (OpenID Connect Back-Channel Logout 1.0). */
import { createHash } from "node:crypto";
import type { Context } from "../context.ts";
import { inSystem } from "../database/in-tenant.ts";
import { LogoutTokenRefused } from "./logout-token.ts";
import { noteLogoutToken } from "./logout-token-queries.ts";
import type { SessionChoice } from "./session-queries.ts";
import { endSessionsIn, forgetSessions } from "./sessions.ts";
import type { SignInDependencies } from "./open-session.ts";

/**
 * Ends the sessions that a logout token names, at once and in every process, their event streams with them; and what mail clients opened by a
 * token of them.
 *
 * @param type expected `typ` of the token, or `any`
 * @returns how many were open here
 * @throws LogoutTokenRefused
 */
export async function endByProvider(
  deps: SignInDependencies,
  ctx: Context,
  input: { readonly logoutToken: string; readonly type: string },
): Promise<number> {
  const order = await deps.provider.readLogoutToken(input.logoutToken, input.type);
  const { issuer } = deps.provider;
  const { providerSessionId, subject } = order;
  const choice: SessionChoice = providerSessionId === null
    ? { issuer, subject: subject ?? "" }
    : { providerSessionId, issuer, subject };
  const ended = await inSystem(deps, async (tx) => {
    const jtiHash = createHash("sha256").update(`${issuer}\n${order.tokenId}`).digest();
    const isNew = await noteLogoutToken(
      tx,
      { jti_hash: jtiHash, expires_at: order.forgettableAt },
      ctx.now(),
    );
    if (!isNew) throw new LogoutTokenRefused("logout-token-replayed");
    return await endSessionsIn(tx, ctx, choice, "ended-by-provider");
  });
  await forgetSessions(deps.cache, ended);
  return ended.length;
}
