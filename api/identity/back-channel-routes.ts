/** Where Pro Santé Connect itself speaks to the platform: no browser, no cookie, its signature is the proof. */
import { bodyLimit } from "hono/body-limit";
import { contextOf, createRoutes } from "../http/openapi.ts";
import { problem } from "../problems.ts";
import { endByProvider } from "./end-by-provider.ts";
import type { Identity } from "./identity.ts";
import { LogoutTokenRefused } from "./logout-token.ts";

export const backChannelLogoutPath = "/auth/back-channel-logout";
const maximumBytes = 32_768;

/** @param type expected `typ` of logout tokens, `any`, or null where the setting does not listen to them */
export function backChannelRoutes(identity: Identity, type: string | null) {
  const routes = createRoutes();
  if (type === null) return routes;

  const limit = bodyLimit({
    maxSize: maximumBytes,
    onError: () => {
      throw problem("request-too-large", { limitBytes: maximumBytes });
    },
  });
  routes.post(backChannelLogoutPath, limit, async (c) => {
    const ctx = contextOf(c);
    c.header("cache-control", "no-store");
    try {
      const isForm = /^application\/x-www-form-urlencoded\s*(;|$)/i.test(c.req.header("content-type") ?? "");
      const logoutToken = isForm ? new URLSearchParams(await c.req.text()).get("logout_token") : null;
      if (!logoutToken) throw new LogoutTokenRefused("logout-token-malformed");
      const ended = await endByProvider(identity, ctx, { logoutToken, type });
      ctx.log.info("back-channel-logout.done", { ended, requestId: ctx.requestId });
      return c.body(null, 200);
    } catch (error) {
      if (!(error instanceof LogoutTokenRefused)) throw error;
      ctx.log.warn("back-channel-logout.refused", { reason: error.reason, requestId: ctx.requestId });
      // One answer for every fault (§2.8); only that it may be tried again is said.
      const isLater = error.reason === "provider-unreachable";
      return c.json(
        { error: isLater ? "temporarily_unavailable" : "invalid_request" },
        isLater ? 503 : 400,
      );
    }
  });
  return routes;
}
