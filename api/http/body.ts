import { bodyLimit } from "hono/body-limit";
import { createMiddleware } from "hono/factory";
import { problem } from "../problems.ts";
import type { ApiEnv } from "./openapi.ts";

/** Refuses a body larger than `limitBytes` before it is read, or while it is. */
export function limitBody(limitBytes: number) {
  return bodyLimit({
    maxSize: limitBytes,
    onError: () => {
      throw problem("request-too-large", { limitBytes });
    },
  });
}

/**
 * Refuses a body that does not call itself JSON: a form of another site can send every other type without asking. Goes by
 * the method, since a server may show a body stream where none was sent (Deno's does for DELETE).
 */
export const requireJson = createMiddleware<ApiEnv>(async (c, next) => {
  const carriesBody = c.req.method === "POST" || c.req.method === "PATCH" ||
    c.req.header("content-type") !== undefined;
  if (carriesBody && !/^application\/json\s*(;|$)/i.test(c.req.header("content-type") ?? "")) {
    throw problem("unsupported-media-type");
  }
  await next();
});
