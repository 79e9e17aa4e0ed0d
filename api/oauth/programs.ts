/** The programs that act in the name of the person who asks, for himself. */
import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inSystem } from "../database/in-tenant.ts";
import { requirePerson, type SessionCache } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { forgetGrants } from "./grants.ts";
import type { Oauth } from "./oauth.ts";
import { deleteOpenCodes, listPrograms, type ProgramRow } from "./program-queries.ts";
import { revokeGrants } from "./queries.ts";

/** Throws `sign-in-required`, `forbidden`. */
export async function readOwnPrograms(oauth: Oauth, ctx: Context): Promise<ProgramRow[]> {
  const { personId } = requirePerson(ctx);
  return await inSystem(ctx, (tx) => listPrograms(tx, personId, oauth.now()));
}

/**
 * Takes a program's right away, with every token and all that it holds open. Throws `sign-in-required`, `forbidden`,
 * `program-not-found`.
 */
export async function revokeOwnProgram(oauth: Oauth, ctx: Context, clientId: string): Promise<void> {
  const { personId } = requirePerson(ctx);
  const ended = await inSystem(ctx, async (tx) => {
    const ended = await revokeGrants(tx, { clientId, personId }, oauth.now(), "by-person");
    if (ended.length === 0) throw problem("program-not-found");
    await deleteOpenCodes(tx, personId, clientId);
    await recordAudit(tx, ctx, {
      action: "oauth.revoke",
      subject: { kind: "oauth-client", id: clientId },
      after: { personId, endReason: "by-person", count: ended.length },
    });
    return ended;
  });
  await forgetGrants(oauth.cache, ended);
}

/** Takes the right of all his programs away, for who ends everything that a person has open. @returns how many there were */
export async function endProgramsOf(
  deps: { readonly cache: SessionCache },
  ctx: Context,
  personId: string,
  endReason: string,
): Promise<number> {
  const ended = await inSystem(ctx, async (tx) => {
    const ended = await revokeGrants(tx, { personId }, ctx.now(), endReason);
    await deleteOpenCodes(tx, personId);
    if (ended.length > 0) {
      await recordAudit(tx, ctx, {
        action: "oauth.revoke",
        subject: { kind: "person", id: personId },
        after: { personId, endReason, count: ended.length },
      });
    }
    return ended;
  });
  await forgetGrants(deps.cache, ended);
  return ended.length;
}
