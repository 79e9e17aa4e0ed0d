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

/** The sentence of a slug; one without a sentence of its own is an unexpected error. */
export function problemText(slug: string): ProblemText {
  return slug in problemTexts ? problemTexts[slug as ProblemSlug] : problemTexts["internal-error"];
}
