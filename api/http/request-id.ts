import { createMiddleware } from "hono/factory";
import type { ApiEnv } from "./openapi.ts";

/** Gives each request its id: ours, never the client's, so that a log line cannot be forged. It is answered as a header. */
export const requestId = createMiddleware<ApiEnv>(async (c, next) => {
  const id = crypto.randomUUID();
  c.set("requestId", id);
  await next();
  // A streamed answer of a proxy may have headers that cannot be changed any more: copy it then.
  try {
    c.res.headers.set("x-request-id", id);
  } catch {
    c.res = new Response(c.res.body, c.res);
    c.res.headers.set("x-request-id", id);
  }
});
