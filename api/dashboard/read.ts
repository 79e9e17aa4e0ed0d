import type { Context } from "../context.ts";
import { inOperator, inStructure, type Tx } from "../database/in-tenant.ts";
import { authorise } from "../identity/mod.ts";
import { getStructure } from "../tenancy/mod.ts";
import { readTrustSpace, staleAfterDays } from "../trust-space/mod.ts";
import { type Attention, inOrder, ofPlatform, ofSubjects, whiteListAttention } from "./attention.ts";
import { countFigures, type Figures, listFoundSubjects } from "./queries.ts";
import type { Services } from "./services.ts";

export interface Dashboard {
  readonly at: Date;
  readonly structure: { readonly id: string; readonly name: string } | null;
  readonly services: Services;
  readonly whiteList: { readonly generatedAt: Date; readonly importedAt: Date } | null;
  readonly attention: readonly Attention[];
  readonly figures: Figures;
}

/** Everything that the operator should look at, over all structures. */
export async function readPlatformDashboard(
  ctx: Context,
  services: Services,
  noticeAfterDays: number,
): Promise<Dashboard> {
  authorise(ctx, "dashboard.read-platform");
  const { list, lastRefusal } = await readTrustSpace(ctx);
  const found = await inOperator(ctx, (tx) => look(tx, ctx, undefined, noticeAfterDays));
  return {
    at: ctx.now(),
    structure: null,
    services,
    whiteList: list ?? null,
    figures: found.figures,
    attention: inOrder([
      ...found.attention,
      ...ofServices(services),
      ...(services.cache === "unavailable" ? [ofPlatform("cache-unavailable")] : []),
      ...whiteListAttention(list, lastRefusal, staleAfterDays, ctx.now()),
    ]),
  };
}

/** What the people of one structure should look at: theirs alone, and whether mail flows. */
export async function readStructureDashboard(
  ctx: Context,
  structureId: string,
  services: Services,
  noticeAfterDays: number,
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
