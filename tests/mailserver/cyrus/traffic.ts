/** What the tests say to a mail server: SMTP by nodemailer, JMAP by fetch, and waiting for a condition. */
import { createTransport } from "nodemailer";
import type { MailServer } from "../../../api/mail-server/port.ts";
import { SmtpClient } from "../../support/smtp-client.ts";
import type { Stand } from "./stand.ts";

/** The outcome of an SMTP transaction: the code of the last refusal, or 250. */
export interface SmtpOutcome {
  readonly code: number;
  readonly text: string;
}

export interface Letter {
  readonly from: string;
  readonly to: string;
  /** Header From, when it differs from the envelope's. */
  readonly headerFrom?: string;
  readonly messageId?: string;
  readonly text?: string;
  /** The whole message instead of one made of the fields above. */
  readonly raw?: string;
}

/** Hands over what a box sends as the edge does: the box is named, without a password, at a port that only the platform reaches. */
export async function submit(stand: Stand, letter: Letter, box = letter.from): Promise<SmtpOutcome> {
  const client = await SmtpClient.connect(stand.mail.edge.submission);
  try {
    await client.say("EHLO edge.test");
    for (const line of [`MAIL FROM:<${letter.from}> AUTH=${box}`, `RCPT TO:<${letter.to}>`]) {
      const said = await client.say(line);
      if (!said.startsWith("2")) return outcome(said);
    }
    const lines = [
      `From: ${letter.headerFrom ?? letter.from}`,
      `To: ${letter.to}`,
      "Subject: Courrier",
      `Message-ID: <${letter.messageId ?? crypto.randomUUID()}@test>`,
    ];
    const text = letter.raw ?? rawMessage(lines, letter.text?.replaceAll("\n", "\r\n"));
    return outcome(await client.data(text.replace(/\r\n$/, "")));
  } catch (error) {
    return { code: 0, text: String(error) };
  } finally {
    client.close();
  }
}

function outcome(reply: string): SmtpOutcome {
  return { code: Number(reply.slice(0, 3)), text: reply };
}

/** Hands over as another operator would. */
export async function relay(stand: Stand, letter: Letter): Promise<SmtpOutcome> {
  const { relay: address } = stand.mail.addresses;
  if (address === undefined) throw new Error("no relay port");
  return await transact(address, letter);
}

async function transact(
  address: { host: string; port: number },
  letter: Letter,
): Promise<SmtpOutcome> {
  const transport = createTransport({
    ...address,
    requireTLS: true,
    tls: { rejectUnauthorized: false },
  });
  try {
    const envelope = { from: letter.from, to: [letter.to] };
    const content = letter.raw === undefined
      ? {
        from: letter.headerFrom ?? letter.from,
        to: letter.to,
        subject: "Courrier",
        messageId: `<${letter.messageId ?? crypto.randomUUID()}@test>`,
        text: letter.text ?? "Bonjour.",
      }
      : { raw: letter.raw };
    const { response } = await transport.sendMail({ envelope, ...content });
    return { code: Number(response.slice(0, 3)), text: response };
  } catch (error) {
    const { responseCode, response, message } = error as Error & { responseCode?: number; response?: string };
    return { code: responseCode ?? 0, text: response ?? message };
  } finally {
    transport.close();
  }
}

export type Invocation = [name: string, args: Record<string, unknown>, id: string];

const using = ["core", "mail", "submission", "quota"].map((name) => `urn:ietf:params:jmap:${name}`);

/** One JMAP request as a box. */
export async function jmap(
  driver: MailServer,
  box: string,
  calls: readonly Invocation[],
): Promise<Invocation[]> {
  const response = await fetch(driver.jmapUrl, {
    method: "POST",
    headers: { authorization: await driver.authorization(box), "content-type": "application/json" },
    body: JSON.stringify({
      using,
      methodCalls: calls.map(([name, args, id]) => [name, { accountId: box, ...args }, id]),
    }),
  });
  const { methodResponses } = await response.json() as { methodResponses: Invocation[] };
  return methodResponses;
}

/** Answer of the only call. */
export async function jmapOne<T>(
  driver: MailServer,
  box: string,
  name: string,
  args: Record<string, unknown> = {},
) {
  const [answer] = await jmap(driver, box, [[name, args, "0"]]);
  return answer?.[1] as T;
}

/** Message-IDs (without `@test`) in all folders of a box. */
export async function inboxOf(driver: MailServer, box: string): Promise<string[]> {
  const [query, get] = await jmap(driver, box, [
    ["Email/query", {}, "0"],
    ["Email/get", {
      "#ids": { resultOf: "0", name: "Email/query", path: "/ids" },
      properties: ["messageId", "subject"],
    }, "1"],
  ]);
  if (query?.[0] === "error") return []; // No mail has come yet: Cyrus knows no such account.
  const { list } = get?.[1] as { list: { messageId: string[] | null }[] };
  return list.map(({ messageId }) => (messageId?.[0] ?? "").replace(/@test$/, ""));
}

/** Waits until the condition holds. @throws Error after the time given, with the last thing seen. */
export async function until<T>(
  read: () => Promise<T>,
  holds: (seen: T) => boolean,
  seconds = 15,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  while (true) {
    const seen = await read();
    if (holds(seen)) return seen;
    if (Date.now() > deadline) {
      throw new Error(`not within ${seconds} s: ${JSON.stringify(seen)?.slice(-800)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

interface OperatorMessages {
  readonly count: number;
  readonly messages: {
    id: number;
    messageId: string;
    to: string[];
    from: string;
    isSecure: boolean;
    size: number;
  }[];
}

/** A message of these header lines. */
export function rawMessage(lines: readonly string[], body = "Bonjour."): string {
  return [...lines, "Date: Sat, 21 Nov 2026 09:00:00 +0000", "", body, ""].join("\r\n");
}

/** What the other operator holds under this Message-ID (without `@test`). */
export async function atOperator(stand: Stand, messageId: string): Promise<OperatorMessages> {
  const response = await fetch(`${stand.control}/messages?messageId=${messageId}@test`);
  return await response.json() as OperatorMessages;
}

export async function rawAtOperator(stand: Stand, id: number): Promise<string> {
  return await (await fetch(`${stand.control}/messages/${id}/raw`)).text();
}

/** Sets how the other operator misbehaves (infra/simulated/other-operator/behaviour.ts). */
export async function misbehave(stand: Stand, behaviour: Record<string, unknown>): Promise<void> {
  const response = await fetch(`${stand.control}/behaviour`, {
    method: "PUT",
    body: JSON.stringify(behaviour),
  });
  if (!response.ok) throw new Error(await response.text());
}
