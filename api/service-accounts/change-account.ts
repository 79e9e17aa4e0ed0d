import type { Action } from "../actions.ts";
import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inStructure } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { authorise } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { getStructure } from "../tenancy/mod.ts";
import { getServiceAccountForUpdate, type ServiceAccountRow, updateServiceAccount } from "./queries.ts";
import { requireFuture } from "./require-future.ts";
import { toAccountBody } from "./schemas.ts";

export interface ServiceAccountChange {
  readonly structureId: string;
  readonly serviceAccountId: string;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly scopes?: readonly Action[] | undefined;
  readonly expiresAt?: Date | null | undefined;
  readonly ifVersion?: number | undefined;
}

/**
 * Changes what a service account is called, may do, or how long it lives; in force within a second. What is already so is
 * returned unchanged.
 * Throws `structure-not-found`, `service-account-not-found`, `service-account-revoked`, `service-account-name-taken`,
 * `version-mismatch`, `invalid-request`.
 */
export async function changeServiceAccount(
  ctx: Context,
  input: ServiceAccountChange,
): Promise<ServiceAccountRow> {
  const { structureId } = input;
  authorise(ctx, "service-account.change", { structureId });
  requireFuture(input.expiresAt, ctx.now());
  return await inStructure(ctx, structureId, async (tx) => {
    await getStructure(tx, structureId);
    const before = await getServiceAccountForUpdate(tx, structureId, input.serviceAccountId);
    if (before.status === "revoked") throw problem("service-account-revoked");
    checkVersion(before.version, input.ifVersion);
    const current = {
      name: before.name,
      description: before.description,
      scopes: before.scopes as readonly Action[],
      expiresAt: before.expires_at,
    };
    const wanted = {
      name: input.name ?? current.name,
      description: input.description ?? current.description,
      scopes: input.scopes ?? current.scopes,
      expiresAt: input.expiresAt === undefined ? current.expiresAt : input.expiresAt,
    };
    if (JSON.stringify(wanted) === JSON.stringify(current)) return before;
    const after = await updateServiceAccount(tx, before, wanted, ctx.now());
    await recordAudit(tx, ctx, {
      action: "service-account.change",
      subject: { kind: "service-account", id: before.id },
      structureId,
      before: toAccountBody(before),
      after: toAccountBody(after),
    });
    return after;
  });
}
