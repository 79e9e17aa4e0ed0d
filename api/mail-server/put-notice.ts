/** Puts a notice into a box by JMAP, as the box itself (RFC 8621 §4.6): it leaves nowhere and needs no one's submission. */
import { type MailServer, MailServerRefused, MailServerUnavailable } from "./port.ts";

export interface Notice {
  readonly address: string;
  readonly from: string;
  readonly subject: string;
  readonly text: string;
}

const timeoutMilliseconds = 30_000;
const using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"];

type Call = readonly [method: string, args: Readonly<Record<string, unknown>>, id: string];

/** Throws `MailServerUnavailable` (try again) or `MailServerRefused`. */
export async function putNotice(mailServer: MailServer, notice: Notice): Promise<void> {
  const session = await send(mailServer, notice.address, mailServer.sessionUrl) as {
    primaryAccounts: Record<string, string>;
  };
  const accountId = session.primaryAccounts["urn:ietf:params:jmap:mail"];
  const call = async (method: string, args: object) => {
    const calls: Call[] = [[method, { accountId, ...args }, "0"]];
    const { methodResponses } = await send(mailServer, notice.address, mailServer.jmapUrl, {
      using,
      methodCalls: calls,
    }) as { methodResponses: [string, Record<string, unknown>, string][] };
    const [name, result] = methodResponses[0] ?? ["error", {} as Record<string, unknown>];
    if (name !== method) throw new MailServerUnavailable(`${method}: ${String(result.type ?? "no answer")}`);
    return result;
  };
  const folders = await call("Mailbox/get", { ids: null, properties: ["role"] }) as {
    list: { id: string; role: string | null }[];
  };
  const inbox = folders.list.find((folder) => folder.role === "inbox");
  if (inbox === undefined) throw new MailServerRefused("no-inbox", "The box has no inbox.");
  const { created, notCreated } = await call("Email/set", {
    create: {
      notice: {
        mailboxIds: { [inbox.id]: true },
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
