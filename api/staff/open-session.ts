import type { Context } from "../context.ts";
import type { Tx } from "../database/in-tenant.ts";
import { type EndedSessionRow, endSessionsIn, hashToken, isToken, startSession } from "../identity/mod.ts";
import { noteSignedIn } from "./queries.ts";
import { asStaff, type Caller, type Named, type Staff } from "./staff.ts";

export interface OpenedSession {
  readonly token: string;
  /** What the browser had before: never continued (session fixation). The cache is told once this is committed. */
  readonly replaced: readonly EndedSessionRow[];
}

/** Opens the session of who has shown his factors: the same as any other person's, under the same limits. */
export async function openSession(
  staff: Staff,
  tx: Tx,
  ctx: Context,
  person: Named,
  amr: string,
  caller: Caller,
): Promise<OpenedSession> {
  const now = ctx.now();
  const actorCtx = asStaff(ctx, person);
  const replaced = isToken(caller.sessionToken)
    ? await endSessionsIn(tx, actorCtx, { tokenHash: hashToken(caller.sessionToken) }, "replaced")
    : [];
  const { token } = await startSession(tx, actorCtx, staff.limits, {
    personId: person.person_id,
    acr: null,
    amr,
    authenticatedAt: now,
    providerSessionId: null,
    idToken: null,
  });
  await noteSignedIn(tx, person.person_id, now);
  return { token, replaced };
}
