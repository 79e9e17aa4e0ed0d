import type { Context } from "../context.ts";
import { inStructure } from "../database/in-tenant.ts";
import { authorise, endAllOf, type SessionDependencies } from "../identity/mod.ts";
import { endProgramsOf } from "../oauth/mod.ts";
import { getStructure } from "../tenancy/mod.ts";
import { getPersonOfStructure } from "./queries.ts";

/**
 * Ends all sessions of a person whom the structure knows: a workstation left open, a telephone lost. What he opened
 * in a mail program by a token of Pro Santé Connect ends with them; an app password stands by itself.
 *
 * Throws `forbidden`, `structure-not-found`, `person-not-found`. @returns how many there were
 */
export async function endPersonSessions(
  sessions: SessionDependencies,
  ctx: Context,
  { structureId, personId }: { readonly structureId: string; readonly personId: string },
): Promise<number> {
  authorise(ctx, "person.end-sessions", { structureId });
  await inStructure(ctx, structureId, async (tx) => {
    await getStructure(tx, structureId);
    await getPersonOfStructure(tx, structureId, personId, ctx.now());
  });
  const reason = "ended-by-administrator";
  const ended = await endAllOf(sessions, ctx, { personId }, reason, structureId);
  return ended + await endProgramsOf(sessions, ctx, personId, reason);
}
