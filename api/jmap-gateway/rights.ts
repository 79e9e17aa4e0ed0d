/**
 * What the person may do in a box that he opens. Its holder and members may do everything; a delegate what the delegation
 * says (api/mailboxes/delegation-rights.ts). Asked of every call that changes something, on its way to the mail server:
 * there the gateway is the box itself, which may do all of it.
 */
import type { MailboxRights } from "../identity/mod.ts";
import type { Box } from "./accounts.ts";
import type { Method } from "./methods.ts";

export const allRights: MailboxRights = { write: true, sendAs: true, sendOnBehalf: true };

/** Whether the account is announced as read-only (RFC 8620 §2 `isReadOnly`). */
export function isReadOnly(box: Box): boolean {
  return box.session.isReadOnly || !box.rights.write;
}

export function maySend(box: Box): boolean {
  return box.rights.write && (box.rights.sendAs || box.rights.sendOnBehalf);
}

/** Whether nothing needs to be asked: the usual case. */
export function mayEverything({ rights }: Box): boolean {
  return rights.write && rights.sendAs;
}

/**
 * The method-level error for a call that the person may not make in this box (RFC 8620 §3.6.2); undefined when he may.
 * Who may not send at all is told so for each submission (RFC 8621 §7.5 `forbiddenToSend`), by their guard.
 */
export function refusalOf(method: Method, { rights }: Box): "accountReadOnly" | "forbidden" | undefined {
  if (!method.writes) return undefined;
  if (!rights.write) return "accountReadOnly";
  // An absence notice and a signature speak in the box's own name.
  return method.speaks === true && !rights.sendAs ? "forbidden" : undefined;
}
