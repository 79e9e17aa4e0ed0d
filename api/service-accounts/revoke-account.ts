import type { Action } from "../actions.ts";
import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inStructure } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { authorise } from "../identity/mod.ts";
import { getStructure } from "../tenancy/mod.ts";
import { getServiceAccountForUpdate, revokeKeys, updateServiceAccount } from "./queries.ts";

/**
 * Revokes a service account with its keys, for good; none of them is taken after a second. Idempotent.
 * Throws `structure-not-found`, `service-account-not-found`, `version-mismatch`.
 */
export async function revokeServiceAccount(
  ctx: Context,
  { structureId, serviceAccountId, ifVersion }: {
    readonly structureId: string;
    readonly serviceAccountId: string;
    /** The version that the actor saw; undefined = whatever it is. */
    readonly ifVersion?: number | undefined;
  },
): Promise<void> {
  authorise(ctx, "service-account.revoke", { structureId });
  await inStructure(ctx, structureId, async (tx) => {
    await getStructure(tx, structureId);
    const account = await getServiceAccountForUpdate(tx, structureId, serviceAccountId);
    if (account.status === "revoked") return;
    checkVersion(account.version, ifVersion);
    await revokeKeys(tx, account, ctx.now());
    await updateServiceAccount(tx, account, {
      name: account.name,
      description: account.description,
      scopes: account.scopes as readonly Action[],
      expiresAt: account.expires_at,
      status: "revoked",
    }, ctx.now());
    await recordAudit(tx, ctx, {
      action: "service-account.revoke",
      subject: { kind: "service-account", id: account.id },
      structureId,
      before: { name: account.name, status: account.status },
      after: { status: "revoked" },
    });
  });
}
