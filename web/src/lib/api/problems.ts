/** Sentences for what the platform refuses, by problem slug (RFC 9457 `type`). The API itself speaks neutral English. */
import { m } from "#lib/i18n/generated/messages.js";

export interface ProblemText {
  readonly text: () => string;
  readonly severity: "error" | "warning";
}

export const problemTexts = {
  "sign-in-required": { text: m.problem_sign_in_required, severity: "warning" },
  "mail-server-unavailable": { text: m.problem_mail_server_unavailable, severity: "warning" },
  "rate-limited": { text: m.problem_rate_limited, severity: "warning" },
  "invalid-request": { text: m.problem_invalid_request, severity: "error" },
  "forbidden": { text: m.problem_forbidden, severity: "error" },
  "not-found": { text: m.problem_not_found, severity: "error" },
  "internal-error": { text: m.problem_internal_error, severity: "error" },
} as const satisfies Record<string, ProblemText>;

export type ProblemSlug = keyof typeof problemTexts;

/** The last segment of the problem's `type`, or `internal-error` for one without a sentence of its own. */
export function slugOf(type: unknown): ProblemSlug {
  const slug = typeof type === "string" ? type.slice(type.lastIndexOf("/") + 1) : "";
  return slug in problemTexts ? (slug as ProblemSlug) : "internal-error";
}

/** An answer of the API that is not the one hoped for. `offline`: there was none. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly slug: ProblemSlug | "offline";
  readonly status: number;

  constructor(slug: ProblemSlug | "offline", status: number, cause?: unknown) {
    super(slug, { cause });
    this.slug = slug;
    this.status = status;
  }
}

/** Reads a refused response as an ApiProblem. */
export async function toApiProblem(response: Response): Promise<ApiProblem> {
  const body = await response.json().catch(() => ({})) as { type?: unknown };
  if (response.status === 401) return new ApiProblem("sign-in-required", 401);
  if (response.status === 503) return new ApiProblem("mail-server-unavailable", 503);
  return new ApiProblem(slugOf(body.type), response.status);
}
