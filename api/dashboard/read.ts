import type { Context } from "../context.ts";
import { inOperator, inStructure, type Tx } from "../database/in-tenant.ts";
import { listAttacks, type ListedAttackRow } from "../guard/mod.ts";
import { addDays } from "../days.ts";
import { authorise } from "../identity/mod.ts";
import { getStructure } from "../tenancy/mod.ts";
import { readTrustSpace, staleAfterDays } from "../trust-space/mod.ts";
import {
  attackAttention,
  type Attention,
  inOrder,
  ofPlatform,
  ofSubjects,
  whiteListAttention,
} from "./attention.ts";
import { countFigures, type Figures, listFoundSubjects } from "./queries.ts";
import type { Services } from "./services.ts";

export interface Dashboard {
  readonly at: Date;
  readonly structure: { readonly id: string; readonly name: string } | null;
  readonly services: Services;
  readonly whiteList: { readonly generatedAt: Date; readonly importedAt: Date } | null;
  readonly attention: readonly Attention[];
  /** On the ways in, for the operator alone: what goes on and what has ended lately. The latest first. */
  readonly attacks: readonly Attack[];
  readonly figures: Figures;
}

export interface Attack extends ListedAttackRow {
  readonly isOngoing: boolean;
}

/** How long an attack that is over is shown: who comes back on Monday sees Saturday's. */
const attackShownDays = 3;
const mostAttacks = 50;

/** What the dashboard is told of the configuration. */
export interface DashboardSettings {
  /** Of boxes that nobody opens, where the structure has settled nothing else. */
  readonly noticeAfterDays: number;
  /** Without a failure for as long an attack is over. */
  readonly attackQuietSeconds: number;
}

/** Everything that the operator should look at, over all structures. */
export async function readPlatformDashboard(
  ctx: Context,
  services: Services,
  { noticeAfterDays, attackQuietSeconds }: DashboardSettings,
): Promise<Dashboard> {
  authorise(ctx, "dashboard.read-platform");
  const now = ctx.now();
  const { list, lastRefusal } = await readTrustSpace(ctx);
  const quiet = new Date(now.getTime() - attackQuietSeconds * 1_000);
  const found = await inOperator(ctx, async (tx) => ({
    ...await look(tx, ctx, undefined, noticeAfterDays),
    attacks: (await listAttacks(tx, addDays(now, -attackShownDays), mostAttacks))
      .map((row) => ({ ...row, isOngoing: row.last_at > quiet })),
  }));
  return {
    at: ctx.now(),
    structure: null,
    services,
    whiteList: list ?? null,
    attacks: found.attacks,
    figures: found.figures,
    attention: inOrder([
      ...found.attention,
      ...attackAttention(found.attacks.map((row) => ({ ...row, startedAt: row.started_at }))),
      ...ofServices(services),
      ...(services.cache === "unavailable" ? [ofPlatform("cache-unavailable")] : []),
      ...whiteListAttention(list, lastRefusal, staleAfterDays, now),
    ]),
  };
}

/** What the people of one structure should look at: theirs alone, and whether mail flows. */
export async function readStructureDashboard(
  ctx: Context,
  structureId: string,
  services: Services,
  { noticeAfterDays }: DashboardSettings,
): Promise<Dashboard> {
  authorise(ctx, "dashboard.read", { structureId });
  return await inStructure(ctx, structureId, async (tx) => {
    const { id, name } = await getStructure(tx, structureId);
    const { figures, attention } = await look(tx, ctx, structureId, noticeAfterDays);
    return {
      at: ctx.now(),
      structure: { id, name },
      services,
      whiteList: null,
      attacks: [],
      figures,
      attention: inOrder([...attention, ...ofServices(services)]),
    };
  });
}

async function look(tx: Tx, ctx: Context, structureId: string | undefined, noticeAfterDays: number) {
  return {
    figures: await countFigures(tx, structureId),
    attention: ofSubjects(await listFoundSubjects(tx, structureId, ctx.now(), noticeAfterDays)),
  };
}

function ofServices({ mailServer }: Services): Attention[] {
  return mailServer === "unavailable" ? [ofPlatform("mail-server-unavailable")] : [];
}
