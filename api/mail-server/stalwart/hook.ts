/**
 * The submission hook: before Stalwart accepts the DATA of a signed-in box (by JMAP or by SMTP), it POSTs the message
 * here and waits. Mail that comes from the border never passes here.
 *
 * What it proves: a call says that a submission *reached* DATA, not that it was accepted; no call since an attempt
 * began says that it never will be. A failure to answer is a temporary failure to the sender (451): nothing is
 * queued, nothing is lost. The body carries the whole message; only what stands before its content is read, the rest
 * is passed over as it comes, so that 25 MiB cost no memory.
 */

/** What the platform may know of a submission. No subject, no content. */
export interface SubmissionHook {
  /** The box that signed in: its own address, whichever address it used as sender. */
  readonly box: string;
  /** Stalwart's queue id, hexadecimal; the message will stand in the queue under it if it is accepted. */
  readonly queueId: string;
  /** Envelope sender, lower case. */
  readonly from: string;
  /** Envelope recipients, lower case, after resolution of aliases of hosted boxes. */
  readonly recipients: readonly string[];
  /** The message's own Message-ID without angle brackets; `undefined` when it has none. */
  readonly messageId: string | undefined;
  /** The name of the edge's acceptance (`X-MSS-Handover`): the same when it hands a mail over again. */
  readonly handover: string | undefined;
  /** `jmap`: the gateway's request is still open; `smtp`: a standard client. */
  readonly via: "jmap" | "smtp";
}

/** The body is not a call of the data stage of a signed-in box. */
export class InvalidHook extends Error {
  override readonly name = "InvalidHook";
}

/**
 * Key before the message's content. Inside a JSON string every quote is escaped, so these bytes are that key and
 * nothing a sender wrote.
 */
const contentsKey = new TextEncoder().encode(',"contents":"');
/** Headers beyond this are no mail that our server accepts. */
const maximumPrefixBytes = 4 * 1024 * 1024;

/**
 * Reads the call and passes over the content to its end (the server takes an answer before that as a failure).
 *
 * @throws InvalidHook
 */
export async function readSubmissionHook(body: ReadableStream<Uint8Array>): Promise<SubmissionHook> {
  let prefix = new Uint8Array(0);
  let found = -1;
  for await (const chunk of body) {
    if (found >= 0) continue;
    if (prefix.length > maximumPrefixBytes) throw new InvalidHook("The headers have no end.");
    const searchFrom = Math.max(0, prefix.length - contentsKey.length);
    const joined = new Uint8Array(prefix.length + chunk.length);
    joined.set(prefix);
    joined.set(chunk, prefix.length);
    prefix = joined;
    found = indexOf(prefix, contentsKey, searchFrom);
  }
  const text = new TextDecoder().decode(found < 0 ? prefix : prefix.subarray(0, found));
  let parsed: unknown;
  try {
    parsed = JSON.parse(found < 0 ? text : `${text}}}`);
  } catch (cause) {
    throw new InvalidHook("The body is not JSON.", { cause });
  }
  return toSubmission(parsed as HookRequest);
}

/**
 * The call at RCPT of mail from the border: the recipient that was just named, after resolution of aliases; undefined when there
 * is none. It says no size: Stalwart sends no parameters.
 *
 * @throws InvalidHook
 */
export function readRecipientHook(body: string): string | undefined {
  let parsed: HookRequest;
  try {
    parsed = JSON.parse(body) as HookRequest;
  } catch (cause) {
    throw new InvalidHook("The body is not JSON.", { cause });
  }
  if (parsed?.context?.stage !== "rcpt") throw new InvalidHook("The call is not of the stage of recipients.");
  return parsed.envelope?.to?.at(-1)?.address;
}

/** As Stalwart 0.16 sends it, seen; what is absent in a stage is absent in the JSON. */
interface HookRequest {
  readonly context?: {
    readonly stage?: string;
    readonly client?: { readonly ip?: string; readonly port?: number };
    readonly sasl?: { readonly login?: string };
    readonly queue?: { readonly id?: string };
  };
  readonly envelope?: {
    readonly from?: { readonly address?: string };
    readonly to?: readonly { readonly address?: string }[];
  };
  readonly message?: { readonly headers?: readonly (readonly [string, string])[] };
}

function toSubmission(request: HookRequest): SubmissionHook {
  const { context, envelope, message } = request;
  const box = context?.sasl?.login;
  const queueId = context?.queue?.id;
  if (context?.stage !== "data" || box === undefined || queueId === undefined) {
    throw new InvalidHook("The call is not of the data stage of a signed-in box.");
  }
  return {
    box,
    queueId,
    from: envelope?.from?.address ?? "",
    recipients: (envelope?.to ?? []).flatMap(({ address }) => address === undefined ? [] : [address]),
    messageId: messageIdOf(message?.headers ?? []),
    handover: headerOf(message?.headers ?? [], "x-mss-handover"),
    // A JMAP submission is a session inside the server: it has no client port.
    via: context.client?.port === 0 ? "jmap" : "smtp",
  };
}

function messageIdOf(headers: readonly (readonly [string, string])[]): string | undefined {
  const id = headerOf(headers, "message-id")?.replace(/^</, "").replace(/>$/, "");
  return id === "" ? undefined : id;
}

/** Its value without blanks; undefined when there is none. */
function headerOf(headers: readonly (readonly [string, string])[], wanted: string): string | undefined {
  const value = headers.find(([name]) => name.toLowerCase() === wanted)?.[1].replace(/\s+/g, "");
  return value === "" ? undefined : value;
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(wanted[0]!, from); at >= 0; at = bytes.indexOf(wanted[0]!, at + 1)) {
    if (wanted.every((byte, offset) => bytes[at + offset] === byte)) return at;
  }
  return -1;
}

/** Body of a 200 answer. */
export type HookAnswer = {
  readonly action: "accept" | "reject" | "discard";
  readonly response?: {
    readonly status: number;
    readonly enhanced_status: string;
    readonly message: string;
    readonly disconnect: false;
  };
};

/** Let it be queued. */
export function acceptSubmission(): HookAnswer {
  return { action: "accept" };
}

/**
 * The same message was accepted before: the sender gets his 250 and nothing is queued again. Only with proof of the
 * first acceptance; otherwise a mail is lost.
 */
export function alreadyAccepted(): HookAnswer {
  return { action: "discard", response: response(250, "2.0.0", "Message already queued") };
}

/** Temporary: the client keeps the message and tries again. */
export function deferSubmission(message: string): HookAnswer {
  return { action: "reject", response: response(451, "4.3.0", message) };
}

/** The box is full: the other operator keeps the mail, tries again and tells its sender that it waits. */
export function deferForRoom(): HookAnswer {
  return { action: "reject", response: response(452, "4.2.2", "Mailbox full, try again later") };
}

/** For good: the client tells the person. Over JMAP it is the description of `forbiddenToSend`. */
export function refuseSubmission(message: string): HookAnswer {
  return { action: "reject", response: response(550, "5.7.1", message) };
}

function response(status: number, enhanced: string, message: string): NonNullable<HookAnswer["response"]> {
  return { status, enhanced_status: enhanced, message, disconnect: false };
}

/**
 * What the description of a SetError of EmailSubmission/set means. The server reports every answer at DATA as
 * `forbiddenToSend`, also the 250 of `alreadyAccepted`.
 *
 * `temporary`: nothing was queued, the same call may be repeated. `already-accepted`: the first attempt holds.
 */
export function meaningOfRefusal(description: string): "already-accepted" | "temporary" | "refused" {
  const status = /Server rejected (?:DATA|MAIL-FROM|RCPT-TO): (\d)\d\d/.exec(description)?.[1];
  if (status === "2") return "already-accepted";
  return status === "4" ? "temporary" : "refused";
}
