import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { asPlatform, inStructure, type Tx } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { authorise, authoriseOverChild } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { getStructure, getStructureForUpdate, type StructureRow } from "./queries.ts";
import { lockReseller, requireQuotaAboveUse, requireResellerRoom } from "./reseller.ts";
import { toStructureSnapshot } from "./schemas.ts";
import { countChildren, type StructureView, updateStructure, viewStructure } from "./structure-queries.ts";

/** What the structure's own administrator may set. */
export interface StructureSettings {
  readonly contactName?: string | undefined;
  readonly contactEmail?: string | undefined;
  readonly contactPhone?: string | undefined;
  readonly appPasswordsAllowed?: boolean | undefined;
  readonly defaultMailboxQuotaBytes?: number | undefined;
}

export interface StructureChange {
  readonly structureId: string;
  /** The version that the actor saw; undefined = whatever it is. */
  readonly ifVersion?: number | undefined;
  readonly name?: string | undefined;
  readonly quotaMailboxes?: number | null | undefined;
  readonly quotaBytes?: number | null | undefined;
  readonly isReseller?: boolean | undefined;
  readonly resellerId?: string | null | undefined;
  readonly settings?: StructureSettings | undefined;
}

/**
 * Changes what is named and nothing else; what is so already is returned unchanged. The settings are the structure's own to set; its name and its quotas the
 * operator's or its reseller's; being a reseller, or having one, the operator's alone.
 * Throws `structure-not-found`, `structure-closed`, `version-mismatch`, `quota-below-use`, `reseller-quota-exceeded`,
 * `reseller-child-unlimited`, `structure-not-reseller`, `structure-has-children`.
 */
export async function changeStructure(ctx: Context, input: StructureChange): Promise<StructureView> {
  const { structureId } = input;
  authoriseChange(ctx, input);
  return await inStructure(ctx, structureId, async (tx) => {
    // The reseller's row is locked before its child's, by everybody.
    const resellerId = await futureReseller(tx, input);
    const reseller = resellerId === null
      ? undefined
      : await lockReseller(tx, resellerId, getStructureForUpdate);
    const before = await getStructureForUpdate(tx, structureId);
    if (before.status === "closed") throw problem("structure-closed");
    checkVersion(before.version, input.ifVersion);
    // Somebody gave it to another reseller between the first look and the lock.
    if (input.resellerId === undefined && before.reseller_id !== resellerId) {
      throw problem("version-mismatch", { currentVersion: before.version });
    }
    const columns = toColumns(input);
    if (isAlready(before, columns)) return await viewStructure(tx, before);
    await checkQuotas(tx, before, reseller, input);
    await checkReselling(tx, before, resellerId, input);
    // As the platform: the database's own check of a reseller must see its row.
    const after = await asPlatform(tx, () => updateStructure(tx, structureId, columns, ctx.now()));
    await recordAudit(tx, ctx, {
      action: "structure.change",
      subject: { kind: "structure", id: structureId },
      structureId,
      before: toStructureSnapshot(before),
      after: toStructureSnapshot(after),
    });
    return await viewStructure(tx, after);
  });
}

function authoriseChange(ctx: Context, input: StructureChange): void {
  const { structureId } = input;
  if (input.settings !== undefined) authorise(ctx, "structure.change", { structureId });
  if (input.isReseller !== undefined || input.resellerId !== undefined) {
    authorise(ctx, "structure.administer", { structureId });
  }
  if (input.name !== undefined || input.quotaMailboxes !== undefined || input.quotaBytes !== undefined) {
    authoriseOverChild(ctx, "structure.administer", { structureId });
  }
}

async function futureReseller(tx: Tx, input: StructureChange): Promise<string | null> {
  const current = (await getStructure(tx, input.structureId)).reseller_id;
  return input.resellerId === undefined ? current : input.resellerId;
}

async function checkQuotas(
  tx: Tx,
  before: StructureRow,
  reseller: StructureRow | undefined,
  input: StructureChange,
): Promise<void> {
  const { quotaMailboxes = before.quota_mailboxes, quotaBytes = before.quota_bytes } = input;
  const limits = { mailboxes: quotaMailboxes, bytes: quotaBytes };
  const isChanged = limits.mailboxes !== before.quota_mailboxes || limits.bytes !== before.quota_bytes;
  if (isChanged) await requireQuotaAboveUse(tx, before, limits);
  const isMoved = reseller !== undefined && reseller.id !== before.reseller_id;
  if (reseller !== undefined && (isChanged || isMoved)) {
    await requireResellerRoom(tx, reseller, limits, before.id);
  }
}

async function checkReselling(
  tx: Tx,
  before: StructureRow,
  resellerId: string | null,
  { isReseller = before.is_reseller }: StructureChange,
): Promise<void> {
  if (isReseller && resellerId !== null) throw problem("structure-not-reseller");
  if (isReseller || !before.is_reseller) return;
  const count = await asPlatform(tx, () => countChildren(tx, before.id));
  if (count > 0) throw problem("structure-has-children", { count });
}

/** The columns that are named; `undefined` is not written. */
function toColumns({ settings = {}, ...input }: StructureChange) {
  return {
    name: input.name,
    quota_mailboxes: input.quotaMailboxes,
    quota_bytes: input.quotaBytes,
    is_reseller: input.isReseller,
    reseller_id: input.resellerId,
    contact_name: settings.contactName,
    contact_email: settings.contactEmail,
    contact_phone: settings.contactPhone,
    app_passwords_allowed: settings.appPasswordsAllowed,
    default_mailbox_quota_bytes: settings.defaultMailboxQuotaBytes,
  };
}

function isAlready(before: StructureRow, columns: ReturnType<typeof toColumns>): boolean {
  return Object.entries(columns).every(([name, value]) =>
    value === undefined || value === before[name as keyof StructureRow]
  );
}
