/** Who is signed in: GET /api/v1/session, and the ways in and out. */
import { ApiProblem, toApiProblem } from "./api-problem.ts";
import type { components } from "./generated/api.ts";

export type PersonSession = components["schemas"]["Session"];

/** Throws ApiProblem; `sign-in-required` when nobody is signed in. */
export async function fetchSession(send: typeof fetch): Promise<PersonSession> {
  let response: Response;
  try {
    response = await send("/api/v1/session", { headers: { accept: "application/json" } });
  } catch (cause) {
    throw new ApiProblem("offline", 0, cause);
  }
  if (!response.ok) throw await toApiProblem(response);
  return await response.json() as PersonSession;
}

/** Where the browser goes to sign in; `returnTo` is a path of this site. */
export function signInUrl(returnTo: string): string {
  return `/auth/sign-in?returnTo=${encodeURIComponent(returnTo)}`;
}

/** Ends the session here; the answer may name where Pro Santé Connect ends its own. */
export async function signOut(send: typeof fetch): Promise<string | undefined> {
  const response = await send("/auth/sign-out", { method: "POST" });
  if (response.status === 204 || !response.ok) return undefined;
  const body = await response.json().catch(() => ({})) as { endSessionUrl?: string };
  return body.endSessionUrl;
}
