/**
 * The states of a box and every way from one to another, drawn in docs/mailbox-states.md. The database holds the same by a
 * trigger (migrations/20261121122000_mailboxes.sql, `mailboxes_state`): a test compares the two.
 *
 * `active`: signs in, sends, receives. `suspended`: none of these, the mail is kept. `closing`: as suspended, and the mail
 * is destroyed when its time has come; until then the box can be opened again. `closed`: nothing is left but the row and
 * its addresses, which are never given again.
 */
import { problem } from "../problems.ts";

export const mailboxStates = ["active", "suspended", "closing", "closed"] as const;
export type MailboxState = (typeof mailboxStates)[number];

/** From each state, where a box may go. */
export const transitions = {
  active: ["suspended", "closing"],
  suspended: ["active", "closing"],
  closing: ["active", "suspended", "closed"],
  closed: [],
} as const satisfies Record<MailboxState, readonly MailboxState[]>;

/** Beside these, a move to another structure closes the row that stays behind at once: its mail lives on elsewhere. */
export const movableStates = ["active", "suspended"] as const satisfies readonly MailboxState[];

export function mayGo(from: MailboxState, to: MailboxState): boolean {
  return (transitions[from] as readonly MailboxState[]).includes(to);
}

/** Where a box that is opened again goes: one that was suspended when its closing began is so still. */
export function stateWhenReopened(box: { readonly suspension_reason: string | null }): MailboxState {
  return box.suspension_reason === null ? "active" : "suspended";
}

/** Passes for a box that is neither closed nor about to be. Throws `mailbox-closing`, `mailbox-closed`. */
export function requireOpen(box: { readonly status: MailboxState }): void {
  if (box.status === "closing") throw problem("mailbox-closing");
  if (box.status === "closed") throw problem("mailbox-closed");
}
