import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { domainJobKey, enqueue } from "../database/enqueue.ts";
import { inOperator, type Tx } from "../database/in-tenant.ts";
import { authorise, may } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { insertDomain, isUnderDomainOf } from "./domain-queries.ts";
import { findOrNotePerson, insertMembership, type PersonIdentity } from "./queries.ts";
import { requireActiveStructure } from "./require-active.ts";
import { requireResellerRoom } from "./reseller.ts";
import { toStructureSnapshot } from "./schemas.ts";
import { insertStructure, type StructureView, viewStructure } from "./structure-queries.ts";

export interface NewStructure {
  readonly idNatStruct: string;
  readonly name: string;
  /** The reseller that will administer it. Who administers a reseller must name it, and opens nothing else. */
  readonly resellerId?: string | undefined;
  readonly quotaMailboxes?: number | null | undefined;
  readonly quotaBytes?: number | null | undefined;
  /** Lower-case A-labels. */
  readonly domains?: readonly string[] | undefined;
  readonly administrator?: PersonIdentity | undefined;
}

/**
 * Opens a structure with all that it needs to work, or not at all: its domains, and the administrator who then does the
 * rest himself. One row in the trail tells the whole.
 * Throws `structure-identifier-taken`, `domain-name-taken`; under a reseller `structure-not-found`, `structure-suspended`,
 * `structure-closed`, `structure-not-reseller`, `reseller-quota-exceeded`, `reseller-child-unlimited`,
 * `domain-outside-reseller`.
 */
export async function createStructure(ctx: Context, input: NewStructure): Promise<StructureView> {
  const { resellerId, domains = [], administrator } = input;
  if (resellerId === undefined) authorise(ctx, "structure.create");
  else authorise(ctx, "structure.administer-child", { structureId: resellerId });
  const now = ctx.now();
  // The operator's scope also for a reseller: the new row, the reseller's and the person belong to three tenants.
  return await inOperator(ctx, async (tx) => {
    const quota = { mailboxes: input.quotaMailboxes ?? null, bytes: input.quotaBytes ?? null };
    if (resellerId !== undefined) {
      const reseller = await requireActiveStructure(tx, resellerId);
      if (!reseller.is_reseller) throw problem("structure-not-reseller");
      await requireResellerRoom(tx, reseller, quota);
      if (!may(ctx.actor, "structure.create")) await requireOwnSubdomains(tx, resellerId, domains);
    }
    const structure = await insertStructure(tx, {
      idNatStruct: input.idNatStruct,
      name: input.name,
      resellerId: resellerId ?? null,
      quotaMailboxes: quota.mailboxes,
      quotaBytes: quota.bytes,
      now,
    });
    const structureId = structure.id;
    for (const name of domains) {
      const domain = await insertDomain(tx, { structureId, name, now });
      await enqueue(tx, { kind: "apply-domain", structureId, domainId: domain.id }, domainJobKey(domain.id));
    }
    if (administrator !== undefined) {
      const { id: personId } = await findOrNotePerson(tx, administrator, now);
      await insertMembership(tx, { structureId, personId, role: "structure_administrator", now });
    }
    await recordAudit(tx, ctx, {
      action: "structure.create",
      subject: { kind: "structure", id: structureId },
      structureId,
      after: { ...toStructureSnapshot(structure), domains, administrator },
    });
    return await viewStructure(tx, structure);
  });
}

/** Throws `domain-outside-reseller`. */
export async function requireOwnSubdomains(
  tx: Tx,
  resellerId: string,
  names: readonly string[],
): Promise<void> {
  for (const name of names) {
    if (!await isUnderDomainOf(tx, resellerId, name)) throw problem("domain-outside-reseller", { name });
  }
}
