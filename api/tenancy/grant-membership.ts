import { recordAudit } from "../audit/mod.ts";
import type { Context, StructureRole } from "../context.ts";
import { asPlatform, inStructure } from "../database/in-tenant.ts";
import { authorise } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import {
  findMembership,
  findOrNotePerson,
  insertMembership,
  type MembershipRow,
  type PersonIdentity,
} from "./queries.ts";
import { requireActiveStructure } from "./require-active.ts";
import { toMembershipBody } from "./schemas.ts";

export interface NewMembership extends PersonIdentity {
  readonly structureId: string;
  readonly role: StructureRole;
}

/**
 * Gives a person a role in the structure; somebody nobody knows yet is noted by his national identity and attached at his
 * first sign-in. In force at the person's next request (a second at most). Idempotent.
 * Throws `structure-not-found`, `structure-suspended`, `structure-closed`.
 */
export async function grantMembership(ctx: Context, input: NewMembership): Promise<MembershipRow> {
  const { structureId, role } = input;
  authorise(ctx, "membership.grant", { structureId });
  return await inStructure(ctx, structureId, async (tx) => {
    await requireActiveStructure(tx, structureId);
    const person = await asPlatform(tx, () => findOrNotePerson(tx, input, ctx.now()));
    const isNew = await insertMembership(tx, { structureId, personId: person.id, role, now: ctx.now() });
    const membership = await findMembership(tx, structureId, person.id, role);
    if (membership === undefined) throw problem("membership-not-found");
    if (isNew) {
      await recordAudit(tx, ctx, {
        action: "membership.grant",
        subject: { kind: "person", id: person.id },
        structureId,
        after: toMembershipBody(membership),
      });
    }
    return membership;
  });
}
