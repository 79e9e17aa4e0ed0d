/** What an answer or a forwarded message begins with. */
import type { Attachment, EmailAddress, MessageContent } from "#lib/mail/types.ts";
import { sameAddress } from "./address.ts";

export interface DraftStart {
  readonly to: readonly EmailAddress[];
  readonly cc: readonly EmailAddress[];
  readonly bcc: readonly EmailAddress[];
  readonly subject: string;
  readonly text: string;
  readonly attachments: readonly Attachment[];
  readonly inReplyTo: readonly string[];
  readonly references: readonly string[];
}

export interface QuoteWords {
  /** The line above a quotation: « Le …, … a écrit : ». */
  readonly wrote: string;
  /** The head of a forwarded message, its header lines included. */
  readonly forwarded: string;
}

export const emptyStart: DraftStart = {
  to: [],
  cc: [],
  bcc: [],
  subject: "",
  text: "",
  attachments: [],
  inReplyTo: [],
  references: [],
};

/** RFC 5322 §3.6.4 for the references; an answer to one's own message goes to its readers again. */
export function startReply(
  message: MessageContent,
  plainText: string,
  words: QuoteWords,
  options: { ownAddress: string; isToAll: boolean },
): DraftStart {
  const isOwn = (one: EmailAddress) => sameAddress(one.email, options.ownAddress);
  const isMine = message.from.some(isOwn);
  const senders = message.replyTo.length > 0 ? message.replyTo : message.from;
  const to = distinct(isMine ? message.to : senders);
  const others = [...(isMine ? [] : message.to), ...message.cc]
    .filter((one) => !isOwn(one) && !to.some(({ email }) => sameAddress(email, one.email)));
  const quoted = plainText.replace(/\s+$/, "").split("\n").map((
    line,
  ) => (line.startsWith(">") ? `>${line}` : `> ${line}`));
  return {
    ...emptyStart,
    to,
    cc: options.isToAll ? distinct(others) : [],
    subject: prefixed("Re:", message.subject),
    text: `\n\n${words.wrote}\n${quoted.join("\n")}\n`,
    inReplyTo: message.messageId,
    references: [
      ...(message.references.length > 0 ? message.references : message.inReplyTo),
      ...message.messageId,
    ],
  };
}

export function startForward(message: MessageContent, plainText: string, words: QuoteWords): DraftStart {
  return {
    ...emptyStart,
    subject: prefixed("Tr:", message.subject),
    text: `\n\n${words.forwarded}\n\n${plainText}\n`,
    attachments: [...message.attachments, ...message.inlineParts.values()],
    references: message.messageId,
  };
}

/** One prefix is enough, whatever the other mail program calls it. */
function prefixed(prefix: string, subject: string): string {
  const known = prefix === "Re:" ? /^\s*(re|rép|rep|aw|sv)\s*:/i : /^\s*(tr|fwd?|wg|i)\s*:/i;
  return known.test(subject) ? subject : `${prefix} ${subject}`.trim();
}

function distinct(list: readonly EmailAddress[]): EmailAddress[] {
  return list.filter((one, index) => list.findIndex(({ email }) => sameAddress(email, one.email)) === index);
}
