/** Bodies of forms, as programs send them: RFC 6749 §3.1, §3.2. */
import type { Context as HonoContext } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { ApiEnv } from "./openapi.ts";
import { problem } from "../problems.ts";

/** A token of Pro Santé Connect and room. */
const maxBodyBytes = 65_536;
/** RFC 8707, 8693: there may be several of these. */
const repeatable = new Set(["resource", "audience"]);

export const limitForm = bodyLimit({
  maxSize: maxBodyBytes,
  onError: () => {
    throw problem("request-too-large", { limitBytes: maxBodyBytes });
  },
});

/** Undefined when the body is none. */
export async function readForm(c: HonoContext<ApiEnv>): Promise<URLSearchParams | undefined> {
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(c.req.header("content-type") ?? "")) {
    return undefined;
  }
  return new URLSearchParams(await c.req.text());
}

/** A parameter twice is an error: which of the two was meant is not guessed. */
export function firstRepeated(parameters: URLSearchParams): string | undefined {
  return [...new Set(parameters.keys())].find((name) =>
    !repeatable.has(name) && parameters.getAll(name).length > 1
  );
}
