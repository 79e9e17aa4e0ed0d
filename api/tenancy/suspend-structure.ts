import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inStructure } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { authorise } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { getStructureForUpdate, reapplyMailboxes, setStructureStatus, type StructureRow } from "./queries.ts";
import { toStructureBody } from "./schemas.ts";

export interface StructureSuspension {
  readonly structureId: string;
  readonly reason: string;
  /** The version that the actor saw; undefined = whatever it is. */
  readonly ifVersion?: number | undefined;
}

/**
 * Stops sign-in, delivery and sending of all boxes of the structure; their mail is kept. The mail server's own views say so
 * at the commit, the jobs then tell the server and end what is open. Idempotent: what is suspended is returned unchanged.
 * Throws `structure-not-found`, `structure-closed`, `version-mismatch`.
 */
export async function suspendStructure(ctx: Context, input: StructureSuspension): Promise<StructureRow> {
  const { structureId } = input;
  authorise(ctx, "structure.suspend", { structureId });
  return await inStructure(ctx, structureId, async (tx) => {
    const before = await getStructureForUpdate(tx, structureId);
    if (before.status === "suspended") return before;
    if (before.status === "closed") throw problem("structure-closed");
    checkVersion(before.version, input.ifVersion);
    const after = await setStructureStatus(tx, structureId, "suspended", ctx.now());
    await reapplyMailboxes(tx, structureId, ctx.now());
    await recordAudit(tx, ctx, {
      action: "structure.suspend",
      subject: { kind: "structure", id: structureId },
      structureId,
      before: toStructureBody(before),
      after: toStructureBody(after),
      reason: input.reason,
    });
    return after;
  });
}
