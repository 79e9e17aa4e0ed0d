import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { addDays } from "../days.ts";
import { removeInBatches } from "../database/in-batches.ts";
import { asPlatform, inStructure, type Tx } from "../database/in-tenant.ts";
import type { PageRequest } from "../http/paginate.ts";
import { authorise, may } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { getStructure, getStructureForUpdate } from "../tenancy/mod.ts";
import {
  type AppPasswordChoice,
  type AppPasswordFilter,
  countStructureAppPasswords,
  deleteEndedAppPasswords,
  listStructureAppPasswords,
  revokeStructureAppPasswords,
} from "./queries.ts";

/** The app passwords of a structure, to who may see those of each of its boxes. Throws `structure-not-found`, `forbidden`. */
export async function readStructureAppPasswords(
  ctx: Context,
  { structureId, page, filter }: {
    readonly structureId: string;
    readonly page: PageRequest;
    readonly filter: AppPasswordFilter;
  },
) {
  return await inReadableStructure(ctx, structureId, async (tx) => ({
    rows: await listStructureAppPasswords(tx, structureId, page, filter, ctx.now()),
    total: await countStructureAppPasswords(tx, structureId, filter, ctx.now()),
  }));
}

/** A page of the same list, without counting it. Throws `structure-not-found`, `forbidden`. */
export async function exportStructureAppPasswords(
  ctx: Context,
  { structureId, page, filter }: {
    readonly structureId: string;
    readonly page: PageRequest;
    readonly filter: AppPasswordFilter;
  },
) {
  return await inReadableStructure(
    ctx,
    structureId,
    (tx) => listStructureAppPasswords(tx, structureId, page, filter, ctx.now()),
  );
}

async function inReadableStructure<T>(
  ctx: Context,
  structureId: string,
  run: (tx: Tx) => Promise<T>,
): Promise<T> {
  authorise(ctx, "structure.read", { structureId });
  if (!may(ctx.actor, "app-password.read", { structureId })) {
    throw problem("forbidden", { action: "app-password.read" });
  }
  return await inStructure(ctx, structureId, async (tx) => {
    await getStructure(tx, structureId);
    return await asPlatform(tx, () => run(tx));
  });
}

/**
 * Ends several app passwords at once, for good: their sessions close within seconds. Those that have ended, and those of other
 * structures, are left alone.
 *
 * @param which these, or all that a filter leaves
 * @returns how many were revoked now
 * Throws `structure-not-found`, `forbidden`.
 */
export async function revokeAppPasswords(
  ctx: Context,
  { structureId, which }: { readonly structureId: string; readonly which: AppPasswordChoice },
): Promise<number> {
  authorise(ctx, "app-password.revoke-many", { structureId });
  return await inStructure(ctx, structureId, async (tx) => {
    // Two that end many at once, or the structure's switch, must not wait for each other's rows.
    await getStructureForUpdate(tx, structureId);
    const count = await asPlatform(tx, () => revokeStructureAppPasswords(tx, structureId, which, ctx.now()));
    await recordAudit(tx, ctx, {
      action: "app-password.revoke-many",
      subject: { kind: "structure", id: structureId },
      structureId,
      after: { appPasswordIds: toTrace(which), count },
    });
    return count;
  });
}

/** The words of a search may be a person's name: not for the trail. */
function toTrace(which: AppPasswordChoice): readonly string[] | "all" | "some" {
  if ("words" in which) return which.words.length === 0 && which.status === undefined ? "all" : "some";
  return which;
}

/**
 * Forgets app passwords that ended long ago: until then a program that still tries is refused with its reason. Certificates are kept:
 * they are few, public, an organisation's, and say for ever which software a serial number was.
 */
export async function sweepAppPasswords(ctx: Context, keptDays: number): Promise<void> {
  const before = addDays(ctx.now(), -keptDays);
  const removed = await removeInBatches(
    ctx,
    1_000,
    (tx, size) => deleteEndedAppPasswords(tx, before, size),
  );
  if (removed > 0) ctx.log.info("sweep-app-passwords.done", { removed });
}
