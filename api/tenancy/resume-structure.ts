import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inStructure } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { authorise } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { getStructureForUpdate, reapplyMailboxes, setStructureStatus, type StructureRow } from "./queries.ts";
import { toStructureBody } from "./schemas.ts";

export interface StructureResumption {
  readonly structureId: string;
  /** The version that the actor saw; undefined = whatever it is. */
  readonly ifVersion?: number | undefined;
}

/**
 * Lets the boxes of a suspended structure work again, but those that are suspended themselves. Idempotent.
 * Throws `structure-not-found`, `structure-closed`, `version-mismatch`.
 */
export async function resumeStructure(ctx: Context, input: StructureResumption): Promise<StructureRow> {
  const { structureId } = input;
  authorise(ctx, "structure.resume", { structureId });
  return await inStructure(ctx, structureId, async (tx) => {
    const before = await getStructureForUpdate(tx, structureId);
    if (before.status === "active") return before;
    if (before.status === "closed") throw problem("structure-closed");
    checkVersion(before.version, input.ifVersion);
    const after = await setStructureStatus(tx, structureId, "active", ctx.now());
    await reapplyMailboxes(tx, structureId, ctx.now());
    await recordAudit(tx, ctx, {
      action: "structure.resume",
      subject: { kind: "structure", id: structureId },
      structureId,
      before: toStructureBody(before),
      after: toStructureBody(after),
    });
    return after;
  });
}
