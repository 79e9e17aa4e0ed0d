/**
 * The whole truth about what may go wrong (RFC 9457). A slug is part of the API: adding one is free, renaming one breaks
 * clients. Titles are neutral English; the web says its own French sentence by slug.
 */

import { bulkProblems } from "./problems/bulk.ts";
import { clientAccessProblems } from "./problems/client-access.ts";
import { mailboxProblems } from "./problems/mailboxes.ts";
import { oauthProblems } from "./problems/oauth.ts";
import { peopleProblems } from "./problems/people.ts";
import { privacyProblems } from "./problems/privacy.ts";
import { requestProblems } from "./problems/request.ts";
import { staffProblems } from "./problems/staff.ts";
import { structureProblems } from "./problems/structures.ts";
import { webhookProblems } from "./problems/webhooks.ts";
import type { ProblemSpec } from "./problems/spec.ts";

/** One file of `api/problems/` per room; a new slug goes there. */
export const catalogue = {
  ...requestProblems,
  ...structureProblems,
  ...mailboxProblems,
  ...webhookProblems,
  ...peopleProblems,
  ...oauthProblems,
  ...bulkProblems,
  ...privacyProblems,
  ...staffProblems,
  ...clientAccessProblems,
} as const satisfies Record<string, ProblemSpec>;

export type Slug = keyof typeof catalogue;
type Spec<S extends Slug> = (typeof catalogue)[S];
type Shown<S extends Slug> = Spec<S> extends { readonly shows: readonly (infer Name extends string)[] }
  ? Readonly<Record<Name, unknown>>
  : undefined;

/** One wrong field: where it is (RFC 6901) and what is wrong with it. */
export interface FieldError {
  readonly pointer: string;
  readonly detail: string;
}

/** An error that a client may be told. `cause` is logged and never sent. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;

  constructor(
    readonly slug: Slug,
    /** The members named by the catalogue's `shows`. */
    readonly fields: Readonly<Record<string, unknown>> = {},
    options: { readonly detail?: string | undefined; readonly cause?: unknown } = {},
  ) {
    super(options.detail ?? catalogue[slug].title, { cause: options.cause });
    this.status = catalogue[slug].status;
    this.detail = options.detail;
  }

  /** A sentence for this occurrence, when the title does not say enough. Never with what a person wrote. */
  readonly detail: string | undefined;
}

/** Makes the problem `slug`; the type asks for exactly the members that the catalogue shows. */
export function problem<S extends Slug>(
  slug: S,
  ...[fields, options]: Shown<S> extends undefined
    ? [fields?: undefined, options?: { readonly detail?: string; readonly cause?: unknown }]
    : [fields: Shown<S>, options?: { readonly detail?: string; readonly cause?: unknown }]
): Problem {
  return new Problem(slug, fields ?? {}, options);
}

/** The problem of fields that a schema could not see to be wrong: same slug, same shape. */
export function invalidRequest(errors: readonly FieldError[]): Problem {
  return new Problem("invalid-request", { errors });
}
