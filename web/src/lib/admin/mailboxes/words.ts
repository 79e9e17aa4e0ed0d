/** The types of boxes and what the mail server has made of them, in words. */
import { m } from "#lib/i18n/generated/messages.js";
import type { Schemas } from "../client/client.ts";
import type { Tone } from "../ui/states.ts";

export type Mailbox = Schemas["Mailbox"];
export type MailboxType = Mailbox["type"];
type Provisioning = Mailbox["provisioning"]["status"];

export const mailboxTypes: readonly MailboxType[] = ["PER", "ORG", "APP", "CAB"];

const names: Readonly<Record<MailboxType, () => string>> = {
  PER: m.admin_type_per,
  ORG: m.admin_type_org,
  APP: m.admin_type_app,
  CAB: m.admin_type_cab,
};
const explanations: Readonly<Record<MailboxType, () => string>> = {
  PER: m.admin_type_per_about,
  ORG: m.admin_type_org_about,
  APP: m.admin_type_app_about,
  CAB: m.admin_type_cab_about,
};
export const typeName = (type: MailboxType) => names[type]();
export const typeAbout = (type: MailboxType) => explanations[type]();

const provisionings: Readonly<Record<Provisioning, { text: () => string; tone: Tone }>> = {
  pending: { text: m.admin_provisioning_pending, tone: "warning" },
  applied: { text: m.admin_provisioning_applied, tone: "good" },
  failed: { text: m.admin_provisioning_failed, tone: "danger" },
  action_required: { text: m.admin_provisioning_action, tone: "danger" },
};
export const provisioningStates = Object.keys(provisionings) as Provisioning[];
export const provisioningName = (status: Provisioning) => provisionings[status].text();
export const provisioningTone = (status: Provisioning) => provisionings[status].tone;

/** Where a box is administered. */
export const mailboxPath = ({ structureId, id }: Pick<Mailbox, "structureId" | "id">) =>
  `/admin/structures/${structureId}/mailboxes/${id}`;

/** What the API takes as a box's telephone number; none is one too. */
export const isPhone = (text: string) => /^(\+?[0-9][0-9 .-]{1,30})?$/.test(text);
