import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { domainJobKey, enqueue } from "../database/enqueue.ts";
import { inStructure } from "../database/in-tenant.ts";
import { authorise } from "../identity/mod.ts";
import { type DomainRow, insertDomain } from "./queries.ts";
import { requireActiveStructure } from "./require-active.ts";
import { toDomainBody } from "./schemas.ts";

export interface NewDomain {
  readonly structureId: string;
  /** Lower-case A-labels. */
  readonly name: string;
}

/**
 * Gives a structure a mail domain. A name belongs to one structure only, also when that one is closed.
 * Throws `structure-not-found`, `structure-suspended`, `structure-closed`, `domain-name-taken`.
 */
export async function createDomain(ctx: Context, input: NewDomain): Promise<DomainRow> {
  const { structureId } = input;
  authorise(ctx, "domain.create", { structureId });
  return await inStructure(ctx, structureId, async (tx) => {
    await requireActiveStructure(tx, structureId);
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
