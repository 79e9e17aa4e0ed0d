import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inStructure } from "../database/in-tenant.ts";
import { authorise, newServiceKey } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { getStructure } from "../tenancy/mod.ts";
import { getServiceAccountForUpdate, insertKey, type KeyRow, revokeKeys } from "./queries.ts";
import { requireFuture } from "./require-future.ts";

export interface NewKey {
  readonly structureId: string;
  readonly serviceAccountId: string;
  readonly expiresAt: Date | null;
}

/**
 * Gives the account another key, so that one can be replaced while the other still works. The secret is in this answer
 * and nowhere else: a repetition makes another key.
 * Throws `structure-not-found`, `service-account-not-found`, `service-account-revoked`, `invalid-request`.
 */
export async function createKey(ctx: Context, input: NewKey): Promise<{ key: KeyRow; secret: string }> {
  const { structureId, expiresAt } = input;
  authorise(ctx, "service-account-key.create", { structureId });
  requireFuture(expiresAt, ctx.now());
  return await inStructure(ctx, structureId, async (tx) => {
    await getStructure(tx, structureId);
    const account = await getServiceAccountForUpdate(tx, structureId, input.serviceAccountId);
    if (account.status === "revoked") throw problem("service-account-revoked");
    const { secret, prefix, hash } = newServiceKey();
    const key = await insertKey(tx, account, { prefix, hash, expiresAt, now: ctx.now() });
    await recordAudit(tx, ctx, {
      action: "service-account-key.create",
      subject: { kind: "service-account", id: account.id },
      structureId,
      after: { keyId: key.id, prefix, expiresAt },
    });
    return { key, secret };
  });
}

/**
 * Revokes a key; it is not taken after a second. Idempotent.
 * Throws `structure-not-found`, `service-account-not-found`, `service-account-key-not-found`.
 */
export async function revokeKey(
  ctx: Context,
  input: { readonly structureId: string; readonly serviceAccountId: string; readonly keyId: string },
): Promise<void> {
  const { structureId, keyId } = input;
  authorise(ctx, "service-account-key.revoke", { structureId });
  await inStructure(ctx, structureId, async (tx) => {
    await getStructure(tx, structureId);
    const account = await getServiceAccountForUpdate(tx, structureId, input.serviceAccountId);
    const key = account.keys.find((one) => one.id === keyId);
    if (key === undefined) throw problem("service-account-key-not-found");
    const revoked = await revokeKeys(tx, account, ctx.now(), keyId);
    if (revoked.length === 0) return;
    await recordAudit(tx, ctx, {
      action: "service-account-key.revoke",
      subject: { kind: "service-account", id: account.id },
      structureId,
      before: { keyId, prefix: key.prefix },
    });
  });
}
