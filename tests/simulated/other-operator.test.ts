/** The simulated other operator: what it takes, what it refuses, and how it misbehaves. */
import { createTransport } from "nodemailer";
import net from "node:net";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { findFreePorts } from "../../scripts/stack/ports.ts";
import { type RunningSimulated, startSimulated } from "../../scripts/stack/simulated.ts";
import { removeTestDirectory, testDirectory } from "../support/directory.ts";

const partner = "gabriel.garnier@gamma.mssante.test";
const sender = "anne@alpha.mssante.test";
let operator: RunningSimulated;
let directory: string;
let origin: string;
let smtpPort: number;
let environment: Record<string, string>;

beforeAll(async () => {
  directory = await testDirectory("operator");
  const ports = findFreePorts(["control", "smtp"]);
  environment = {
    SIM_PORT: String(ports.control),
    SIM_SMTP_PORT: String(ports.smtp),
    SIM_DIRECTORY: directory,
    // Its own door: what it sends "to the platform" comes back to it, which is enough to see that it sends.
    SIM_RELAY: `127.0.0.1:${ports.smtp}`,
  };
  smtpPort = ports.smtp;
  await start();
});
afterEach(async () => {
  await fetch(`${origin}/behaviour`, { method: "DELETE" });
});
afterAll(async () => {
  await operator?.stop();
  await removeTestDirectory(directory);
});

async function start(): Promise<void> {
  operator = await startSimulated({ name: "other-operator", directory, environment, log: () => undefined });
  origin = String(operator.announcement["listening"]);
}

async function put(behaviour: Record<string, unknown>): Promise<number> {
  const response = await fetch(`${origin}/behaviour`, { method: "PUT", body: JSON.stringify(behaviour) });
  await response.body?.cancel();
  return response.status;
}

function message(lines: readonly string[] = [], body = "Bonjour."): string {
  return [`From: ${sender}`, "Date: Sat, 21 Nov 2026 09:00:00 +0000", ...lines, "", body, ""].join("\r\n");
}

/** Code of the refusal, or 250. 0 = the connection was lost. */
async function deliver(raw: string, to = partner, from = sender): Promise<number> {
  const transport = createTransport({
    host: "127.0.0.1",
    port: smtpPort,
    tls: { rejectUnauthorized: false },
  });
  try {
    const { response } = await transport.sendMail({ envelope: { from, to: [to] }, raw });
    return Number(response.slice(0, 3));
  } catch (error) {
    return (error as { responseCode?: number }).responseCode ?? 0;
  } finally {
    transport.close();
  }
}

async function countOf(messageId: string): Promise<number> {
  const response = await fetch(`${origin}/messages?messageId=${encodeURIComponent(messageId)}`);
  return (await response.json() as { count: number }).count;
}

test("a mail to a known box is kept byte for byte, also over a restart", async () => {
  const raw = message(["Message-ID: <kept@test>"]);
  expect(await deliver(raw)).toBe(250);
  await operator.stop();
  await start();
  const list = await (await fetch(`${origin}/messages?messageId=kept@test`)).json() as {
    messages: { id: number; isSecure: boolean; to: string[] }[];
  };
  expect(list.messages).toMatchObject([{ isSecure: true, to: [partner] }]);
  const kept = await (await fetch(`${origin}/messages/${list.messages[0]?.id}/raw`)).text();
  expect(kept.endsWith(raw)).toBe(true);
});

test("an unknown box, another domain and a sender of its own are refused", async () => {
  expect(await deliver(message(), "nobody@gamma.mssante.test")).toBe(550);
  expect(await deliver(message(), "someone@alpha.mssante.test")).toBe(550);
  expect(await deliver(message(), partner, "x@gamma.mssante.test")).toBe(550);
  await fetch(`${origin}/boxes/new@gamma.mssante.test`, { method: "PUT" });
  expect(await deliver(message(), "new@gamma.mssante.test")).toBe(250);
});

test("malformed envelopes are refused", async () => {
  for (
    const command of [
      "MAIL FROM:<a b@x.test>",
      "MAIL FROM:<@x.test>",
      "MAIL FROM:<a@x>",
      "MAIL FROM:<a@x.test> SIZE=abc",
    ]
  ) {
    expect(await converse([command]), command).toMatch(/^5\d\d /);
  }
  expect(await converse(["MAIL FROM:<a@x.test> SIZE=37748737"])).toMatch(/^552 /);
  expect(await converse(["MAIL FROM:<a@x.test>", "RCPT TO:<>"])).toMatch(/^5\d\d /);
});

test("malformed messages are refused: no or two From, no Date, a Bcc, eight-bit headers, long lines, bare LF", async () => {
  const wrong = [
    "Date: Sat, 21 Nov 2026 09:00:00 +0000\r\n\r\nx\r\n",
    `From: ${sender}\r\n\r\nx\r\n`,
    message([`From: ${sender}`]),
    message(["Bcc: x@alpha.mssante.test"]),
    message(["Subject: é"]),
    message([], "z".repeat(999)),
  ];
  for (const raw of wrong) expect(await deliver(raw), raw.slice(0, 60)).toBe(554);
  const lines = ["MAIL FROM:<a@x.test>", `RCPT TO:<${partner}>`, "DATA", `${message([], "a\nb")}\r\n.`];
  expect(await converse(lines)).toMatch(/^554 /);
});

test("a mail over 36 MiB is refused, one below is taken", async () => {
  const line = `${"q".repeat(76)}\r\n`;
  const body = (bytes: number) => line.repeat(Math.floor(bytes / line.length));
  expect(await deliver(message([], body(36 * 1024 * 1024 - 1000)))).toBe(250);
  expect(await deliver(message([], body(36 * 1024 * 1024 + 1000)))).toBe(552);
});

test("it refuses at the stage and with the code asked for, as often as asked for", async () => {
  for (const stage of ["connect", "mail", "rcpt", "data"]) {
    expect(await put({ refuse: { stage, code: 451 }, times: 1 })).toBe(200);
    expect(await deliver(message()), stage).toBe(451);
    expect(await deliver(message()), stage).toBe(250);
  }
});

test("a cut in the middle of the message keeps nothing; before or after the answer it keeps it", async () => {
  const expected = { "mid-data": 0, "before-answer": 1, "after-answer": 1 };
  for (const [drop, count] of Object.entries(expected)) {
    await put({ drop, times: 1 });
    const code = await deliver(message([`Message-ID: <${drop}@test>`]));
    if (drop !== "after-answer") expect(code, drop).toBe(0);
    expect(await countOf(`<${drop}@test>`), drop).toBe(count);
  }
});

test("TLS can be hidden or demanded", async () => {
  await put({ tls: "none" });
  expect(await converse([])).not.toContain("STARTTLS");
  await put({ tls: "required" });
  expect(await converse([])).toContain("STARTTLS");
  expect(await converse(["MAIL FROM:<a@x.test>"])).toMatch(/^550 /);
});

test("it sends to the platform and reports the platform's refusal", async () => {
  const send = (to: string) =>
    fetch(`${origin}/send`, {
      method: "POST",
      body: JSON.stringify({ from: sender, to: [to], messageId: "<sent@test>" }),
    });
  expect(await (await send(partner)).json()).toMatchObject({ accepted: [partner], rejected: [] });
  expect(await countOf("sent@test")).toBe(1);
  const refused = await send("nobody@gamma.mssante.test");
  expect(refused.status).toBe(502);
  expect(await refused.json()).toMatchObject({ code: 550 });
});

test("a wrong request to the control port is answered with what is wrong", async () => {
  expect(await put({ refuse: { stage: "never", code: 451 } })).toBe(422);
  expect(await put({ drop: "before-answer", unknown: true })).toBe(422);
  const response = await fetch(`${origin}/nothing`);
  await response.body?.cancel();
  expect(response.status).toBe(404);
});

/** Says EHLO, then each line, in clear; the last whole answer. */
async function converse(lines: readonly string[]): Promise<string> {
  const socket = net.connect({ host: "127.0.0.1", port: smtpPort });
  socket.setEncoding("latin1");
  let buffered = "";
  const answer = async (): Promise<string> => {
    while (true) {
      const end = /^\d{3} .*\r\n/m.exec(buffered);
      if (end !== null) {
        const whole = buffered.slice(0, end.index + end[0].length);
        buffered = buffered.slice(whole.length);
        return whole;
      }
      buffered += await new Promise<string>((resolve, reject) => {
        socket.once("data", (text: string) => resolve(text));
        socket.once("close", () => reject(new Error("closed")));
      });
    }
  };
  try {
    await answer();
    let last = "";
    for (const line of ["EHLO test", ...lines]) {
      socket.write(`${line}\r\n`, "latin1");
      last = await answer();
    }
    return last;
  } finally {
    socket.destroy();
  }
}
