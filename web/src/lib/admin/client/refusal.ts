/** An answer of the API that is not the one hoped for, with all that it says (RFC 9457). */
import { ApiProblem } from "#lib/api/api-problem.ts";
import { problemText } from "#lib/api/problems.ts";
import { m } from "#lib/i18n/generated/messages.js";

/** A wrong field of the request: where it is (RFC 6901), and the API's own English words. */
export interface FieldFault {
  readonly pointer: string;
  readonly detail: string;
}

/** Slug `offline`: there was no answer. Sentences by slug: lib/api/problems.ts. */
export class Refusal extends ApiProblem {
  /** The members beside the standard ones, such as `limit` and `used` of a quota. */
  readonly shows: Readonly<Record<string, unknown>>;
  readonly faults: readonly FieldFault[];
  /** The request's id, by which the operator finds it in the logs. */
  readonly requestId: string | undefined;

  constructor(slug: string, status: number, body: Readonly<Record<string, unknown>>, cause?: unknown) {
    super(slug, status, cause);
    this.shows = body;
    this.faults = Array.isArray(body["errors"]) ? body["errors"] as FieldFault[] : [];
    this.requestId = typeof body["instance"] === "string" ? body["instance"] : undefined;
  }

  /** Somebody else changed the thing first. */
  get isStale(): boolean {
    return this.status === 412;
  }

  /** The faults of one field of the body, by its name. */
  faultOf(field: string): FieldFault | undefined {
    return this.faults.find(({ pointer }) => pointer === `/${field}` || pointer.startsWith(`/${field}/`));
  }
}

/** Reads a refused response. */
export async function toRefusal(response: Response): Promise<Refusal> {
  const body = await response.json().catch(() => ({})) as Record<string, unknown>;
  const type = body["type"];
  if (response.status === 401) return new Refusal("sign-in-required", 401, body);
  const slug = typeof type === "string" ? type.slice(type.lastIndexOf("/") + 1) : "internal-error";
  return new Refusal(slug, response.status, body);
}

/** What to say of an error, in the reader's language. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof ApiProblem)) return problemText("internal-error").text();
  if (error.slug === "offline") return m.problem_offline();
  return problemText(error.slug).text();
}
