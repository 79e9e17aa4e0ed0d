/** From "answer this message" to what the composer begins with. */
import { longDate, personName } from "#lib/i18n/format.ts";
import { m } from "#lib/i18n/generated/messages.js";
import type { Box } from "#lib/mail/box.svelte.ts";
import type { EmailAddress, MessageContent } from "#lib/mail/types.ts";
import { htmlToText } from "#lib/reader/html-text.ts";
import type { ComposeWish } from "#lib/shell/webmail.svelte.ts";
import type { ComposerOptions } from "./composer.svelte.ts";
import { emptyStart, startForward, startReply } from "./reply.ts";

type Start = Pick<ComposerOptions, "start" | "answered" | "copies" | "messageId">;

/** Throws MailProblem when the message cannot be read. */
export async function startOf(wish: ComposeWish, box: Box): Promise<Start> {
  if (wish.messageId === undefined || wish.kind === "new") return { start: emptyStart };
  const message = await box.open(wish.messageId);
  const text = message.text ?? htmlToText(message.html ?? "");
  if (wish.kind === "draft") {
    const { to, cc, bcc, subject, attachments, inReplyTo, references } = message;
    const messageId = message.messageId[0];
    return {
      start: { to, cc, bcc, subject, text, attachments, inReplyTo, references },
      copies: [message.id],
      ...(messageId === undefined ? {} : { messageId }),
    };
  }
  const words = {
    wrote: m.quote_wrote({ date: longDate(message.receivedAt), name: personName(message.from[0]) }),
    forwarded: forwardedHead(message),
  };
  if (wish.kind === "forward") {
    return { start: startForward(message, text, words), answered: { id: message.id, keyword: "forwarded" } };
  }
  const options = { ownAddress: box.info.address, isToAll: wish.kind === "reply-all" };
  return {
    start: startReply(message, text, words, options),
    answered: { id: message.id, keyword: "answered" },
  };
}

function forwardedHead(message: MessageContent): string {
  const list = (addresses: readonly EmailAddress[]) =>
    addresses.map(({ name, email }) => (name ? `${name} <${email}>` : email)).join(", ");
  return [
    m.quote_forwarded(),
    m.quote_from({ value: list(message.from) }),
    m.quote_date({ value: longDate(message.receivedAt) }),
    m.quote_subject({ value: message.subject }),
    m.quote_to({ value: list(message.to) }),
  ].join("\n");
}
