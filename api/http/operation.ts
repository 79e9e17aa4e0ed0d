/**
 * Declares an operation of the API. What every operation of its kind takes and may answer is added here, by its method: a
 * room says only what is its own.
 */
import { createRoute, type RouteConfig } from "@hono/zod-openapi";
import type { Action } from "../actions.ts";
import type { Slug } from "../problems.ts";
import { idempotencyHeader } from "./idempotency.ts";
import {
  bodilessProblems,
  changeProblems,
  commonProblems,
  json,
  problemResponses,
  repeatableProblems,
  requires,
  type z,
} from "./openapi.ts";
import { ifMatchHeader } from "./version.ts";

type Request = NonNullable<RouteConfig["request"]>;
type Body = NonNullable<Request["body"]>;

export interface Declaration {
  readonly operationId: string;
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** With `{parameters}`, from `/api/v1` on. */
  readonly path: string;
  readonly tags: string[];
  readonly summary: string;
  readonly description?: string;
  readonly params?: NonNullable<Request["params"]>;
  readonly query?: NonNullable<Request["query"]>;
  /** The schema of a JSON body, which must be there; or the media types that it may come in. */
  readonly body?: z.ZodType | Body;
  /** The change may be bound to the version that was seen: takes `If-Match`, answers `version-mismatch`. */
  readonly isVersioned?: boolean;
  readonly responses: RouteConfig["responses"];
  /** Beside those of its kind. */
  readonly problems?: readonly Slug[];
}

const repeatableVersionedHeader = idempotencyHeader.extend(ifMatchHeader.shape);
const headersOf = { idempotencyHeader, ifMatchHeader, repeatableVersionedHeader };

type HeadersOf<D extends Declaration> = D extends { method: "post"; isVersioned: true }
  ? { headers: typeof repeatableVersionedHeader }
  : D extends { method: "post" } ? { headers: typeof idempotencyHeader }
  : D extends { isVersioned: true } ? { headers: typeof ifMatchHeader }
  : object;

type BodyOf<D extends Declaration> = D extends { body: infer B extends Body } ? { body: B }
  : D extends { body: infer S extends z.ZodType }
    ? { body: { required: true; content: { "application/json": { schema: S } } } }
  : object;

/** What a handler needs to know. Problems are thrown (api/problems.ts), so they stand in the document alone. */
interface Operation<D extends Declaration> extends RouteConfig {
  readonly method: D["method"];
  readonly path: D["path"];
  readonly request:
    & (D extends { params: infer P } ? { params: P } : object)
    & (D extends { query: infer Q } ? { query: Q } : object)
    & HeadersOf<D>
    & BodyOf<D>;
  readonly responses: D["responses"];
}

/**
 * An operation that asks for `action` of the policy table, or for nothing but a sign-in (`everybody`: with his own).
 * A POST may be repeated under its `Idempotency-Key`.
 */
export function operation<const D extends Declaration>(
  action: Action | "everybody",
  declaration: D,
): Operation<D> {
  const { params, query, body, isVersioned = false, responses, problems = [], ...rest } = declaration as
    & Declaration
    & { path: D["path"] };
  const header = headerOf(declaration.method, isVersioned);
  const request = {
    ...(params === undefined ? {} : { params }),
    ...(query === undefined ? {} : { query }),
    ...(header === undefined ? {} : { headers: headersOf[header] }),
    ...(body === undefined
      ? {}
      : { body: "content" in body ? body : { required: true, content: json(body) } }),
  };
  const route = createRoute({
    ...rest,
    ...requires(action),
    ...(Object.keys(request).length === 0 ? {} : { request }),
    responses: {
      ...responses,
      ...problemResponses(
        ...problemsOf(declaration),
        ...problems,
        ...(isVersioned ? ["version-mismatch"] as const : []),
      ),
    },
  });
  return route as unknown as Operation<D>;
}

function headerOf(method: Declaration["method"], isVersioned: boolean): keyof typeof headersOf | undefined {
  if (method !== "post") return isVersioned ? "ifMatchHeader" : undefined;
  return isVersioned ? "repeatableVersionedHeader" : "idempotencyHeader";
}

/** The problems of every operation of this kind. */
function problemsOf({ method, params, query, body }: Declaration): readonly Slug[] {
  if (method === "get") {
    return params === undefined && query === undefined
      ? commonProblems
      : [...commonProblems, "invalid-request"];
  }
  if (method === "post") {
    // Its body is read for the Idempotency-Key, whatever it is.
    return body === undefined
      ? repeatableProblems.filter((slug) => slug !== "malformed-json")
      : repeatableProblems;
  }
  return body === undefined ? bodilessProblems : changeProblems;
}

/** An answer in JSON. */
export function answer<const S extends z.ZodType>(description: string, schema: S) {
  return { description, content: json(schema) };
}

/** The same, with the version of what it shows (`versionOf` in api/http/version.ts reads it back). */
export function versionedAnswer<const S extends z.ZodType>(description: string, schema: S) {
  return {
    description,
    headers: { ETag: { schema: { type: "string" as const }, description: "Its version" } },
    content: json(schema),
  };
}
