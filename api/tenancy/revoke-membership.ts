import { recordAudit } from "../audit/mod.ts";
import type { Context, StructureRole } from "../context.ts";
import { inStructure } from "../database/in-tenant.ts";
import { authorise } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { deleteMembership, getStructureForUpdate } from "./queries.ts";
import { requireOtherAdministrator } from "./require-other-administrator.ts";

export interface MembershipKey {
  readonly structureId: string;
  readonly personId: string;
  readonly role: StructureRole;
}

/**
 * Takes a role away; in force at the person's next request (a second at most).
 * Throws `structure-not-found`, `membership-not-found`, `last-administrator`.
 */
export async function revokeMembership(ctx: Context, key: MembershipKey): Promise<void> {
  const { structureId, personId, role } = key;
  authorise(ctx, "membership.revoke", { structureId });
  await inStructure(ctx, structureId, async (tx) => {
    await getStructureForUpdate(tx, structureId);
    if (role === "structure_administrator") await requireOtherAdministrator(tx, structureId, personId);
    if (!await deleteMembership(tx, structureId, personId, role)) throw problem("membership-not-found");
    await recordAudit(tx, ctx, {
      action: "membership.revoke",
      subject: { kind: "person", id: personId },
      structureId,
      before: key,
    });
  });
}
