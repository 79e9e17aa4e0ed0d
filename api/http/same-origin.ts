import { createMiddleware } from "hono/factory";
import { problem } from "../problems.ts";
import type { ApiEnv } from "./openapi.ts";

/** Says whether a request may come from where it comes from (identity's rule). */
export interface OriginRule {
  readonly needsSameOrigin: (method: string) => boolean;
  readonly isSameOrigin: (headers: Headers, baseUrl: string) => boolean;
}

/** Refuses a changing request that another site made the browser send: the cookie alone proves nothing. */
export function requireSameOrigin(baseUrl: string, rule: OriginRule) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    if (rule.needsSameOrigin(c.req.method) && !rule.isSameOrigin(c.req.raw.headers, baseUrl)) {
      throw problem("not-same-origin");
    }
    await next();
  });
}
