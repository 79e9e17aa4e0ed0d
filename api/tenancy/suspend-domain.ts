import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { domainJobKey, enqueue } from "../database/enqueue.ts";
import { inStructure, type Tx } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { authoriseOverChild } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { getDomainForUpdate, updateDomain } from "./domain-queries.ts";
import { type DomainRow, getStructureForUpdate } from "./queries.ts";
import { toDomainBody } from "./schemas.ts";
import { reapplyMailboxes } from "./structure-queries.ts";

export interface DomainKey {
  readonly structureId: string;
  readonly domainId: string;
  /** The version that the actor saw; undefined = whatever it is. */
  readonly ifVersion?: number | undefined;
}

/**
 * Stops sign-in, delivery and sending of all boxes of a domain; their mail is kept, their own states stay. Idempotent.
 * Throws `structure-not-found`, `domain-not-found`, `structure-closed`, `domain-closed`, `version-mismatch`.
 */
export async function suspendDomain(
  ctx: Context,
  input: DomainKey & { readonly reason: string },
): Promise<DomainRow> {
  const { structureId, reason } = input;
  authoriseOverChild(ctx, "domain.suspend", { structureId });
  return await inStructure(ctx, structureId, async (tx) => {
    const before = await lockOpenDomain(tx, input);
    if (before.status === "suspended") return before;
    checkVersion(before.version, input.ifVersion);
    const after = await updateDomain(
      tx,
      before,
      { status: "suspended", suspension_reason: reason },
      ctx.now(),
    );
    await noteDomainChange(tx, ctx, "domain.suspend", before, after, reason);
    await reapplyMailboxes(tx, structureId, ctx.now(), after.id);
    return after;
  });
}

/**
 * Lets the boxes of a suspended domain work again, but those that are suspended themselves. Idempotent.
 * Throws `structure-not-found`, `domain-not-found`, `structure-closed`, `domain-closed`, `version-mismatch`.
 */
export async function resumeDomain(ctx: Context, input: DomainKey): Promise<DomainRow> {
  const { structureId } = input;
  authoriseOverChild(ctx, "domain.resume", { structureId });
  return await inStructure(ctx, structureId, async (tx) => {
    const before = await lockOpenDomain(tx, input);
    if (before.status === "active") return before;
    checkVersion(before.version, input.ifVersion);
    const after = await updateDomain(tx, before, { status: "active", suspension_reason: null }, ctx.now());
    await noteDomainChange(tx, ctx, "domain.resume", before, after, undefined);
    await reapplyMailboxes(tx, structureId, ctx.now(), after.id);
    return after;
  });
}

/** The domain, locked after its structure: the order of all who lock both. */
async function lockOpenDomain(tx: Tx, { structureId, domainId }: DomainKey): Promise<DomainRow> {
  const structure = await getStructureForUpdate(tx, structureId);
  const domain = await getDomainForUpdate(tx, structureId, domainId);
  if (structure.status === "closed") throw problem("structure-closed");
  if (domain.status === "closed") throw problem("domain-closed");
  return domain;
}

/** The trail's row and the job that tells the mail server. */
export async function noteDomainChange(
  tx: Tx,
  ctx: Context,
  action: "domain.suspend" | "domain.resume" | "domain.close",
  before: DomainRow,
  after: DomainRow,
  reason: string | undefined,
): Promise<void> {
  const { structure_id: structureId, id: domainId } = after;
  await recordAudit(tx, ctx, {
    action,
    subject: { kind: "domain", id: domainId },
    structureId,
    before: toDomainBody(before),
    after: toDomainBody(after),
    reason,
  });
  await enqueue(tx, { kind: "apply-domain", structureId, domainId }, domainJobKey(domainId));
}
