import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inStructure } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { authoriseOverChild } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { getStructureForUpdate } from "./queries.ts";
import { toStructureSnapshot } from "./schemas.ts";
import { reapplyMailboxes, type StructureView, updateStructure, viewStructure } from "./structure-queries.ts";

export interface StructureResumption {
  readonly structureId: string;
  /** The version that the actor saw; undefined = whatever it is. */
  readonly ifVersion?: number | undefined;
}

/**
 * Lets the boxes of a suspended structure work again, but those that are suspended themselves. Idempotent.
 * Throws `structure-not-found`, `structure-closed`, `version-mismatch`.
 */
export async function resumeStructure(ctx: Context, input: StructureResumption): Promise<StructureView> {
  const { structureId } = input;
  authoriseOverChild(ctx, "structure.resume", { structureId });
  return await inStructure(ctx, structureId, async (tx) => {
    const before = await getStructureForUpdate(tx, structureId);
    if (before.status === "active") return await viewStructure(tx, before);
    if (before.status === "closed") throw problem("structure-closed");
    checkVersion(before.version, input.ifVersion);
    const after = await updateStructure(
      tx,
      structureId,
      { status: "active", suspension_reason: null },
      ctx.now(),
    );
    await reapplyMailboxes(tx, structureId, ctx.now());
    await recordAudit(tx, ctx, {
      action: "structure.resume",
      subject: { kind: "structure", id: structureId },
      structureId,
      before: toStructureSnapshot(before),
      after: toStructureSnapshot(after),
    });
    return await viewStructure(tx, after);
  });
}
