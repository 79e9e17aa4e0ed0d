import type { Context } from "../context.ts";
import { inStructure } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { authoriseOverChild } from "../identity/mod.ts";
import { invalidRequest, problem } from "../problems.ts";
import { countOpenMailboxes, getDomainForUpdate, updateDomain } from "./domain-queries.ts";
import { type DomainRow, getStructureForUpdate } from "./queries.ts";
import { type DomainKey, noteDomainChange } from "./suspend-domain.ts";

export interface DomainClosing extends DomainKey {
  readonly reason: string;
  /** The domain's name, written again by the person: closing is for good. */
  readonly confirmName: string;
}

/**
 * Closes a domain for good: nothing is delivered to it any more and its name is never given again. Its boxes are closed or
 * moved before. Idempotent.
 * Throws `structure-not-found`, `domain-not-found`, `domain-has-open-mailboxes`, `version-mismatch`, `invalid-request`.
 */
export async function closeDomain(ctx: Context, input: DomainClosing): Promise<DomainRow> {
  const { structureId, domainId, reason } = input;
  authoriseOverChild(ctx, "domain.close", { structureId });
  return await inStructure(ctx, structureId, async (tx) => {
    await getStructureForUpdate(tx, structureId);
    const before = await getDomainForUpdate(tx, structureId, domainId);
    if (before.status === "closed") return before;
    checkVersion(before.version, input.ifVersion);
    if (input.confirmName.toLowerCase() !== before.name) {
      throw invalidRequest([{ pointer: "/confirmName", detail: "is not the domain's name" }]);
    }
    const count = await countOpenMailboxes(tx, before);
    if (count > 0) throw problem("domain-has-open-mailboxes", { count });
    const now = ctx.now();
    const changes = {
      status: "closed",
      closed_at: now,
      closing_reason: reason,
      suspension_reason: null,
    } as const;
    const after = await updateDomain(tx, before, changes, now);
    await noteDomainChange(tx, ctx, "domain.close", before, after, reason);
    return after;
  });
}
