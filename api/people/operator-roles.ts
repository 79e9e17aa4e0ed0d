import { recordAudit } from "../audit/mod.ts";
import type { Context, OperatorRole } from "../context.ts";
import { inOperator } from "../database/in-tenant.ts";
import { authorise, requireRecentFactor } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { findOrNotePerson, type PersonIdentity } from "../tenancy/mod.ts";
import {
  deleteOperatorRole,
  getOperatorRole,
  insertOperatorRole,
  isLastOperatorAdministrator,
  lockOperatorRoles,
  type OperatorRoleRow,
} from "./operator-role-queries.ts";

/**
 * Gives a person a role over every structure; somebody nobody knows yet is noted by his national identity. In force at the
 * person's next request (a second at most). Idempotent. Throws `factor-required`.
 */
export async function grantOperatorRole(
  ctx: Context,
  input: PersonIdentity & { readonly role: OperatorRole },
): Promise<OperatorRoleRow> {
  authorise(ctx, "operator-role.grant");
  return await inOperator(ctx, async (tx) => {
    await lockOperatorRoles(tx);
    await requireRecentFactor(tx, ctx);
    const person = await findOrNotePerson(tx, input, ctx.now());
    const isNew = await insertOperatorRole(tx, person.id, input.role, ctx.now());
    if (isNew) {
      await recordAudit(tx, ctx, {
        action: "operator-role.grant",
        subject: { kind: "person", id: person.id },
        after: { personId: person.id, idNatPs: input.idNatPs, role: input.role },
      });
    }
    return await getOperatorRole(tx, person.id, input.role);
  });
}

/**
 * Takes a role of the operator away; in force at the person's next request (a second at most).
 * Throws `factor-required`, `operator-role-not-found`, `last-administrator`.
 */
export async function revokeOperatorRole(
  ctx: Context,
  { personId, role }: { readonly personId: string; readonly role: OperatorRole },
): Promise<void> {
  authorise(ctx, "operator-role.revoke");
  await inOperator(ctx, async (tx) => {
    await lockOperatorRoles(tx);
    await requireRecentFactor(tx, ctx);
    const isLast = role === "operator_administrator" && await isLastOperatorAdministrator(tx, personId);
    if (isLast) throw problem("last-administrator");
    if (!await deleteOperatorRole(tx, personId, role)) throw problem("operator-role-not-found");
    await recordAudit(tx, ctx, {
      action: "operator-role.revoke",
      subject: { kind: "person", id: personId },
      before: { personId, role },
    });
  });
}
