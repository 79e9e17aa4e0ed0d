/** What was acknowledged arrives: over a store that is away and over a kill of everything, at any moment. */
import { afterAll, beforeAll, expect, test } from "vitest";
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
