/** The states of a campaign and of a box in one. */
import type { Schemas } from "../client/client.ts";
import { m } from "#lib/i18n/generated/messages.js";
import type { Tone } from "../ui/states.ts";

type Campaign = Schemas["InactivityCampaign"];
type Case = Schemas["InactivityCase"];

interface Words {
  readonly text: () => string;
  readonly tone: Tone;
}

export const campaignStates: Readonly<Record<Campaign["state"], Words>> = {
  running: { text: m.inactivity_campaign_running, tone: "warning" },
  ended: { text: m.inactivity_campaign_ended, tone: "good" },
  cancelled: { text: m.inactivity_campaign_cancelled, tone: "plain" },
};

export const caseStates: Readonly<Record<Case["state"], Words>> = {
  pending: { text: m.inactivity_state_pending, tone: "plain" },
  noticed: { text: m.inactivity_state_noticed, tone: "warning" },
  objected: { text: m.inactivity_state_objected, tone: "good" },
  returned: { text: m.inactivity_state_returned, tone: "good" },
  depublished: { text: m.inactivity_state_depublished, tone: "warning" },
  closing: { text: m.inactivity_state_closing, tone: "danger" },
  dropped: { text: m.inactivity_state_dropped, tone: "plain" },
};

export const caseOrder = Object.keys(caseStates) as readonly Case["state"][];

/** What the delays of a campaign may be; the API holds to the same. */
export const delayLimits = {
  noticeAfterDays: { min: 1, max: 3650 },
  objectionDays: { min: 1, max: 365 },
  depublishAfterDays: { min: 1, max: 3650 },
  closeAfterDays: { min: 1, max: 3650 },
} as const;
export type Delay = keyof typeof delayLimits;

/** The number typed for a delay; undefined when it is none, or out of bounds. */
export function parseDelay(delay: Delay, typed: string): number | undefined {
  const { min, max } = delayLimits[delay];
  const days = /^\d{1,4}$/.test(typed.trim()) ? Number(typed.trim()) : NaN;
  return days >= min && days <= max ? days : undefined;
}
