/** Acts of mail in JMAP, as the webmail does them: a draft with its own Message-ID, then its submission in the same request. */
import { HttpFailure, type MethodResponse, type Visitor } from "./visitor.ts";

export interface Box {
  readonly address: string;
  readonly accountId: string;
  readonly identityId: string;
  readonly drafts: string;
  readonly sent: string;
  readonly inbox: string;
}

/** The arguments of the answer to `callId`; an `error` answer throws with its type. */
export function answerOf(responses: readonly MethodResponse[], callId: string): Record<string, unknown> {
  const found = responses.find(([, , id]) => id === callId);
  if (!found) throw new Error(`no answer for call ${callId}`);
  if (found[0] === "error") throw new Error(`${callId}: ${JSON.stringify(found[1])}`);
  return found[1];
}

export async function openBox(visitor: Visitor, address: string): Promise<Box> {
  const accountId = await visitor.accountOf(address);
  const responses = await visitor.call([
    ["Mailbox/get", { accountId, ids: null, properties: ["id", "role"] }, "m"],
    ["Identity/get", { accountId, ids: null }, "i"],
  ]);
  const folders = answerOf(responses, "m").list as { id: string; role: string | null }[];
  const folder = (role: string) => {
    const found = folders.find((one) => one.role === role);
    if (!found) throw new Error(`${address} has no folder of role ${role}`);
    return found.id;
  };
  const identities = answerOf(responses, "i").list as { id: string; email: string }[];
  const identity = identities.find((one) => one.email === address);
  if (!identity) throw new Error(`${address} has no identity`);
  return {
    address,
    accountId,
    identityId: identity.id,
    drafts: folder("drafts"),
    sent: folder("sent"),
    inbox: folder("inbox"),
  };
}

export interface Outgoing {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** Without angle brackets, as JMAP has it. */
  readonly messageId: string;
}

function draftOf(box: Box, mail: Outgoing): Record<string, unknown> {
  return {
    mailboxIds: { [box.drafts]: true },
    keywords: { "$draft": true, "$seen": true },
    messageId: [mail.messageId],
    from: [{ email: box.address }],
    to: [{ email: mail.to }],
    subject: mail.subject,
    bodyValues: { t: { value: mail.text } },
    textBody: [{ partId: "t", type: "text/plain" }],
  };
}

/** Saves the draft and returns its id. Throws when the answer is lost or refuses. */
export async function saveDraft(visitor: Visitor, box: Box, mail: Outgoing): Promise<string> {
  const answer = answerOf(
    await visitor.call([["Email/set", { accountId: box.accountId, create: { d: draftOf(box, mail) } }, "e"]]),
    "e",
  );
  const created = (answer.created ?? {}) as Record<string, { id: string }>;
  if (!created.d) throw new Error(`the draft was refused: ${JSON.stringify(answer.notCreated)}`);
  return created.d.id;
}

/** Submits a saved draft and moves it to the sent messages (RFC 8621 §7.5). Throws when the answer is lost or refuses. */
export async function submit(visitor: Visitor, box: Box, mail: Outgoing, emailId: string): Promise<void> {
  const { accountId, identityId } = box;
  const answer = answerOf(
    await visitor.call([["EmailSubmission/set", {
      accountId,
      create: {
        s: {
          identityId,
          emailId,
          envelope: { mailFrom: { email: box.address }, rcptTo: [{ email: mail.to }] },
        },
      },
      onSuccessUpdateEmail: {
        "#s": {
          [`mailboxIds/${box.drafts}`]: null,
          [`mailboxIds/${box.sent}`]: true,
          "keywords/$draft": null,
        },
      },
    }, "s"]]),
    "s",
  );
  const refused = (answer.notCreated ?? {}) as Record<string, unknown>;
  if (refused.s) throw new Error(`the submission was refused: ${JSON.stringify(refused.s)}`);
}

/** Ids of the messages of a box that bear this Message-ID, in whatever folder (RFC 8621 §4.4.1, condition `header`). */
export async function withMessageId(
  visitor: Visitor,
  accountId: string,
  messageId: string,
  folder?: string,
): Promise<string[]> {
  const responses = await visitor.call([
    ["Email/query", {
      accountId,
      filter: folder ? { inMailbox: folder } : {},
      sort: [{ property: "receivedAt", isAscending: false }],
      limit: 500,
    }, "q"],
    ["Email/get", {
      accountId,
      "#ids": { resultOf: "q", name: "Email/query", path: "/ids" },
      properties: ["id", "messageId"],
    }, "g"],
  ]);
  answerOf(responses, "q"); // Its error says more than that of the call that refers to it.
  const list = answerOf(responses, "g").list as { id: string; messageId: string[] | null }[];
  return list.filter((one) => one.messageId?.includes(messageId)).map((one) => one.id);
}

/** True for what a client repeats: no answer at all, or an answer that says "later". */
export function isWorthRepeating(error: unknown): boolean {
  if (error instanceof HttpFailure) return error.status >= 500 || error.status === 429;
  if (error instanceof TypeError) return true;
  return error instanceof Error &&
    /serverUnavailable|serverFail|serverPartialFail|no account for|no session for|has no folder|try again|later/i
      .test(
        error.message,
      );
}
