/**
 * One message that asks to be sent, judged as the mail server has it: who it is from in envelope and header, to whom it
 * goes, how much it carries, and the id by which a repeat of it is known.
 */
import { MailServerUnavailable } from "../mail-server/mod.ts";
import type { Box } from "./accounts.ts";
import { decodeBase64 } from "./base64.ts";
import { type CallContext, responseOf } from "./box-calls.ts";
import { tooLarge } from "./guards.ts";
import { parseAddresses } from "./mail-addresses.ts";
import { messageIdOf, readHeader, valuesOf } from "./message-header.ts";
import { blob, mail, submission } from "./methods.ts";
import { checkOriginators, headerRecipients, type Originator, type SetError } from "./originators.ts";
import { resolveId } from "./references.ts";
import { type Invocation, isObject } from "./request.ts";

/** What the trust space says of an address (api/trust-space). */
export interface RecipientVerdict {
  readonly address: string;
  readonly status: "hosted" | "listed" | "no-such-mailbox" | "not-in-trust-space" | "invalid";
}

/** Bytes of a message's beginning that are looked at; a longer header section is refused. */
const headerBytes = 65_536;

interface StoredEmail {
  readonly blobId: string;
  readonly size: number;
  readonly attachmentBytes: number;
  readonly start: Uint8Array;
}

export interface Stored {
  readonly emails: ReadonlyMap<string, StoredEmail>;
  /** Identity id → its address, lower case. */
  readonly identities: ReadonlyMap<string, string>;
}

function listOf(responses: readonly Invocation[], name: string): Record<string, unknown>[] {
  const list: unknown = responseOf(responses, name)?.[1].list;
  if (!Array.isArray(list)) throw new MailServerUnavailable(`The mail server did not answer ${name}.`);
  return list.filter(isObject);
}

/** Reads the messages' beginnings, attachments and the box's identities in one request. */
export async function readStored(
  emailIds: readonly string[],
  box: Box,
  context: CallContext,
): Promise<Stored> {
  const { accountId } = box.session;
  const responses = await context.send(box, [
    ["Email/get", {
      accountId,
      ids: emailIds,
      properties: ["id", "blobId", "size", "attachments"],
      bodyProperties: ["size"],
    }, "emails"],
    ["Blob/get", {
      accountId,
      "#ids": { resultOf: "emails", name: "Email/get", path: "/list/*/blobId" },
      offset: 0,
      length: headerBytes,
      properties: ["data:asBase64", "size"],
    }, "starts"],
    ["Identity/get", { accountId, ids: null, properties: ["id", "email"] }, "identities"],
  ], [mail, submission, blob]);
  const starts = new Map(listOf(responses, "Blob/get").map((item) => [item.id, item["data:asBase64"]]));
  const emails = new Map<string, StoredEmail>();
  for (const { id, blobId, size, attachments } of listOf(responses, "Email/get")) {
    const start = starts.get(blobId);
    if (typeof id !== "string" || typeof blobId !== "string" || typeof start !== "string") continue;
    const parts: unknown[] = Array.isArray(attachments) ? attachments : [];
    emails.set(id, {
      blobId,
      size: typeof size === "number" ? size : Number.POSITIVE_INFINITY,
      attachmentBytes: parts.reduce<number>(
        (sum, part) => sum + (isObject(part) && typeof part.size === "number" ? part.size : 0),
        0,
      ),
      start: decodeBase64(start),
    });
  }
  const identities = new Map<string, string>();
  for (const { id, email } of listOf(responses, "Identity/get")) {
    if (typeof id === "string" && typeof email === "string") identities.set(id, email.toLowerCase());
  }
  return { emails, identities };
}

/** A create that may go on, as far as the message itself is concerned. */
export interface Candidate {
  readonly create: Record<string, unknown>;
  readonly emailId: string;
  readonly messageId: string;
  readonly recipients: readonly string[];
}

const invalid = (...properties: string[]): SetError => ({ type: "invalidProperties", properties });

/** Envelope recipients, lower case; undefined when there is no envelope. */
function readEnvelope(envelope: unknown, own: ReadonlySet<string>): readonly string[] | undefined | SetError {
  if (envelope === undefined || envelope === null) return undefined;
  if (!isObject(envelope) || !isObject(envelope.mailFrom) || !Array.isArray(envelope.rcptTo)) {
    return invalid("envelope");
  }
  const sender = envelope.mailFrom.email;
  if (typeof sender !== "string" || !own.has(sender.toLowerCase())) {
    return {
      type: "forbiddenMailFrom",
      description: "The envelope's sender is not this mailbox's own address.",
    };
  }
  const recipients: string[] = [];
  for (const recipient of envelope.rcptTo) {
    const email = isObject(recipient) ? recipient.email : undefined;
    if (typeof email !== "string") return invalid("envelope");
    const [address, ...more] = parseAddresses(email) ?? [];
    if (address === undefined || more.length > 0) {
      return { type: "invalidRecipients", invalidRecipients: [email], "urn:mssante:reason": "invalid" };
    }
    recipients.push(address);
  }
  return recipients;
}

function isSetError(value: object): value is SetError {
  return "type" in value;
}

/** Judges one create of EmailSubmission/set against the addresses of the box and of who sends. */
export function judgeSubmission(
  create: unknown,
  stored: Stored,
  originator: Originator,
  createdIds: Readonly<Record<string, string>>,
  maxAttachmentBytes: number,
): Candidate | SetError {
  const own = originator.box;
  if (!isObject(create) || typeof create.emailId !== "string") return invalid("emailId");
  if (typeof create.identityId !== "string") return invalid("identityId");
  const emailId = resolveId(create.emailId, createdIds);
  const email = emailId === undefined ? undefined : stored.emails.get(emailId);
  if (emailId === undefined || email === undefined) return invalid("emailId");
  const identityId = resolveId(create.identityId, createdIds);
  const identity = identityId === undefined ? undefined : stored.identities.get(identityId);
  if (identityId === undefined || identity === undefined) return invalid("identityId");
  if (!own.has(identity)) {
    return { type: "forbiddenFrom", description: "The identity is not this mailbox's own address." };
  }

  const envelope = readEnvelope(create.envelope, own);
  if (envelope !== undefined && isSetError(envelope)) return envelope;

  const fields = readHeader(email.start, email.size <= email.start.length);
  if (typeof fields === "string") {
    return {
      type: "invalidEmail",
      properties: ["headers"],
      description: `The message's header is ${fields}.`,
    };
  }
  const forged = checkOriginators(fields, originator);
  if (forged !== undefined) return forged;
  const named = headerRecipients(fields);
  if (!Array.isArray(named)) return named as SetError;
  if (email.attachmentBytes > maxAttachmentBytes) return tooLarge(email.attachmentBytes, maxAttachmentBytes);

  const messageId = messageIdOf(fields);
  if (messageId === undefined && valuesOf(fields, "message-id").length > 0) {
    return {
      type: "invalidEmail",
      properties: ["messageId"],
      description: "The message needs one Message-ID.",
    };
  }
  return {
    // Ids instead of creation ids: the message that was looked at is the one that leaves.
    create: { ...create, emailId, identityId },
    emailId,
    // A message without an id of its own is known by its content.
    messageId: messageId ?? `blob:${email.blobId}`,
    recipients: [...new Set([...(envelope ?? []), ...named])],
  };
}

/** The SetError for recipients that may not be written to; undefined when all may. */
export function refuseRecipients(
  recipients: readonly string[],
  verdicts: ReadonlyMap<string, RecipientVerdict["status"]>,
): SetError | undefined {
  const refused = recipients.flatMap((address) => {
    const status = verdicts.get(address) ?? "invalid";
    return status === "hosted" || status === "listed" ? [] : [[address, status] as const];
  });
  if (refused.length === 0) return undefined;
  return {
    type: "invalidRecipients",
    invalidRecipients: refused.map(([address]) => address),
    description: "Some recipients are not in the MSSanté trust space, or have no mailbox.",
    "urn:mssante:reason": refused[0]![1],
    "urn:mssante:reasons": Object.fromEntries(refused),
  };
}
