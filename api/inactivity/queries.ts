import { type Selectable, sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type {
  InactivityCampaignsTable,
  InactivityCasesTable,
  InactivitySettingsTable,
} from "../database/schema.ts";
import type { PageRequest } from "../http/paginate.ts";
import { problem } from "../problems.ts";
import type { Delays } from "./delays.ts";

export type SettingsRow = Selectable<InactivitySettingsTable>;
export type CampaignRow = Selectable<InactivityCampaignsTable>;
export type CaseRow = Selectable<InactivityCasesTable> & { readonly address: string };
export type CountedCampaign = CampaignRow & {
  readonly counts: readonly { readonly state: CaseRow["state"]; readonly count: number }[];
};

/** What the structure has settled for itself, if anything; locked when it is to be changed. */
export async function findSettings(
  tx: Tx,
  structureId: string,
  isLocked = false,
): Promise<SettingsRow | undefined> {
  let query = tx.selectFrom("app.inactivity_settings").selectAll().where("structure_id", "=", structureId);
  if (isLocked) query = query.forUpdate();
  return await query.executeTakeFirst();
}

export async function saveSettings(
  tx: Tx,
  structureId: string,
  values: Delays & { readonly isAutomatic: boolean },
  now: Date,
): Promise<SettingsRow> {
  const row = {
    notice_after_days: values.noticeAfterDays,
    objection_days: values.objectionDays,
    depublish_after_days: values.depublishAfterDays,
    close_after_days: values.closeAfterDays,
    is_automatic: values.isAutomatic,
    updated_at: now,
  };
  return await tx.insertInto("app.inactivity_settings").values({ structure_id: structureId, ...row })
    .onConflict((conflict) =>
      conflict.column("structure_id").doUpdateSet((set) => ({
        ...row,
        version: sql<number>`${set.ref("app.inactivity_settings.version")} + 1`,
      }))
    )
    .returningAll().executeTakeFirstOrThrow();
}

/** An active box that somebody could open, with when it was last opened, or made. */
export interface InactiveBox {
  readonly id: string;
  readonly address: string;
  readonly type: string;
  readonly display_name: string;
  readonly last_authenticated_at: Date | null;
  readonly last_active_at: Date;
}

/** Software signs in with its certificate, which no one at the keyboard opens: APP boxes are no part of this. */
const inactiveBoxes = (tx: Tx, structureId: string, before: Date) =>
  tx.selectFrom("app.mailboxes")
    .select(["id", "address", "type", "display_name", "last_authenticated_at"])
    .select(sql<Date>`coalesce(last_authenticated_at, created_at)`.as("last_active_at"))
    .where("structure_id", "=", structureId).where("status", "=", "active").where("type", "<>", "APP")
    .where(sql<boolean>`coalesce(last_authenticated_at, created_at) <= ${before}`)
    .where(({ not, exists, selectFrom }) =>
      not(exists(
        selectFrom("app.inactivity_cases as open").select("open.mailbox_id")
          .whereRef("open.structure_id", "=", "app.mailboxes.structure_id")
          .whereRef("open.mailbox_id", "=", "app.mailboxes.id")
          .where("open.state", "in", ["pending", "noticed", "depublished"]),
      ))
    );

/** The boxes that nobody has opened since `before` and that are in no campaign; the longest first. */
export async function listInactiveBoxes(
  tx: Tx,
  structureId: string,
  before: Date,
  page: PageRequest,
): Promise<InactiveBox[]> {
  let query = inactiveBoxes(tx, structureId, before).orderBy("last_active_at").orderBy("id").limit(
    page.limit + 1,
  );
  if (page.after !== undefined) {
    const [at = "", id = ""] = page.after;
    // A time is told to the millisecond: the rows of the last one are seen again rather than missed.
    query = query.where(
      sql<
        boolean
      >`(date_trunc('milliseconds', coalesce(last_authenticated_at, created_at)), id) > (${at}::timestamptz, ${id}::uuid)`,
    );
  }
  return await query.execute();
}

export async function countInactiveBoxes(tx: Tx, structureId: string, before: Date): Promise<number> {
  const row = await tx.selectFrom(inactiveBoxes(tx, structureId, before).as("box"))
    .select((make) => make.fn.countAll<number>().as("count")).executeTakeFirstOrThrow();
  return row.count;
}

/** Makes the campaign with a case for every box that is due. The unique index refuses a second one at the same time. */
export async function insertCampaign(
  tx: Tx,
  structureId: string,
  values: {
    delays: Delays;
    before: Date;
    by: { kind: string; id: string | null; label: string };
    now: Date;
  },
): Promise<{ campaign: CampaignRow; mailboxIds: readonly string[] }> {
  const { delays } = values;
  const campaign = await tx.insertInto("app.inactivity_campaigns").values({
    structure_id: structureId,
    notice_after_days: delays.noticeAfterDays,
    objection_days: delays.objectionDays,
    depublish_after_days: delays.depublishAfterDays,
    close_after_days: delays.closeAfterDays,
    started_by_kind: values.by.kind,
    started_by_id: values.by.id,
    started_by_label: values.by.label,
    started_at: values.now,
  }).returningAll().executeTakeFirstOrThrow();
  const cases = await tx.insertInto("app.inactivity_cases")
    .columns(["structure_id", "campaign_id", "mailbox_id", "last_active_at"])
    .expression((make) =>
      make.selectFrom(inactiveBoxes(tx, structureId, values.before).as("box"))
        .select([
          sql<string>`${structureId}::uuid`.as("structure_id"),
          sql<string>`${campaign.id}::uuid`.as("campaign_id"),
          "box.id",
          "box.last_active_at",
        ])
    ).returning("mailbox_id").execute();
  return { campaign, mailboxIds: cases.map((one) => one.mailbox_id) };
}

async function withCounts(tx: Tx, campaign: CampaignRow): Promise<CountedCampaign> {
  const counts = await tx.selectFrom("app.inactivity_cases")
    .select(["state", (make) => make.fn.countAll<number>().as("count")])
    .where("structure_id", "=", campaign.structure_id).where("campaign_id", "=", campaign.id)
    .groupBy("state").execute();
  return { ...campaign, counts };
}

/** Throws `inactivity-campaign-not-found`. */
export async function getCampaign(
  tx: Tx,
  structureId: string,
  campaignId: string,
  isLocked = false,
): Promise<CountedCampaign> {
  let query = tx.selectFrom("app.inactivity_campaigns").selectAll().where("structure_id", "=", structureId)
    .where("id", "=", campaignId);
  if (isLocked) query = query.forUpdate();
  const row = await query.executeTakeFirst();
  if (row === undefined) throw problem("inactivity-campaign-not-found");
  return await withCounts(tx, row);
}

/** The campaigns of a structure, the newest first. */
export async function listCampaigns(
  tx: Tx,
  structureId: string,
  page: PageRequest,
): Promise<CountedCampaign[]> {
  let query = tx.selectFrom("app.inactivity_campaigns").selectAll().where("structure_id", "=", structureId)
    .orderBy("started_at", "desc").orderBy("id").limit(page.limit + 1);
  if (page.after !== undefined) {
    const [at = "", id = ""] = page.after;
    query = query.where(
      sql<
        boolean
      >`(started_at < ${at}::timestamptz or (started_at = ${at}::timestamptz and id > ${id}::uuid))`,
    );
  }
  return await Promise.all((await query.execute()).map((row) => withCounts(tx, row)));
}

export async function endCampaign(
  tx: Tx,
  campaign: CampaignRow,
  state: "ended" | "cancelled",
  now: Date,
): Promise<void> {
  await tx.updateTable("app.inactivity_campaigns")
    .set((set) => ({ state, ended_at: now, version: set("version", "+", 1) }))
    .where("structure_id", "=", campaign.structure_id).where("id", "=", campaign.id).execute();
}
