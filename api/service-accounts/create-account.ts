import type { Action } from "../actions.ts";
import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inStructure } from "../database/in-tenant.ts";
import { authorise } from "../identity/mod.ts";
import { requireActiveStructure } from "../tenancy/mod.ts";
import { insertServiceAccount, type ServiceAccountRow } from "./queries.ts";
import { requireFuture } from "./require-future.ts";
import { toAccountBody } from "./schemas.ts";

export interface NewServiceAccount {
  readonly structureId: string;
  readonly name: string;
  readonly description: string;
  readonly scopes: readonly Action[];
  readonly expiresAt: Date | null;
}

/**
 * Makes a service account of the structure. Without a key it can do nothing.
 * Throws `structure-not-found`, `structure-suspended`, `structure-closed`, `service-account-name-taken`, `invalid-request`.
 */
export async function createServiceAccount(
  ctx: Context,
  input: NewServiceAccount,
): Promise<ServiceAccountRow> {
  const { structureId } = input;
  authorise(ctx, "service-account.create", { structureId });
  requireFuture(input.expiresAt, ctx.now());
  return await inStructure(ctx, structureId, async (tx) => {
    await requireActiveStructure(tx, structureId);
    const account = await insertServiceAccount(tx, structureId, input, ctx.now());
    await recordAudit(tx, ctx, {
      action: "service-account.create",
      subject: { kind: "service-account", id: account.id },
      structureId,
      after: toAccountBody(account),
    });
    return account;
  });
}
