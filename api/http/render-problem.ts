/** The only place where an error becomes an answer (RFC 9457): a catalogue problem, or `internal-error` without a word. */
import type { Context as HonoContext } from "hono";
import { HTTPException } from "hono/http-exception";
import type { AppDeps } from "../context.ts";
import { isDatabaseUnavailable } from "../database/failure.ts";
import { catalogue, Problem, problem } from "../problems.ts";
import type { ApiEnv } from "./openapi.ts";

/** Renders any error. */
export function renderProblem(
  error: unknown,
  c: HonoContext<ApiEnv>,
  deps: Pick<AppDeps, "config" | "log">,
): Response {
  return renderFailure(error, { requestId: c.get("requestId"), path: c.req.routePath }, deps);
}

/** Renders any error of a request. What the client may not know is logged under the request's id. */
export function renderFailure(
  error: unknown,
  { requestId, path }: { readonly requestId: string; readonly path: string },
  { config, log }: Pick<AppDeps, "config" | "log">,
): Response {
  const known = asProblem(error);
  if (known.status >= 500) {
    log.error("request.failed", { requestId, problem: known.slug, path, error: describe(known.cause) });
  }
  return problemResponse(known, { baseUrl: config.baseUrl, requestId });
}

/** The answer for `known`; rooms that answer outside `createApp`'s chain use it too. */
export function problemResponse(known: Problem, at: { baseUrl: string; requestId: string }): Response {
  const spec: { readonly title: string; readonly shows?: readonly string[] } = catalogue[known.slug];
  const shown = Object.fromEntries(
    (spec.shows ?? []).filter((name) => known.fields[name] !== undefined).map((
      name,
    ) => [name, known.fields[name]]),
  );
  const body = {
    type: `${at.baseUrl}/problems/${known.slug}`,
    title: spec.title,
    status: known.status,
    ...(known.detail === undefined ? {} : { detail: known.detail }),
    instance: `urn:uuid:${at.requestId}`,
    ...shown,
  };
  const headers = new Headers({ "content-type": "application/problem+json", "cache-control": "no-store" });
  if (typeof known.fields.retryAfterSeconds === "number") {
    headers.set("retry-after", String(known.fields.retryAfterSeconds));
  }
  return new Response(JSON.stringify(body), { status: known.status, headers });
}

function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof HTTPException) {
    if (error.status === 413) return new Problem("request-too-large", {}, { cause: error });
    if (error.status === 400) return new Problem("malformed-json", {}, { cause: error });
  }
  if (isDatabaseUnavailable(error)) {
    return problem("service-unavailable", { retryAfterSeconds: 2 }, { cause: error });
  }
  return problem("internal-error", undefined, { cause: error });
}

/** An error for the log: its kind and where it arose. A database's detail may quote what a person wrote, so it stays out. */
function describe(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { kind: typeof error };
  const code = (error as { code?: unknown }).code;
  return {
    kind: error.name,
    message: error.message,
    ...(typeof code === "string" ? { code } : {}),
    stack: error.stack?.split("\n").slice(1, 6).map((line) => line.trim()),
  };
}
