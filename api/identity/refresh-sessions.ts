/**
 * Follows the sessions at the provider: while a person is there his refresh token is renewed before it ends, and when the
 * provider says that it holds no more, the session ends (SC.MSS/CONF.10). A provider that is away ends nothing.
 */
import type { Context } from "../context.ts";
import { inSystem } from "../database/in-tenant.ts";
import {
  claimSessionsToRefresh,
  dropTokensOfExpired,
  noteRefreshed,
  type SessionToRefresh,
} from "./refresh-queries.ts";
import { endSessions, refreshTime } from "./sessions.ts";
import type { SignInDependencies } from "./open-session.ts";

/** A renewal that failed, or whose process died, is tried again after this long. */
const againSeconds = 60;
const perRound = 20;
const maximumRounds = 50;

/** Renews what is due. Answers how many sessions were renewed and ended. */
export async function refreshSessions(
  deps: SignInDependencies,
  ctx: Context,
): Promise<{ renewed: number; ended: number }> {
  const done = { renewed: 0, ended: 0 };
  for (let round = 0; round < maximumRounds; round++) {
    const now = ctx.now();
    const seenSince = new Date(now.getTime() - deps.limits.idleSeconds * 1_000);
    const againAt = new Date(now.getTime() + againSeconds * 1_000);
    const due = await inSystem(deps, async (tx) => {
      if (round === 0) await dropTokensOfExpired(tx, now, seenSince);
      return await claimSessionsToRefresh(tx, { now, seenSince, againAt }, perRound);
    });
    const outcomes = await Promise.all(due.map((session) => refreshOne(deps, ctx, session, now)));
    done.renewed += outcomes.filter((one) => one === "renewed").length;
    done.ended += outcomes.filter((one) => one === "ended").length;
    // A provider that does not answer is not asked for the others: their time comes again.
    if (due.length < perRound || outcomes.every((one) => one === "unavailable")) break;
  }
  return done;
}

async function refreshOne(
  deps: SignInDependencies,
  ctx: Context,
  session: SessionToRefresh,
  now: Date,
): Promise<"renewed" | "ended" | "unavailable"> {
  const token = deps.seal.open(session.refresh_token, session.id);
  // Sealed by a key that is gone: it cannot be asked any more, and the session ends by our own clock.
  if (token === undefined) return "unavailable";
  const refreshed = await deps.provider.refresh(token, session.subject);
  if (refreshed.outcome === "ended") {
    await endSessions(deps, ctx, { sessionId: session.id }, "ended-by-provider");
  }
  if (refreshed.outcome === "renewed") {
    const { refreshToken, refreshSeconds, idToken } = refreshed.renewal;
    await inSystem(deps, (tx) =>
      noteRefreshed(tx, session.id, {
        ...(refreshToken === null ? {} : { refresh_token: deps.seal.seal(refreshToken, session.id) }),
        ...(idToken === null ? {} : { id_token: idToken }),
        refreshed_at: now,
        refresh_at: refreshTime(now, refreshSeconds),
      }));
  }
  return refreshed.outcome;
}

/** Every so often: short beside half a refresh token's life. */
const everyMilliseconds = 20_000;

/** Runs in each API process until `closing`: of several, each takes its share. Never throws. */
export function followSessions(
  deps: SignInDependencies,
  contextOf: () => Context,
  closing: AbortSignal,
): void {
  let isRunning = false;
  const timer = setInterval(async () => {
    if (isRunning) return;
    isRunning = true;
    const ctx = contextOf();
    try {
      await refreshSessions(deps, ctx);
    } catch (error) {
      ctx.log.warn("session-refresh.interrupted", {
        error: error instanceof Error ? error.message : "unknown",
      });
    } finally {
      isRunning = false;
    }
  }, everyMilliseconds);
  closing.addEventListener("abort", () => clearInterval(timer), { once: true });
}
