import { sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { PageRequest } from "../http/paginate.ts";
import type { CampaignRow, CaseRow } from "./queries.ts";

/** States in which something may still happen to the box. */
export const openStates = ["pending", "noticed", "depublished"] as const;

const cases = (tx: Tx) =>
  tx.selectFrom("app.inactivity_cases as one")
    .innerJoin(
      "app.mailboxes as box",
      (on) => on.onRef("box.structure_id", "=", "one.structure_id").onRef("box.id", "=", "one.mailbox_id"),
    )
    .selectAll("one").select("box.address");

/** The boxes of a campaign by address. */
export async function listCases(
  tx: Tx,
  campaign: CampaignRow,
  page: PageRequest,
  state?: CaseRow["state"],
): Promise<CaseRow[]> {
  let query = cases(tx).where("one.structure_id", "=", campaign.structure_id)
    .where("one.campaign_id", "=", campaign.id).orderBy("box.address").limit(page.limit + 1);
  if (state !== undefined) query = query.where("one.state", "=", state);
  if (page.after !== undefined) query = query.where("box.address", ">", page.after[0] ?? "");
  return await query.execute();
}

/** The open case of a box, locked: its notice, its dates. */
export async function findOpenCase(
  tx: Tx,
  structureId: string,
  mailboxId: string,
): Promise<CaseRow | undefined> {
  return await cases(tx).where("one.structure_id", "=", structureId).where("one.mailbox_id", "=", mailboxId)
    .where("one.state", "in", openStates).forUpdate("one").executeTakeFirst();
}

/** In the person's own scope: the notices of boxes that he may open. */
export async function listOwnCases(tx: Tx): Promise<CaseRow[]> {
  return await cases(tx).where("one.state", "in", ["noticed", "depublished"]).orderBy("box.address")
    .execute();
}

/** A case for which something is due. */
export interface DueCase {
  readonly structureId: string;
  readonly mailboxId: string;
  readonly next: "returned" | "dropped" | "depublish" | "close";
}

/** The next cases for which something is due, in the platform's scope. */
export async function listDueCases(tx: Tx, now: Date, limit: number): Promise<DueCase[]> {
  const { rows } = await sql<DueCase>`
    select one.structure_id as "structureId", one.mailbox_id as "mailboxId",
           case when box.status <> 'active' then 'dropped'
                when coalesce(box.last_authenticated_at, box.created_at) > one.last_active_at then 'returned'
                when one.state = 'noticed' then 'depublish' else 'close' end as next
      from app.inactivity_cases one
      join app.mailboxes box on box.structure_id = one.structure_id and box.id = one.mailbox_id
     where one.state in ('pending', 'noticed', 'depublished') and (box.status <> 'active'
        or coalesce(box.last_authenticated_at, box.created_at) > one.last_active_at
        or (one.state = 'noticed' and one.depublish_at <= ${now})
        or (one.state = 'depublished' and one.close_at <= ${now}))
     order by one.structure_id, one.mailbox_id limit ${limit}`.execute(tx);
  return rows;
}

export async function writeCase(
  tx: Tx,
  one: CaseRow,
  values: Partial<
    Pick<
      CaseRow,
      "state" | "noticed_at" | "object_until" | "depublish_at" | "close_at" | "decided_at" | "objected_by"
    >
  >,
): Promise<CaseRow> {
  const row = await tx.updateTable("app.inactivity_cases").set(values)
    .where("structure_id", "=", one.structure_id).where("campaign_id", "=", one.campaign_id)
    .where("mailbox_id", "=", one.mailbox_id).returningAll().executeTakeFirstOrThrow();
  return { ...row, address: one.address };
}

/** Ends every open case of a campaign; the boxes that had left the directory come back. */
export async function dropOpenCases(tx: Tx, campaign: CampaignRow, now: Date): Promise<void> {
  await sql`update app.mailboxes box set depublished_at = null, updated_at = ${now}
    from app.inactivity_cases one
    where one.structure_id = ${campaign.structure_id} and one.campaign_id = ${campaign.id} and one.state = 'depublished'
      and box.structure_id = one.structure_id and box.id = one.mailbox_id`.execute(tx);
  await tx.updateTable("app.inactivity_cases").set({ state: "dropped", decided_at: now })
    .where("structure_id", "=", campaign.structure_id).where("campaign_id", "=", campaign.id)
    .where("state", "in", openStates).execute();
}

/** Campaigns without an open case, in the platform's scope. */
export async function listFinishedCampaigns(tx: Tx): Promise<CampaignRow[]> {
  return await tx.selectFrom("app.inactivity_campaigns as campaign").selectAll()
    .where("campaign.state", "=", "running")
    .where(({ not, exists, selectFrom }) =>
      not(exists(
        selectFrom("app.inactivity_cases as one").select("one.mailbox_id")
          .whereRef("one.structure_id", "=", "campaign.structure_id")
          .whereRef("one.campaign_id", "=", "campaign.id").where("one.state", "in", openStates),
      ))
    ).execute();
}

/** Structures that want campaigns by themselves, are active, and have none running; in the platform's scope. */
export async function listAutomaticStructures(tx: Tx): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select s.id from app.inactivity_settings i join app.structures s on s.id = i.structure_id
     where i.is_automatic and s.status = 'active'
       and not exists (select from app.inactivity_campaigns c where c.structure_id = s.id and c.state = 'running')
     order by s.id`.execute(tx);
  return rows.map(({ id }) => id);
}

/** Takes a box out of the directory, or puts it back (`null`). */
export async function setDepublished(
  tx: Tx,
  structureId: string,
  mailboxId: string,
  at: Date | null,
  now: Date,
): Promise<void> {
  await tx.updateTable("app.mailboxes").set({ depublished_at: at, updated_at: now })
    .where("structure_id", "=", structureId).where("id", "=", mailboxId).execute();
}

/** "Je garde ma boîte" counts as an opening. */
export async function noteKept(tx: Tx, structureId: string, mailboxId: string, now: Date): Promise<void> {
  await tx.updateTable("app.mailboxes").set({
    depublished_at: null,
    last_authenticated_at: now,
    updated_at: now,
  })
    .where("structure_id", "=", structureId).where("id", "=", mailboxId).execute();
}

/** The structure of a box whose holder or member the person is, in his own scope: a delegate does not decide on it. */
export async function findStructureOfOwnBox(
  tx: Tx,
  person: { readonly personId: string; readonly idNatPs: string | null },
  mailboxId: string,
): Promise<string | undefined> {
  const row = await tx.selectFrom("app.mailboxes").select("structure_id").where("id", "=", mailboxId)
    .where((where) =>
      where.or([
        where("holder_id_nat_ps", "=", person.idNatPs ?? ""),
        where.exists(
          where.selectFrom("app.mailbox_members as member").select("member.person_id")
            .whereRef("member.mailbox_id", "=", "app.mailboxes.id").where(
              "member.person_id",
              "=",
              person.personId,
            ),
        ),
      ])
    ).executeTakeFirst();
  return row?.structure_id;
}
