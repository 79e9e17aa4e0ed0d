import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inStructure } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { authoriseOverChild } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { getStructureForUpdate } from "./queries.ts";
import { toStructureSnapshot } from "./schemas.ts";
import { reapplyMailboxes, type StructureView, updateStructure, viewStructure } from "./structure-queries.ts";

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
export async function suspendStructure(ctx: Context, input: StructureSuspension): Promise<StructureView> {
  const { structureId } = input;
  authoriseOverChild(ctx, "structure.suspend", { structureId });
  return await inStructure(ctx, structureId, async (tx) => {
    const before = await getStructureForUpdate(tx, structureId);
    if (before.status === "suspended") return await viewStructure(tx, before);
    if (before.status === "closed") throw problem("structure-closed");
    checkVersion(before.version, input.ifVersion);
    const after = await updateStructure(
      tx,
      structureId,
      { status: "suspended", suspension_reason: input.reason },
      ctx.now(),
    );
    await reapplyMailboxes(tx, structureId, ctx.now());
    await recordAudit(tx, ctx, {
      action: "structure.suspend",
      subject: { kind: "structure", id: structureId },
      structureId,
      before: toStructureSnapshot(before),
      after: toStructureSnapshot(after),
      reason: input.reason,
    });
    return await viewStructure(tx, after);
  });
}
