import type { HonoRequest } from "hono";
import { bodyLimit } from "hono/body-limit";
import { createMiddleware } from "hono/factory";
import { problem } from "../problems.ts";
import type { ApiEnv } from "./openapi.ts";

/** Refuses a body larger than `limitBytes`, a file of CSV larger than `csvLimitBytes`, before it is read, or while it is. */
export function limitBody(limitBytes: number, csvLimitBytes: number) {
  const limit = (maxSize: number) =>
    bodyLimit({
      maxSize,
      onError: () => {
        throw problem("request-too-large", { limitBytes: maxSize });
      },
    });
  const [usual, csv] = [limit(limitBytes), limit(csvLimitBytes)];
  return createMiddleware<ApiEnv>((c, next) => {
    if (!mayCarryBody(c.req)) return next();
    return isFileOfCsv(c.req) ? csv(c, next) : usual(c, next);
  });
}

/** A body sent along with any other method is read by nobody. */
function mayCarryBody({ method }: HonoRequest): boolean {
  return method === "POST" || method === "PATCH" || method === "PUT";
}

/** Paths that take a file of CSV beside JSON. No form of another site can send that type without asking either. */
const csvPath = /^\/api\/v1\/structures\/[^/]+\/batches\/?$/;

export function isCsv(contentType: string | undefined): boolean {
  return /^text\/csv\s*(;|$)/i.test(contentType ?? "");
}

function isFileOfCsv(request: HonoRequest): boolean {
  return request.method === "POST" && csvPath.test(request.path) && isCsv(request.header("content-type"));
}

/** An act that needs no words: by its headers, since a server may show a body stream where none was sent. */
function saysNoBody(request: HonoRequest): boolean {
  return request.header("content-type") === undefined && request.header("transfer-encoding") === undefined &&
    (request.header("content-length") ?? "0") === "0";
}

/**
 * Refuses a body that does not call itself JSON: a form of another site can send every other type without asking. Goes by
 * the method too: a PATCH without a body is none.
 */
export const requireJson = createMiddleware<ApiEnv>(async (c, next) => {
  const carriesBody = mayCarryBody(c.req) && (c.req.method === "PATCH" || !saysNoBody(c.req));
  if (
    carriesBody && !isFileOfCsv(c.req) &&
    !/^application\/json\s*(;|$)/i.test(c.req.header("content-type") ?? "")
  ) {
    throw problem("unsupported-media-type");
  }
  await next();
});
