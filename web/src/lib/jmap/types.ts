/** Shapes of RFC 8620 and RFC 8621 that the webmail uses; `server-set` marks what a client never sends. */

export type Id = string;

/** RFC 8620 §2. URLs are absolute behind the gateway, relative when spoken straight to Cyrus. */
export interface Session {
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly accounts: Readonly<Record<Id, SessionAccount>>;
  readonly primaryAccounts: Readonly<Record<string, Id>>;
  readonly username: string;
  readonly apiUrl: string;
  readonly downloadUrl: string;
  readonly uploadUrl: string;
  readonly eventSourceUrl: string;
  readonly state: string;
}

export interface SessionAccount {
  readonly name: string;
  readonly isPersonal: boolean;
  readonly isReadOnly: boolean;
  readonly accountCapabilities: Readonly<Record<string, unknown>>;
}

/** RFC 8620 §2, `urn:ietf:params:jmap:core`: sizes in octets. */
export interface CoreLimits {
  readonly maxSizeUpload: number;
  readonly maxConcurrentUpload: number;
  readonly maxSizeRequest: number;
  readonly maxConcurrentRequests: number;
  readonly maxCallsInRequest: number;
  readonly maxObjectsInGet: number;
  readonly maxObjectsInSet: number;
}

/** What the gateway adds per account: which box of which structure this account is. */
export interface GatewayAccount {
  readonly mailboxId: string;
  readonly address: string;
  readonly displayName: string;
  readonly type: "PER" | "ORG" | "APP" | "CAB";
  readonly structureName: string;
  /** Whose it is to the person: his own, one of which he is a member, or one delegated to him. */
  readonly relation: "holder" | "member" | "delegate";
  readonly rights: {
    readonly write: boolean;
    /** Sends as the box; else, with `sendOnBehalf`, under his own address in `Sender`. */
    readonly sendAs: boolean;
    readonly sendOnBehalf: boolean;
  };
}

export interface GatewayLimits {
  readonly maxAttachmentsBytesPerMessage: number;
  readonly mailServer: string;
}

/** RFC 8621 §2: called a folder everywhere outside lib/jmap. */
export interface JmapMailbox {
  readonly id: Id;
  readonly name: string;
  readonly parentId: Id | null;
  readonly role: string | null;
  readonly sortOrder: number;
  readonly totalEmails: number;
  readonly unreadEmails: number;
  readonly myRights?: Readonly<Record<string, boolean>>;
}

export interface EmailAddress {
  readonly name: string | null;
  readonly email: string;
}

/** RFC 8621 §4.1.4 */
export interface EmailBodyPart {
  readonly partId: string | null;
  readonly blobId: Id | null;
  readonly size: number;
  readonly name: string | null;
  readonly type: string;
  readonly charset?: string | null;
  readonly disposition: string | null;
  readonly cid: string | null;
}

/** RFC 8621 §4.1: every property is there only when it was asked for. */
export interface Email {
  readonly id: Id;
  readonly blobId: Id;
  readonly mailboxIds: Readonly<Record<Id, boolean>>;
  readonly keywords: Readonly<Record<string, boolean>>;
  readonly size: number;
  readonly receivedAt: string;
  readonly sentAt: string | null;
  readonly messageId: readonly string[] | null;
  readonly inReplyTo: readonly string[] | null;
  readonly references: readonly string[] | null;
  readonly from: readonly EmailAddress[] | null;
  readonly to: readonly EmailAddress[] | null;
  readonly cc: readonly EmailAddress[] | null;
  readonly bcc: readonly EmailAddress[] | null;
  readonly replyTo: readonly EmailAddress[] | null;
  readonly subject: string | null;
  readonly hasAttachment: boolean;
  readonly preview: string;
  readonly bodyValues: Readonly<Record<string, { value: string; isTruncated: boolean }>>;
  readonly textBody: readonly EmailBodyPart[];
  readonly htmlBody: readonly EmailBodyPart[];
  readonly attachments: readonly EmailBodyPart[];
}

/** RFC 8621 §6 */
export interface Identity {
  readonly id: Id;
  readonly name: string;
  readonly email: string;
}

/** RFC 8621 §7; `deliveryStatus` is null at Cyrus. */
export interface EmailSubmission {
  readonly id: Id;
  readonly emailId: Id;
  readonly undoStatus: "pending" | "final" | "canceled";
  readonly deliveryStatus: Readonly<Record<string, DeliveryStatus>> | null;
}

export interface DeliveryStatus {
  readonly smtpReply: string;
  readonly delivered: "queued" | "yes" | "no" | "unknown";
}

/** RFC 8620 §5.3 */
export interface SetError {
  readonly type: string;
  readonly description?: string;
  readonly properties?: readonly string[];
  readonly invalidRecipients?: readonly string[];
  readonly [member: string]: unknown;
}

export interface GetResult<T> {
  readonly accountId: Id;
  readonly state: string;
  readonly list: readonly T[];
  readonly notFound: readonly Id[];
}

export interface ChangesResult {
  readonly oldState: string;
  readonly newState: string;
  readonly hasMoreChanges: boolean;
  readonly created: readonly Id[];
  readonly updated: readonly Id[];
  readonly destroyed: readonly Id[];
}

export interface QueryResult {
  readonly queryState: string;
  readonly canCalculateChanges: boolean;
  readonly position: number;
  readonly ids: readonly Id[];
  readonly total?: number;
  readonly limit?: number;
}

export interface SetResult<T> {
  readonly oldState: string | null;
  readonly newState: string;
  readonly created: Readonly<Record<Id, Partial<T> & { id: Id }>> | null;
  readonly updated: Readonly<Record<Id, unknown>> | null;
  readonly destroyed: readonly Id[] | null;
  readonly notCreated: Readonly<Record<Id, SetError>> | null;
  readonly notUpdated: Readonly<Record<Id, SetError>> | null;
  readonly notDestroyed: Readonly<Record<Id, SetError>> | null;
}

/** The answer of each method that the webmail calls. */
export interface Results {
  "Core/echo": Record<string, unknown>;
  "Mailbox/get": GetResult<JmapMailbox>;
  "Mailbox/changes": ChangesResult;
  "Email/get": GetResult<Email>;
  "Email/changes": ChangesResult;
  "Email/query": QueryResult;
  "Email/set": SetResult<Email>;
  "Identity/get": GetResult<Identity>;
  "EmailSubmission/get": GetResult<EmailSubmission>;
  "EmailSubmission/set": SetResult<EmailSubmission>;
}

export type Method = keyof Results;

/** RFC 8620 §3.7; `resultOf` is the place of the earlier call in its group. */
export interface ResultReference {
  readonly resultOf: number;
  readonly name: Method;
  readonly path: string;
}
