/** The steps of the staff's pages (api/staff): each answers what the next one needs, or a problem. */
import { ApiProblem } from "#lib/api/api-problem.ts";
import { problemText } from "#lib/api/problems.ts";
import { m } from "#lib/i18n/generated/messages.js";

/** A refusal with what it shows beside its slug. */
export class StaffProblem extends ApiProblem {
  readonly shows: Readonly<Record<string, unknown>>;

  constructor(slug: string, status: number, shows: Readonly<Record<string, unknown>>, cause?: unknown) {
    super(slug, status, cause);
    this.shows = shows;
  }
}

/** Throws StaffProblem. */
export async function step<T>(path: string, body: object = {}): Promise<T> {
  return await send<T>("POST", path, body);
}

export async function send<T>(method: "GET" | "POST" | "DELETE", path: string, body?: object): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`/auth/staff/${path}`, {
      method,
      headers: { accept: "application/json", ...(body && { "content-type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) }),
    });
  } catch (cause) {
    throw new StaffProblem("offline", 0, {}, cause);
  }
  const answer = await response.json().catch(() => ({})) as Record<string, unknown>;
  if (response.ok) return answer as T;
  const type = String(answer["type"] ?? "internal-error");
  throw new StaffProblem(type.slice(type.lastIndexOf("/") + 1), response.status, answer);
}

const passwordFaults: Readonly<Record<string, () => string>> = {
  "too-short": m.staff_password_too_short,
  "too-long": m.staff_password_too_long,
  "contains-name": m.staff_password_contains_name,
  "too-easy": m.staff_password_too_easy,
};

/** What to say of an error, in the reader's language. */
export function sentenceOf(error: unknown): string {
  if (error instanceof DOMException || (error instanceof Error && error.name === "WebAuthnError")) {
    return m.staff_passkey_stopped();
  }
  if (!(error instanceof ApiProblem)) return problemText("internal-error").text();
  if (error.slug === "offline") return m.problem_offline();
  if (error instanceof StaffProblem) {
    if (error.slug === "password-refused") {
      return (passwordFaults[String(error.shows["reason"])] ?? m.problem_password_refused)();
    }
    if (error.slug === "too-many-requests") {
      return m.staff_wait({ seconds: Number(error.shows["retryAfterSeconds"] ?? 1) });
    }
  }
  return problemText(error.slug).text();
}
