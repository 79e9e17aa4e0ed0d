/** Puts a notice into a box by JMAP, as the box itself (RFC 8621 §4.6): it leaves nowhere and needs no one's submission. */
import { type MailServer, MailServerRefused, MailServerUnavailable } from "./port.ts";

export interface Notice {
  readonly address: string;
  readonly from: string;
  readonly subject: string;
  readonly text: string;
  /** By which `hasNotice` knows it again: the left part of its Message-ID. The mail server makes one up without it. */
  readonly id?: string;
}

const timeoutMilliseconds = 30_000;
const using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"];

type Call = readonly [method: string, args: Readonly<Record<string, unknown>>, id: string];

/** Throws `MailServerUnavailable` (try again) or `MailServerRefused`. */
export async function putNotice(mailServer: MailServer, notice: Notice): Promise<void> {
  const call = await openBox(mailServer, notice.address);
  const folders = await call("Mailbox/get", { ids: null, properties: ["role"] }) as {
    list: { id: string; role: string | null }[];
  };
  const inbox = folders.list.find((folder) => folder.role === "inbox");
  if (inbox === undefined) throw new MailServerRefused("no-inbox", "The box has no inbox.");
  const { created, notCreated } = await call("Email/set", {
    create: {
      notice: {
        mailboxIds: { [inbox.id]: true },
        ...notice.id === undefined ? {} : { messageId: [messageIdOf(notice)] },
        from: [{ name: "Messagerie MSSanté", email: notice.from }],
        to: [{ email: notice.address }],
        subject: notice.subject,
        bodyValues: { text: { value: notice.text } },
        textBody: [{ partId: "text", type: "text/plain" }],
      },
    },
  }) as { created?: Record<string, unknown> | null; notCreated?: Record<string, { type: string }> | null };
  if (created?.notice === undefined) {
    throw new MailServerRefused(notCreated?.notice?.type ?? "not-created", "The notice was refused.");
  }
}

const pageSize = 200;
/** By how much the mail server's clock may be behind ours. */
const clockMilliseconds = 300_000;

/**
 * Whether this notice, which has an `id`, lies in whatever folder of its box: for who does not know whether an attempt arrived.
 * Asked of the Message-IDs themselves, since what a search finds may be indexed later. Throws as `putNotice`.
 */
export async function hasNotice(mailServer: MailServer, notice: Notice, since: Date): Promise<boolean> {
  const call = await openBox(mailServer, notice.address);
  const after = new Date(since.getTime() - clockMilliseconds).toISOString().replace(/\.\d+Z$/, "Z");
  for (let position = 0;; position += pageSize) {
    const { ids } = await call("Email/query", {
      filter: { after },
      sort: [{ property: "receivedAt", isAscending: true }],
      position,
      limit: pageSize,
    }) as { ids: string[] };
    if (ids.length === 0) return false;
    const { list } = await call("Email/get", { ids, properties: ["messageId"] }) as {
      list: { messageId: string[] | null }[];
    };
    if (list.some(({ messageId }) => messageId?.includes(messageIdOf(notice)) ?? false)) return true;
  }
}

function messageIdOf({ id, from }: Notice): string {
  return `${id ?? ""}@${from.slice(from.lastIndexOf("@") + 1)}`;
}

/** Calls, one by one, in the main account of the box. */
async function openBox(mailServer: MailServer, address: string) {
  const session = await send(mailServer, address, mailServer.sessionUrl) as {
    primaryAccounts: Record<string, string>;
  };
  const accountId = session.primaryAccounts["urn:ietf:params:jmap:mail"];
  return async (method: string, args: object) => {
    const calls: Call[] = [[method, { accountId, ...args }, "0"]];
    const { methodResponses } = await send(mailServer, address, mailServer.jmapUrl, {
      using,
      methodCalls: calls,
    }) as { methodResponses: [string, Record<string, unknown>, string][] };
    const [name, result] = methodResponses[0] ?? ["error", {} as Record<string, unknown>];
    if (name !== method) throw new MailServerUnavailable(`${method}: ${String(result.type ?? "no answer")}`);
    return result;
  };
}

async function send(
  mailServer: MailServer,
  address: string,
  url: string | URL,
  body?: unknown,
): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: body === undefined ? "GET" : "POST",
      redirect: "error",
      headers: {
        authorization: await mailServer.authorization(address),
        ...body === undefined ? {} : { "content-type": "application/json" },
      },
      ...body === undefined ? {} : { body: JSON.stringify(body) },
      signal: AbortSignal.timeout(timeoutMilliseconds),
    });
  } catch (cause) {
    throw new MailServerUnavailable("The mail server does not answer.", { cause });
  }
  if (response.ok) return await response.json();
  await response.body?.cancel();
  if (response.status >= 500 || response.status === 429) {
    throw new MailServerUnavailable(`The mail server answers HTTP ${response.status}.`);
  }
  throw new MailServerRefused(`http-${response.status}`, "The mail server does not let the box in.");
}
