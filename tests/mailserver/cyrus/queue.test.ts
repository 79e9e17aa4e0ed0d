/** What Exim has accepted is not lost: the next hop down, the store full, Exim itself killed. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { elsewhere, hosted, type Stand, startStand } from "./stand.ts";
import { atOperator, inboxOf, jmapOne, misbehave, relay, submit, until } from "./traffic.ts";

let stand: Stand;
let anne: string;
let bob: string;
const partner = `gabriel.garnier@${elsewhere}`;

beforeAll(async () => {
  stand = await startStand();
  anne = await stand.addBox({ address: `anne@${hosted}` });
  bob = await stand.addBox({ address: `bob@${hosted}` });
});
afterAll(() => stand?.stop());

test("mail for the other operator waits while it is down, survives kill -9 of Exim, and arrives once", async () => {
  await stand.stopOperator();
  const ids = Array.from({ length: 5 }, (_, index) => `waiting-${index}`);
  for (const messageId of ids) {
    expect(await submit(stand, { from: bob, to: partner, messageId })).toMatchObject({ code: 250 });
  }
  await stand.mail.kill();
  await stand.startOperator();
  await stand.relaunch();
  for (const id of ids) await until(() => atOperator(stand, id), ({ count }) => count > 0, 40);
  for (const id of ids) expect(await atOperator(stand, id)).toMatchObject({ count: 1 });
});

test("a temporary refusal is tried again, a final one is not", async () => {
  await misbehave(stand, { refuse: { stage: "rcpt", code: 451, text: "4.2.1 later" }, times: 1 });
  await submit(stand, { from: bob, to: partner, messageId: "later" });
  await until(() => atOperator(stand, "later"), ({ count }) => count === 1, 40);
  await misbehave(stand, { refuse: { stage: "data", code: 554, text: "5.6.0 never" }, times: 1 });
  await submit(stand, { from: bob, to: partner, messageId: "never" });
  await until(() => stand.mtaLog(), (log) => / \*\* to=.*said=554 5\.6\.0/.test(log));
  expect(await atOperator(stand, "never")).toMatchObject({ count: 0 });
});

test("a connection cut in the middle of a mail loses nothing", async () => {
  await misbehave(stand, { drop: "mid-data", times: 1 });
  await submit(stand, {
    from: bob,
    to: partner,
    messageId: "cut",
    text: "x".repeat(70).concat("\n").repeat(5000),
  });
  await until(() => atOperator(stand, "cut"), ({ count }) => count === 1, 40);
});

test("mail for a box over its quota waits and is delivered when there is room", async () => {
  const small = await stand.addBox({ address: `small@${hosted}` });
  const box = (quotaBytes: number) => ({
    address: small,
    displayName: "",
    quotaBytes,
    status: "active" as const,
    sendAs: [],
  });
  await stand.driver.applyMailbox(box(1_048_576));
  const text = `${"y".repeat(70)}\n`.repeat(12_000);
  await submit(stand, { from: bob, to: small, messageId: "fits", text });
  await until(() => inboxOf(stand.driver, small), (ids) => ids.includes("fits"));
  await submit(stand, { from: bob, to: small, messageId: "waits", text });
  await until(() => stand.mtaLog(), (log) => log.includes("452 4.2.2"));
  expect(await inboxOf(stand.driver, small)).toEqual(["fits"]);
  await stand.driver.applyMailbox(box(104_857_600));
  await until(() => inboxOf(stand.driver, small), (ids) => ids.includes("waits"), 40);
  const { list } = await jmapOne<{ list: { hardLimit: number }[] }>(stand.driver, small, "Quota/get", {
    ids: null,
  });
  expect(list[0]?.hardLimit).toBeGreaterThan(1_048_576);
});

test("with the directory away all is put off and nothing is refused for good, let through or lost", async () => {
  await stand.stopOperator();
  await submit(stand, { from: bob, to: partner, messageId: "put-off" });
  await stand.setDirectory("down");
  try {
    expect(await submit(stand, { from: bob, to: anne })).toMatchObject({ code: 451 });
    expect((await relay(stand, { from: partner, to: anne })).code).toBe(451);
    await stand.startOperator();
    const before = (await stand.mtaLog()).length;
    await until(
      async () => (await stand.mtaLog()).slice(before),
      (log) => / == to=.* defer/.test(log),
      30,
    );
    expect(await atOperator(stand, "put-off")).toMatchObject({ count: 0 });
  } finally {
    await stand.setDirectory("up");
  }
  await until(() => atOperator(stand, "put-off"), ({ count }) => count === 1, 40);
  expect(await submit(stand, { from: bob, to: anne })).toMatchObject({ code: 250 });
});

test("kill -9 of the whole mail server in the middle of deliveries, four times, loses none and doubles none", async () => {
  const accepted: string[] = [];
  for (let round = 0; round < 4; round++) {
    let isRunning = true;
    const senders = [0, 1, 2].map(async (sender) => {
      for (let index = 0; isRunning; index++) {
        const messageId = `crash-${round}-${sender}-${index}`;
        if ((await relay(stand, { from: partner, to: anne, messageId })).code !== 250) return;
        accepted.push(messageId);
      }
    });
    const goal = accepted.length + 12;
    await until(() => Promise.resolve(accepted.length), (count) => count >= goal, 30);
    await stand.mail.kill();
    isRunning = false;
    await Promise.all(senders);
    await stand.relaunch();
  }
  const arrived = await until(
    () => inboxOf(stand.driver, anne),
    (seen) => accepted.every((id) => seen.includes(id)),
    40,
  );
  expect(arrived.length).toBe(new Set(arrived).size);
});
