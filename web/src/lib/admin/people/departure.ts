/** What a departure ends, in sentences. */
import type { Schemas } from "../client/client.ts";
import { m } from "#lib/i18n/generated/messages.js";
import { roleText } from "./roles.ts";

export interface DepartureEffect {
  readonly text: string;
  /** What it concerns, by name. */
  readonly names: readonly string[];
  readonly isGrave: boolean;
}

/** The effects there are, the gravest last; none when the person has nothing in the structure. */
export function listDepartureEffects(preview: Schemas["DeparturePreview"]): readonly DepartureEffect[] {
  const addresses = (boxes: readonly { readonly address: string }[]) => boxes.map(({ address }) => address);
  const effects = [
    { say: m.person_departure_roles, count: preview.roles.length, names: preview.roles.map(roleText) },
    {
      say: m.person_departure_delegations,
      count: preview.memberBoxes.length,
      names: addresses(preview.memberBoxes),
    },
    { say: m.person_departure_sessions, count: preview.sessions, names: [] },
    { say: m.person_departure_boxes, count: preview.mailboxes.length, names: addresses(preview.mailboxes) },
    {
      say: m.person_departure_orphans,
      count: preview.orphanedMailboxes.length,
      names: addresses(preview.orphanedMailboxes),
      isGrave: true,
    },
  ];
  return effects.filter(({ count }) => count > 0).map(({ say, count, names, isGrave = false }) => ({
    text: say({ count }),
    names,
    isGrave,
  }));
}
