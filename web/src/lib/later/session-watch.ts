/// <reference lib="dom" />
/**
 * A page that is left alone asks nothing, and would show mail for hours after its session has ended: it looks by itself when
 * the end that it was told has come, when it is looked at again, and now and then. To look is no sign that somebody is there.
 */
import { ApiProblem } from "#lib/api/api-problem.ts";
import { fetchSession, type PersonSession } from "#lib/api/session.ts";

const everyMilliseconds = 120_000;

/** @returns what ends the watch */
export function watchSession(session: PersonSession, onGone: () => void): () => void {
  let known: Pick<PersonSession, "expiresAt" | "idleExpiresAt"> = session;
  let timer: ReturnType<typeof setTimeout>;

  function wait(): void {
    const end = Math.min(Date.parse(known.expiresAt), Date.parse(known.idleExpiresAt)) - Date.now() + 1_000;
    clearTimeout(timer);
    timer = setTimeout(() => void look(), Math.min(Math.max(end, 5_000), everyMilliseconds));
  }
  async function look(): Promise<void> {
    try {
      known = await fetchSession(fetch);
    } catch (error) {
      if (error instanceof ApiProblem && error.slug === "sign-in-required") return onGone();
      // Away for a moment: the mail itself says so.
    }
    wait();
  }
  const seen = () => {
    if (document.visibilityState === "visible") void look();
  };
  document.addEventListener("visibilitychange", seen);
  wait();
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", seen);
  };
}
