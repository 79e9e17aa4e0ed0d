import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inStructure, type Tx } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { authorise } from "../identity/mod.ts";
import { invalidRequest } from "../problems.ts";
import { getStructureForUpdate } from "../tenancy/mod.ts";
import { checkDelays, type Delays } from "./delays.ts";
import { findSettings, saveSettings, type SettingsRow } from "./queries.ts";

export interface Settings extends Delays {
  /** Campaigns begin by themselves, day by day. */
  readonly isAutomatic: boolean;
  /** 0 as long as the operator's defaults hold. */
  readonly version: number;
}

/** What holds in a structure: its own settings, else the operator's defaults. */
export async function readSettings(tx: Tx, defaults: Delays, structureId: string): Promise<Settings> {
  const row = await findSettings(tx, structureId);
  return row === undefined ? { ...defaults, isAutomatic: false, version: 0 } : toSettings(row);
}

function toSettings(row: SettingsRow): Settings {
  return {
    noticeAfterDays: row.notice_after_days,
    objectionDays: row.objection_days,
    depublishAfterDays: row.depublish_after_days,
    closeAfterDays: row.close_after_days,
    isAutomatic: row.is_automatic,
    version: row.version,
  };
}

export type SettingsChange = { readonly [K in Exclude<keyof Settings, "version">]?: Settings[K] | undefined };

/**
 * Settles the delays of a structure; a campaign that runs keeps those it began with.
 * Throws `structure-not-found`, `invalid-request`, `version-mismatch`.
 */
export async function changeSettings(
  ctx: Context,
  defaults: Delays,
  { structureId, change, ifVersion }: {
    readonly structureId: string;
    readonly change: SettingsChange;
    readonly ifVersion?: number | undefined;
  },
): Promise<Settings> {
  authorise(ctx, "inactivity.change-settings", { structureId });
  return await inStructure(ctx, structureId, async (tx) => {
    await getStructureForUpdate(tx, structureId);
    const before = await readSettings(tx, defaults, structureId);
    checkVersion(before.version, ifVersion);
    const said = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    const wanted = { ...before, ...said };
    const fault = checkDelays(wanted);
    if (fault !== undefined) throw invalidRequest([{ pointer: `/${fault.field}`, detail: fault.reason }]);
    const after = toSettings(await saveSettings(tx, structureId, wanted, ctx.now()));
    await recordAudit(tx, ctx, {
      action: "inactivity.change-settings",
      subject: { kind: "structure", id: structureId },
      structureId,
      before: { settings: before },
      after: { settings: after },
    });
    return after;
  });
}
