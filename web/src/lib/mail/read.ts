/** Opens one message: headers, bodies and attachments in one call. */
import type { Connection } from "#lib/jmap/connection.ts";
import type { Email } from "#lib/jmap/types.ts";
import { MailProblem, toProblem } from "./problem.ts";
import {
  type Attachment,
  type Id,
  type Message,
  type MessageContent,
  messageProperties,
  toAttachment,
} from "./types.ts";

/** Longest body part read, in octets; a longer one is cut and says so. */
const maxBodyValueBytes = 1_000_000;

/** Throws MailProblem `not-found` when the message is gone. */
export async function readMessage(
  connection: Connection,
  accountId: Id,
  id: Id,
): Promise<{ message: Message; content: MessageContent }> {
  try {
    const answer = await connection.call("Email/get", {
      accountId,
      ids: [id],
      properties: [
        ...messageProperties,
        "messageId",
        "inReplyTo",
        "references",
        "cc",
        "bcc",
        "replyTo",
        "bodyValues",
        "textBody",
        "htmlBody",
        "attachments",
      ],
      bodyProperties: ["partId", "blobId", "size", "name", "type", "charset", "disposition", "cid"],
      fetchTextBodyValues: true,
      fetchHTMLBodyValues: true,
      maxBodyValueBytes,
    });
    const email = answer.list[0];
    if (email === undefined) throw new MailProblem("not-found");
    return { message: toMessage(email), content: toContent(email) };
  } catch (error) {
    throw toProblem(error);
  }
}

function toMessage(email: Email): Message {
  const { id, mailboxIds, keywords, from, to, subject, receivedAt, preview, hasAttachment, size } = email;
  return { id, mailboxIds, keywords, from, to, subject, receivedAt, preview, hasAttachment, size };
}

function toContent(email: Email): MessageContent {
  const parts = (list: readonly { partId: string | null; type: string }[], type: string) =>
    list.filter((part) => part.type === type && part.partId !== null).map((part) =>
      email.bodyValues[part.partId ?? ""]
    );
  const texts = parts(email.textBody, "text/plain");
  const htmls = parts(email.htmlBody, "text/html");
  const join = (values: readonly ({ value: string } | undefined)[], glue: string) =>
    values.length === 0 ? undefined : values.map((one) => one?.value ?? "").join(glue);
  const html = join(htmls, "<hr>");
  const inlineParts = new Map<string, Attachment>();
  const attachments: Attachment[] = [];
  for (const part of email.attachments) {
    const attachment = toAttachment(part);
    if (attachment === undefined) continue;
    const cid = part.cid?.replace(/^<|>$/g, "");
    const isShownInline = cid !== undefined && part.type.startsWith("image/") &&
      html?.includes(`cid:${cid}`) === true;
    if (isShownInline) inlineParts.set(cid, attachment);
    else attachments.push(attachment);
  }
  return {
    id: email.id,
    messageId: email.messageId ?? [],
    references: email.references ?? [],
    inReplyTo: email.inReplyTo ?? [],
    from: email.from ?? [],
    to: email.to ?? [],
    cc: email.cc ?? [],
    bcc: email.bcc ?? [],
    replyTo: email.replyTo ?? [],
    subject: email.subject ?? "",
    receivedAt: email.receivedAt,
    text: join(texts, "\n"),
    html,
    isTruncated: [...texts, ...htmls].some((one) => one?.isTruncated === true),
    attachments,
    inlineParts,
  };
}
