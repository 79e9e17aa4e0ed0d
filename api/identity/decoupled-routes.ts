/** What the sign-in page asks while a phone confirms. For our own page alone, as the other steps of a sign-in. */
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import { callerOf } from "../http/caller-address.ts";
import { contextOf, createRoutes } from "../http/openapi.ts";
import { setCookie } from "../http/set-cookie.ts";
import { problem } from "../problems.ts";
import { followDecoupled, startDecoupled, toIdNat } from "./decoupled-sign-in.ts";
import { type Identity, readCookie, sessionCookie } from "./identity.ts";
import { SignInRefused } from "./refusal.ts";

/** Alone can fetch the session that a phone opens. */
export const phoneCookie = "__Host-mss_phone";
const maximumBytes = 4_096;

const startBody = z.strictObject({
  nationalId: z.string().max(64),
  returnTo: z.string().max(2_048).optional(),
});

export function decoupledRoutes(identity: Identity) {
  const routes = createRoutes();
  const limit = bodyLimit({
    maxSize: maximumBytes,
    onError: () => {
      throw problem("request-too-large", { limitBytes: maximumBytes });
    },
  });

  routes.get("/auth/phone", (c) => c.json({ isOffered: identity.isCibaOffered }, 200));
  if (!identity.isCibaOffered) return routes;

  routes.post("/auth/phone", limit, async (c) => {
    const ctx = contextOf(c);
    const body = startBody.safeParse(await c.req.json().catch(() => undefined));
    const idNatPs = body.success ? toIdNat(body.data.nationalId) : undefined;
    if (!body.success || idNatPs === undefined) {
      throw problem("invalid-request", {
        errors: [{ pointer: "/nationalId", detail: "11 digits (RPPS), or a national identity" }],
      });
    }
    c.header("cache-control", "no-store");
    try {
      const started = await startDecoupled(identity, ctx, {
        idNatPs,
        returnTo: body.data.returnTo,
        address: callerOf(contextOf(c)),
      });
      setCookie(c, phoneCookie, started.binding, 600);
      return c.json({
        state: "waiting",
        bindingMessage: started.bindingMessage,
        expiresAt: started.expiresAt.toISOString(),
      }, 200);
    } catch (error) {
      if (!(error instanceof SignInRefused)) throw error;
      ctx.log.warn("sign-in.refused", { reason: error.reason, requestId: ctx.requestId });
      return c.json({ state: "refused", reason: error.publicReason }, 200);
    }
  });

  routes.post("/auth/phone/state", limit, async (c) => {
    const { headers } = c.req.raw;
    const followed = await followDecoupled(identity, contextOf(c), {
      binding: readCookie(headers, phoneCookie),
      sessionToken: readCookie(headers, sessionCookie),
      address: callerOf(contextOf(c)),
    });
    c.header("cache-control", "no-store");
    if (followed.state !== "waiting") setCookie(c, phoneCookie, "", 0);
    if (followed.state !== "signed-in") return c.json(followed, 200);
    setCookie(c, sessionCookie, followed.token);
    return c.json({ state: followed.state, returnTo: followed.returnTo }, 200);
  });
  return routes;
}
