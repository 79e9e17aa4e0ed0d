import { sendNotice } from "../../../api/inactivity/mod.ts";
import type { Harness } from "../../support/harness.ts";
import { newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";
import type { Example, World } from "./example.ts";

const ofStructure: Example = (_harness, { tenant }) => ({ parameters: { structureId: tenant.structureId } });
/** A structure has one campaign at a time: each example has a structure of its own. */
const ofCampaign: Example = async (harness, { operator }) => {
  const { structureId } = await newTenant(harness);
  const path = `/api/v1/structures/${structureId}/inactivity/campaigns`;
  const { body } = await operator.post(path, { confirm: true });
  return { parameters: { structureId, campaignId: body.id } };
};

/** A box that the operator is a member of, noticed. */
async function noticedBox(harness: Harness, tenant: Tenant, { operator }: World): Promise<string> {
  const { structureId } = tenant;
  const box = await newMailbox(harness, tenant);
  await harness.database.rows(
    "insert into app.mailbox_members (structure_id, mailbox_id, person_id) values ($1, $2, $3)",
    [structureId, box.id, operator.personId],
  );
  await harness.database.rows(
    "update app.mailboxes set created_at = now() - interval '3 years' where id = $1",
    [box.id],
  );
  await operator.post(`/api/v1/structures/${structureId}/inactivity/campaigns`, { confirm: true });
  const job = { structureId, mailboxId: box.id };
  await sendNotice(harness.system, job, "no-reply@operateur.mssante.test", () => Promise.resolve());
  return box.id;
}

export const inactivityExamples: Readonly<Record<string, Example>> = {
  readInactivitySettings: ofStructure,
  changeInactivitySettings: (_harness, { tenant }) => ({
    parameters: { structureId: tenant.structureId },
    body: { noticeAfterDays: 300, isAutomatic: false },
  }),
  previewInactivity: ofStructure,
  startInactivityCampaign: async (harness) => ({
    parameters: { structureId: (await newTenant(harness)).structureId },
    body: { confirm: true },
  }),
  listInactivityCampaigns: ofStructure,
  readInactivityCampaign: ofCampaign,
  cancelInactivityCampaign: ofCampaign,
  listInactivityCases: ofCampaign,
  objectToInactivity: async (harness, world) => ({
    parameters: { mailboxId: await noticedBox(harness, await newTenant(harness), world) },
    body: { keep: true },
  }),
  listInactivityNotices: () => ({ parameters: {} }),
};
