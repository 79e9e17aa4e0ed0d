import { createMiddleware } from "hono/factory";
import type { ApiEnv } from "./openapi.ts";

/** Gives each request its id: ours, never the client's, so that a log line cannot be forged. It is answered as a header. */
export const requestId = createMiddleware<ApiEnv>(async (c, next) => {
  const id = crypto.randomUUID();
  c.set("requestId", id);
  await next();
  const answer = withRequestId(c.res, id);
  if (answer !== c.res) c.res = answer;
});

/** The answer with its request's id among its headers. */
export function withRequestId(answer: Response, id: string): Response {
  try {
    answer.headers.set("x-request-id", id);
    return answer;
  } catch {
    // A streamed answer of a proxy may have headers that cannot be changed any more: a copy of it then.
    const copy = new Response(answer.body, answer);
    copy.headers.set("x-request-id", id);
    return copy;
  }
}
