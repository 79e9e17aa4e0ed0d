/** What is said about a problem of the mail layer. */
import { m } from "#lib/i18n/generated/messages.js";
import type { MailProblem, ProblemCode } from "#lib/mail/problem.ts";

const sentences: Readonly<Record<ProblemCode, () => string>> = {
  "offline": m.problem_offline,
  "signed-out": m.problem_sign_in_required,
  "unavailable": m.problem_mail_server_unavailable,
  "busy": m.problem_rate_limited,
  "outcome-unknown": m.problem_outcome_unknown,
  "over-quota": m.problem_over_quota,
  "too-large": m.problem_too_large,
  "not-found": m.problem_message_gone,
  "forbidden": m.problem_forbidden,
  "recipients-refused": m.problem_recipients_refused,
  "sender-refused": m.problem_sender_refused,
  "refused": m.problem_refused,
  "unexpected": m.problem_internal_error,
};

export function problemSentence(problem: MailProblem): string {
  return sentences[problem.code]();
}
