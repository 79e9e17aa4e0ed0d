/** Why an address cannot be written to, in words a doctor understands. */
import { m } from "#lib/i18n/generated/messages.js";
import type { RefusedRecipient } from "#lib/mail/problem.ts";

export function recipientSentence({ address, reason }: RefusedRecipient): string {
  if (reason === "invalid") return m.recipient_invalid({ address });
  if (reason === "no-such-mailbox") return m.recipient_no_such_mailbox({ address });
  if (reason === "not-in-trust-space") return m.recipient_not_in_trust_space({ address });
  if (/^4\d\d/.test(reason)) return m.recipient_temporary({ address });
  return m.recipient_refused({ address, reason });
}
