import { createMiddleware } from "hono/factory";
import type { Actor, AppDeps, Context } from "../context.ts";
import { problem } from "../problems.ts";
import { addressBlock, callerAddress } from "./caller-address.ts";
import { type ApiEnv, contextOf } from "./openapi.ts";

/** Finds who sends a request by its key or its session's cookie; `anonymous` when nobody does. */
export type FindActor = (deps: AppDeps, request: Request) => Promise<Actor>;

/** Builds the request's Context. A session that has ended is nobody's: the person signs in again. */
export function authenticate(deps: AppDeps, findActor: FindActor) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const context: Context = Object.freeze({
      db: deps.db,
      actor: await findActor(deps, c.req.raw),
      requestId: c.get("requestId"),
      // Asked for at a sign-in and not by the many calls of the gateway.
      get caller() {
        const forwardedFor = c.req.header("x-forwarded-for");
        return {
          address: addressBlock(callerAddress(c.env, forwardedFor, deps.config.trustedProxies)),
          userAgent: c.req.header("user-agent") ?? null,
        };
      },
      now: deps.now,
      log: deps.log,
    });
    c.set("context", context);
    await next();
  });
}

/** Refuses who has neither signed in nor a key. */
export const requireSignIn = createMiddleware<ApiEnv>(async (c, next) => {
  const { kind } = contextOf(c).actor;
  if (kind !== "person" && kind !== "service") throw problem("sign-in-required");
  await next();
});
