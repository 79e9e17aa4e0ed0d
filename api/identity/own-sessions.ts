import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inPerson, inSystem } from "../database/in-tenant.ts";
import { problem } from "../problems.ts";
import { listOwnSessions, type OwnSessionRow } from "./own-session-queries.ts";
import { requirePerson } from "./require-person.ts";
import { endChosenSessions } from "./session-queries.ts";
import { endSessionsIn, forgetSessions, type SessionDependencies, type SessionEnd } from "./sessions.ts";

/** Where the person who asks is signed in. Throws `sign-in-required`, `forbidden`. */
export async function readOwnSessions(
  deps: SessionDependencies,
  ctx: Context,
): Promise<{ readonly current: string; readonly rows: readonly OwnSessionRow[] }> {
  const { personId, sessionId } = requirePerson(ctx);
  const now = ctx.now();
  const seenSince = new Date(now.getTime() - deps.limits.idleSeconds * 1_000);
  const rows = await inPerson(ctx, personId, (tx) => listOwnSessions(tx, personId, now, seenSince));
  return { current: sessionId, rows };
}

/**
 * Ends one session of the person who asks, in force at once in every process. Another's is the same as none.
 *
 * Throws `sign-in-required`, `forbidden`, `session-not-found`.
 */
export async function endOwnSession(
  deps: SessionDependencies,
  ctx: Context,
  sessionId: string,
): Promise<void> {
  const { personId } = requirePerson(ctx);
  const ended = await inSystem(
    deps,
    (tx) => endSessionsIn(tx, ctx, { sessionId, personId }, "ended-elsewhere"),
  );
  if (ended.length === 0) throw problem("session-not-found");
  await forgetSessions(deps.cache, ended);
}

/** Ends all sessions of the person who asks but the one that asks; with one row in the trail, also when there was none. */
export async function endOtherSessions(deps: SessionDependencies, ctx: Context): Promise<number> {
  const { personId, sessionId } = requirePerson(ctx);
  return await endAllOf(deps, ctx, { personId, but: sessionId }, "ended-elsewhere");
}

/** Ends all sessions of a person. The caller has asked whether he may. @returns how many there were */
export async function endAllOf(
  deps: SessionDependencies,
  ctx: Context,
  choice: { readonly personId: string; readonly but?: string },
  reason: SessionEnd,
  structureId?: string,
): Promise<number> {
  const ended = await inSystem(deps, async (tx) => {
    const ended = await endChosenSessions(tx, choice, ctx.now(), reason);
    await recordAudit(tx, ctx, {
      action: "session.end",
      subject: { kind: "person", id: choice.personId },
      ...(structureId === undefined ? {} : { structureId }),
      after: { personId: choice.personId, endReason: reason, count: ended.length },
    });
    return ended;
  });
  await forgetSessions(deps.cache, ended);
  return ended.length;
}
