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

/** Refuses a body that does not call itself JSON: a form of another site can send every other type without asking. */
export const requireJson = createMiddleware<ApiEnv>(async (c, next) => {
  const type = c.req.header("content-type");
  const hasBody = c.req.header("content-length") !== "0" && c.req.raw.body !== null;
  if (hasBody && !/^application\/json\s*(;|$)/i.test(type ?? "")) throw problem("unsupported-media-type");
  await next();
});
