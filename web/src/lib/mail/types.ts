/** What the screens see of mail: a JMAP account is a box (BAL), a JMAP Mailbox a folder, an Email a message. */
import type { Email, EmailAddress, EmailBodyPart, GatewayAccount, Id } from "#lib/jmap/types.ts";

export type { EmailAddress, EmailBodyPart, Id } from "#lib/jmap/types.ts";

export interface BoxInfo extends GatewayAccount {
  /** The mail server's own id: opaque, an address at some servers. */
  readonly id: Id;
  /** What stands in `Sender` of what he writes here: his own address where he may write on the box's behalf only. */
  readonly sender?: string | undefined;
}

export interface Folder {
  readonly id: Id;
  readonly name: string;
  readonly role: string | null;
  readonly parentId: Id | null;
  readonly sortOrder: number;
  readonly total: number;
  readonly unread: number;
  readonly mayAddItems: boolean;
  readonly mayRemoveItems: boolean;
}

/** A line of the list. */
export type Message = Pick<
  Email,
  | "id"
  | "mailboxIds"
  | "keywords"
  | "from"
  | "to"
  | "subject"
  | "receivedAt"
  | "preview"
  | "hasAttachment"
  | "size"
>;

export const messageProperties = [
  "id",
  "mailboxIds",
  "keywords",
  "from",
  "to",
  "subject",
  "receivedAt",
  "preview",
  "hasAttachment",
  "size",
] as const;

/** An opened message: its bodies as they came, not yet sanitised. */
export interface MessageContent {
  readonly id: Id;
  readonly messageId: readonly string[];
  readonly references: readonly string[];
  readonly inReplyTo: readonly string[];
  readonly from: readonly EmailAddress[];
  readonly to: readonly EmailAddress[];
  readonly cc: readonly EmailAddress[];
  readonly bcc: readonly EmailAddress[];
  readonly replyTo: readonly EmailAddress[];
  readonly subject: string;
  readonly receivedAt: string;
  /** Plain text, or undefined when the message has HTML only. */
  readonly text: string | undefined;
  readonly html: string | undefined;
  readonly isTruncated: boolean;
  readonly attachments: readonly Attachment[];
  /** Parts that the HTML shows by `cid:`, by content id. */
  readonly inlineParts: ReadonlyMap<string, Attachment>;
}

export interface Attachment {
  readonly blobId: Id;
  readonly name: string;
  readonly type: string;
  readonly sizeBytes: number;
}

export function toAttachment(part: EmailBodyPart): Attachment | undefined {
  if (part.blobId === null) return undefined;
  return { blobId: part.blobId, name: part.name ?? "", type: part.type, sizeBytes: part.size };
}

/** RFC 8621 §4.1.1 */
export const keyword = {
  seen: "$seen",
  flagged: "$flagged",
  answered: "$answered",
  forwarded: "$forwarded",
  draft: "$draft",
} as const;

export function hasKeyword(message: Pick<Message, "keywords">, name: string): boolean {
  return message.keywords[name] === true;
}
