import { redirect } from "@sveltejs/kit";
import { ApiProblem } from "#lib/api/api-problem.ts";
import { fetchSession, type PersonSession } from "#lib/api/session.ts";

/** Who is signed in; nobody: to the sign-in page, and back here afterwards. */
export async function load({ fetch, url, untrack }): Promise<{ session: PersonSession | undefined }> {
  try {
    return { session: await fetchSession(fetch) };
  } catch (error) {
    if (error instanceof ApiProblem && error.slug === "sign-in-required") {
      redirect(307, `/sign-in?returnTo=${encodeURIComponent(untrack(() => url.pathname + url.search))}`);
    }
    return { session: undefined };
  }
}
