/** A box as JMAP shows it, and what is in it. What the webmail does with it is in webmail-client.ts. */
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
