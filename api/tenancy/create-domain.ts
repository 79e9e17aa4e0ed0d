import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { domainJobKey, enqueue } from "../database/enqueue.ts";
import { asPlatform, inStructure } from "../database/in-tenant.ts";
import { authoriseOverChild, may, resellerOf } from "../identity/mod.ts";
import { requireOwnSubdomains } from "./create-structure.ts";
import { insertDomain } from "./domain-queries.ts";
import type { DomainRow } from "./queries.ts";
import { requireActiveStructure } from "./require-active.ts";
import { toDomainBody } from "./schemas.ts";

export interface NewDomain {
  readonly structureId: string;
  /** Lower-case A-labels. */
  readonly name: string;
}

/**
 * Gives a structure a mail domain. A name belongs to one structure only, also when that one is closed. A reseller gives
 * its structures sub-domains of its own; any other is the operator's to give.
 * Throws `structure-not-found`, `structure-suspended`, `structure-closed`, `domain-name-taken`, `domain-outside-reseller`.
 */
export async function createDomain(ctx: Context, input: NewDomain): Promise<DomainRow> {
  const { structureId } = input;
  authoriseOverChild(ctx, "domain.create", { structureId });
  return await inStructure(ctx, structureId, async (tx) => {
    await requireActiveStructure(tx, structureId);
    const resellerId = resellerOf(ctx.actor, structureId);
    if (resellerId !== undefined && !may(ctx.actor, "domain.create", { structureId })) {
      await asPlatform(tx, () => requireOwnSubdomains(tx, resellerId, [input.name]));
    }
    const domain = await insertDomain(tx, { ...input, now: ctx.now() });
    await recordAudit(tx, ctx, {
      action: "domain.create",
      subject: { kind: "domain", id: domain.id },
      structureId,
      after: toDomainBody(domain),
    });
    await enqueue(tx, { kind: "apply-domain", structureId, domainId: domain.id }, domainJobKey(domain.id));
    return domain;
  });
}
