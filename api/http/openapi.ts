/**
 * The factory of every room's routes. A request that does not fit its schema becomes the problem `invalid-request` with
 * every fault of that part at once. Pointers begin with the part: a body's field is `/name`, a query parameter
 * `/query/limit`, a part of the path `/path/mailboxId`, a header `/header/if-match`.
 */
import { OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context as HonoContext } from "hono";
import type { Action } from "../actions.ts";
import type { Context } from "../context.ts";
import { catalogue, type FieldError, invalidRequest, type Slug } from "../problems.ts";

export { createRoute, z } from "@hono/zod-openapi";

/** What middleware leaves for the handlers. */
export interface ApiEnv {
  Variables: {
    /** Who asks; `anonymous` when there is no session. */
    context: Context;
    requestId: string;
  };
}

/** The verb's first argument. */
export function contextOf(c: HonoContext<ApiEnv>): Context {
  return c.get("context");
}

export function createRoutes(): OpenAPIHono<ApiEnv> {
  return new OpenAPIHono<ApiEnv>({
    strict: false,
    defaultHook: (result) => {
      if (!result.success) {
        throw invalidRequest(result.error.issues.flatMap((issue) => fieldErrors(issue, result.target)));
      }
    },
  });
}

interface Issue {
  readonly code: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function fieldErrors(issue: Issue, target: string): FieldError[] {
  const place =
    { json: "", param: "/path", query: "/query", header: "/header", cookie: "/cookie", form: "" }[target];
  const pointer = (place ?? "") + issue.path.map((one) => `/${escapePointer(String(one))}`).join("");
  if (issue.code === "unrecognized_keys") {
    const keys = (issue as unknown as { keys: readonly string[] }).keys;
    return keys.map((key) => ({
      pointer: `${pointer}/${escapePointer(key)}`,
      detail: "is not a field of this request",
    }));
  }
  return [{ pointer, detail: issue.message }];
}

/** RFC 6901 §3. */
function escapePointer(part: string): string {
  return part.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** RFC 9457, as every error is answered. */
export const problemBody = z.object({
  type: z.url(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  instance: z.string(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
}).loose().openapi("Problem");

/**
 * Names, in the document, the action of the policy table that an operation asks for (`x-mss-action`), or `everybody` for
 * what whoever has signed in may do with his own. The contract suite plays each operation in each role against the table.
 */
export const requires = (action: Action | "everybody") => ({ "x-mss-action": action });

/** The declared answers of the problems that an operation may give, by status. */
export function problemResponses<const S extends readonly Slug[]>(...slugs: S) {
  type Status = (typeof catalogue)[S[number]]["status"];
  const byStatus: Record<number, Slug[]> = {};
  for (const slug of slugs) (byStatus[catalogue[slug].status] ??= []).push(slug);
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, some]) => [status, {
      description: some.map((slug) => `\`${slug}\`: ${catalogue[slug].title}`).join(" · "),
      content: { "application/problem+json": { schema: problemBody } },
    }]),
  ) as Record<
    Status,
    { description: string; content: { "application/problem+json": { schema: typeof problemBody } } }
  >;
}

/** What any operation behind the sign-in may answer. */
export const commonProblems = [
  "sign-in-required",
  "too-many-requests",
  "internal-error",
  "service-unavailable",
] as const;
/** What an operation that changes something and takes no body may answer beside. */
export const bodilessProblems = [
  ...commonProblems,
  "not-same-origin",
  "forbidden",
  "invalid-request",
] as const;
/** What an operation that changes something and takes a body may answer beside. */
export const changeProblems = [
  ...bodilessProblems,
  "malformed-json",
  "unsupported-media-type",
  "request-too-large",
] as const;
/** The same of an operation that may be repeated under its `Idempotency-Key`: every POST. */
export const repeatableProblems = [
  ...changeProblems,
  "idempotency-key-reused",
  "idempotency-key-in-use",
] as const;

/** The `content` of a body or an answer in JSON. */
export const json = <T>(schema: T) => ({ "application/json": { schema } });
