/** What was acknowledged arrives: over a store that is away, a disk that is full and a kill of everything, at any moment. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SmtpClosed } from "../../support/smtp-client.ts";
import { runToEnd, unprivilegedAccount } from "../../../scripts/stack/packages.ts";
import { until } from "../../support/until.ts";
import { anne, bruno, letter, startSubmissionStand, type SubmissionStand } from "./submission-stand.ts";

let stand: SubmissionStand;

beforeAll(async () => {
  stand = await startSubmissionStand({ kind: "cyrus" });
});
afterAll(() => stand?.stop());

test("with the store away the person gets his 250, and the mail arrives when it is back", async () => {
  await stand.store.close();
  const client = await stand.signedIn();
  expect(await client.mail(anne, [bruno], letter(undefined, "while-away"))).toMatch(/^250/);
  expect(await stand.queue("-bpc")).toMatch(/^1\n/);
  await stand.store.open();
  await until("the mail", () => stand.store.mails.some(({ raw }) => raw.includes("while-away")));
  await until("an empty queue", async () => (await stand.queue("-bpc")).startsWith("0"));
  client.close();
});

test("kill -9 of all its processes, again and again, loses and damages nothing that was acknowledged", async () => {
  const acknowledged = new Map<string, string>();
  let number = 0;
  let isOver = false;
  /** Sends until the end, signing in anew whenever the connection breaks. */
  const send = async (size: number): Promise<void> => {
    while (!isOver) {
      try {
        const client = await stand.signedIn();
        while (!isOver) {
          const mark = `mark-${++number}`;
          const body = `${mark}:${crypto.randomUUID()}\r\n${
            "0123456789abcdef".repeat(4).concat("\r\n").repeat(size)
          }`;
          const said = await client.mail(anne, [bruno], letter(undefined, `begin ${body}end`));
          if (said.startsWith("250")) acknowledged.set(mark, body);
        }
        client.close();
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20)); // It is being started again.
      }
    }
  };
  const senders = [1, 30, 3000].map(send);
  for (let kills = 0; kills < 4; kills++) {
    const before = acknowledged.size;
    await until("some mails", () => acknowledged.size >= before + 4);
    await stand.kill();
    if (kills === 1) await stand.store.close();
    await stand.start();
    if (kills === 2) await stand.store.open();
  }
  isOver = true;
  await Promise.all(senders);

  const bodies = () => stand.store.mails.map(({ raw }) => /begin (mark-[\s\S]*)end/.exec(raw)?.[1]);
  await until("all acknowledged mails", () => {
    const seen = new Set(bodies());
    return [...acknowledged.values()].every((body) => seen.has(body));
  }, 30);
  expect(acknowledged.size).toBeGreaterThan(15);
  // One handed over twice shows the same name of its acceptance both times: by it the store may know it again.
  const handovers = new Map<string, Set<string>>();
  for (const { raw } of stand.store.mails) {
    const mark = /begin (mark-\d+):/.exec(raw)?.[1];
    const name = /^X-MSS-Handover: (\S+)\r$/m.exec(raw)?.[1];
    if (mark !== undefined) handovers.set(mark, (handovers.get(mark) ?? new Set()).add(name ?? ""));
  }
  expect([...handovers.values()].every((names) => names.size === 1 && !names.has(""))).toBe(true);
});

const stored = (mark: string) =>
  until("the mail", () => stand.store.mails.find(({ raw }) => raw.includes(mark)), 30);

test("a daemon that is told to stop in the middle of a mail takes it to its end", async () => {
  const client = await stand.signedIn();
  await client.say(`MAIL FROM:<${anne}>`);
  await client.say(`RCPT TO:<${bruno}>`);
  await client.say("DATA");
  client.send(`From: ${anne}\r\n\r\nhalf`);
  Deno.kill(stand.pid(), "SIGTERM");
  client.send(" and-the-rest\r\n.\r\n");
  expect(await client.reply()).toMatch(/^250/);
  client.close();
  await stand.kill();
  await stand.start();
  await stored("half and-the-rest");
});

test("what a kill left of a mail that nobody was told to be accepted is removed after a day", async () => {
  const [old, young] = ["1xAAAA-000001-AA-D", "1xAAAA-000002-AA-D"].map((name) =>
    `${stand.directory}/spool/input/${name}`
  ) as [string, string];
  const client = await stand.signedIn();
  await client.mail(anne, [bruno], letter(undefined, "makes-the-queue"));
  await stored("makes-the-queue");
  client.close();
  await stand.kill();
  for (const path of [old, young]) await Deno.writeTextFile(path, "half of a mail");
  const longAgo = new Date(Date.now() - 2 * 24 * 60 * 60 * 1000);
  await Deno.utime(old, longAgo, longAgo);
  await stand.start();
  await expect(Deno.stat(old)).rejects.toBeInstanceOf(Deno.errors.NotFound);
  await Deno.remove(young);
});

describe("a disk without room", () => {
  test("is said at MAIL, 452, and what was taken before goes out all the same", async () => {
    await stand.store.close();
    const before = await stand.signedIn();
    expect(await before.mail(anne, [bruno], letter(undefined, "before-full"))).toMatch(/^250/);
    before.close();
    await stand.kill();
    await stand.start({ spareMegabytes: 1_000_000_000 });
    const client = await stand.signedIn();
    expect(await client.say(`MAIL FROM:<${anne}>`)).toMatch(/^452/);
    expect(await client.say("NOOP")).toMatch(/^250/);
    client.close();
    await stand.store.open();
    await stored("before-full");
    await stand.kill();
    await stand.start();
    const after = await stand.signedIn();
    expect(await after.mail(anne, [bruno], letter(undefined, "after-full"))).toMatch(/^250/);
    await stored("after-full");
    after.close();
  });

  test("in the middle of a mail refuses that mail alone, and acknowledges nothing that it does not keep", async () => {
    await stand.kill();
    await stand.start();
    // Sessions that begin now can write no file beyond this.
    const runAs = unprivilegedAccount();
    await runToEnd(
      "prlimit",
      "prlimit",
      [`--pid=${stand.pid()}`, "--fsize=1000000"],
      runAs === undefined ? {} : { runAs },
    );
    const client = await stand.signedIn();
    const big = letter(undefined, `too-big\r\n${"x".repeat(76).concat("\r\n").repeat(30_000)}`);
    const said = await client.mail(anne, [bruno], big).catch((error: unknown) => error);
    expect(said instanceof SmtpClosed || /^4/.test(String(said)), String(said)).toBe(true);
    client.close();
    const next = await stand.signedIn();
    expect(await next.mail(anne, [bruno], letter(undefined, "small-one"))).toMatch(/^250/);
    await stored("small-one");
    next.close();
    await stand.kill();
    await stand.start();
    expect(stand.store.mails.some(({ raw }) => raw.includes("too-big"))).toBe(false);
  });
});
