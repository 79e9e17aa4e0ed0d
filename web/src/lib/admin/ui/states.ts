/** The states of structures, domains and boxes, in words and colours. */
import { m } from "#lib/i18n/generated/messages.js";

export type Tone = "plain" | "good" | "warning" | "danger";

interface StateWords {
  readonly text: () => string;
  readonly tone: Tone;
}

const states: Readonly<Record<string, StateWords>> = {
  active: { text: m.admin_state_active, tone: "good" },
  suspended: { text: m.admin_state_suspended, tone: "warning" },
  closing: { text: m.admin_state_closing, tone: "danger" },
  closed: { text: m.admin_state_closed, tone: "plain" },
  withdrawn: { text: m.oauth_state_withdrawn, tone: "plain" },
};

/** In French a domain is masculine, a structure and a box are not. */
const domainTexts: Readonly<Record<string, () => string>> = {
  active: m.admin_domain_state_active,
  suspended: m.admin_domain_state_suspended,
  closed: m.admin_domain_state_closed,
};

/** A state that has no words yet is shown as the API names it. */
export function stateOf(status: string): { readonly text: string; readonly tone: Tone } {
  const words = states[status];
  return words === undefined ? { text: status, tone: "plain" } : { text: words.text(), tone: words.tone };
}

export function domainStateOf(status: string): { readonly text: string; readonly tone: Tone } {
  const { text, tone } = stateOf(status);
  return { text: domainTexts[status]?.() ?? text, tone };
}

/** For a filter: these states, in this order. */
export function stateOptions(...values: readonly string[]) {
  return values.map((value) => ({ value, label: () => stateOf(value).text }));
}
