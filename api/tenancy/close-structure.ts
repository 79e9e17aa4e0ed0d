import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { domainJobKey, enqueue } from "../database/enqueue.ts";
import { asPlatform, inStructure } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { authoriseOverChild } from "../identity/mod.ts";
import { invalidRequest, problem } from "../problems.ts";
import { closeDomains } from "./domain-queries.ts";
import { getStructureForUpdate } from "./queries.ts";
import { toStructureSnapshot } from "./schemas.ts";
import { countChildren, type StructureView, updateStructure, viewStructure } from "./structure-queries.ts";

export interface StructureClosing {
  readonly structureId: string;
  readonly reason: string;
  /** The structure's name, written again by the person: closing is for good. */
  readonly confirmName: string;
  /** The version that the actor saw; undefined = whatever it is. */
  readonly ifVersion?: number | undefined;
}

/**
 * Closes a structure for good, with its domains, whose names are never given again. Its boxes are closed before, one by
 * one: their mail has its own delays. Its trail stays readable. Idempotent.
 * Throws `structure-not-found`, `version-mismatch`, `structure-has-open-mailboxes`, `structure-has-children`,
 * `invalid-request`.
 */
export async function closeStructure(ctx: Context, input: StructureClosing): Promise<StructureView> {
  const { structureId, reason } = input;
  authoriseOverChild(ctx, "structure.close", { structureId });
  return await inStructure(ctx, structureId, async (tx) => {
    const before = await getStructureForUpdate(tx, structureId);
    if (before.status === "closed") return await viewStructure(tx, before);
    checkVersion(before.version, input.ifVersion);
    if (input.confirmName !== before.name) {
      throw invalidRequest([{ pointer: "/confirmName", detail: "is not the structure's name" }]);
    }
    if (before.used_mailboxes > 0) {
      throw problem("structure-has-open-mailboxes", { count: before.used_mailboxes });
    }
    const children = before.is_reseller ? await asPlatform(tx, () => countChildren(tx, structureId)) : 0;
    if (children > 0) throw problem("structure-has-children", { count: children });
    const now = ctx.now();
    for (const { id: domainId } of await closeDomains(tx, structureId, { reason, now })) {
      await enqueue(tx, { kind: "apply-domain", structureId, domainId }, domainJobKey(domainId));
    }
    const after = await updateStructure(
      tx,
      structureId,
      { status: "closed", closed_at: now, closing_reason: reason, suspension_reason: null },
      now,
    );
    await recordAudit(tx, ctx, {
      action: "structure.close",
      subject: { kind: "structure", id: structureId },
      structureId,
      before: toStructureSnapshot(before),
      after: toStructureSnapshot(after),
      reason,
    });
    return await viewStructure(tx, after);
  });
}
