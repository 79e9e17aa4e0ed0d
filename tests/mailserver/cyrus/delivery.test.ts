/** Cyrus with Exim: who receives, from whom, and what leaves for another operator. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { elsewhere, hosted, type Stand, startStand } from "./stand.ts";
import {
  atOperator,
  inboxOf,
  jmap,
  misbehave,
  rawAtOperator,
  rawMessage,
  relay,
  submit,
  until,
} from "./traffic.ts";

let stand: Stand;
let anne: string;
let bob: string;
const partner = `gabriel.garnier@${elsewhere}`;

beforeAll(async () => {
  stand = await startStand();
  anne = await stand.addBox({ address: `anne@${hosted}`, aliases: [`contact@${hosted}`] });
  bob = await stand.addBox({ address: `bob@${hosted}` });
});
afterAll(() => stand?.stop());

test("a mail to a box of the platform arrives in it", async () => {
  expect(await submit(stand, { from: bob, to: anne, messageId: "local" })).toMatchObject({ code: 250 });
  await until(() => inboxOf(stand.driver, anne), (ids) => ids.includes("local"));
});

test("a mail to another address of a box arrives in the box, in any case of letters", async () => {
  await submit(stand, { from: bob, to: `Contact@${hosted.toUpperCase()}`, messageId: "alias" });
  await until(() => inboxOf(stand.driver, anne), (ids) => ids.includes("alias"));
});

test("an address that nobody has is refused while the sender waits", async () => {
  expect(await submit(stand, { from: bob, to: `nobody@${hosted}` })).toMatchObject({ code: 553 });
  expect(await relay(stand, { from: partner, to: `nobody@${hosted}` })).toMatchObject({ code: 550 });
});

test("a suspended box refuses delivery and sending, and takes mail again when it is resumed", async () => {
  const carol = await stand.addBox({ address: `carol@${hosted}` });
  await submit(stand, { from: bob, to: carol, messageId: "before" });
  await until(() => inboxOf(stand.driver, carol), (ids) => ids.includes("before"));
  await stand.setStatus(carol, "suspended");
  expect(await submit(stand, { from: bob, to: carol })).toMatchObject({ code: 553 });
  expect(await relay(stand, { from: partner, to: carol })).toMatchObject({ code: 550 });
  expect(await submit(stand, { from: carol, to: bob })).toMatchObject({ code: 554 });
  await stand.setStatus(carol, "active");
  await submit(stand, { from: bob, to: carol, messageId: "after" });
  const kept = await until(() => inboxOf(stand.driver, carol), (ids) => ids.includes("after"));
  expect(kept).toContain("before");
});

test("a recipient outside the trust space is refused at RCPT", async () => {
  const outcome = await submit(stand, { from: bob, to: "someone@gmail.test" });
  expect(outcome).toMatchObject({ code: 553 });
  expect(outcome.text).toContain("not in the trust space");
});

test("a mail to a listed domain goes to the other operator, encrypted and without Bcc", async () => {
  const raw = rawMessage([`From: ${bob}`, `To: ${partner}`, `Bcc: ${anne}`, "Message-ID: <listed@test>"]);
  await submit(stand, { from: bob, to: partner, raw });
  const { messages: [message] } = await until(() => atOperator(stand, "listed"), ({ count }) => count === 1);
  expect(message).toMatchObject({ from: bob, to: [partner], isSecure: true });
  expect(await rawAtOperator(stand, message?.id ?? 0)).not.toMatch(/^bcc:/im);
});

test("nothing leaves in clear when the other operator offers no TLS", async () => {
  await misbehave(stand, { tls: "none" });
  await submit(stand, { from: bob, to: partner, messageId: "clear" });
  await until(() => stand.mtaLog(), (log) => log.includes("TLS session is required"));
  expect(await atOperator(stand, "clear")).toMatchObject({ count: 0 });
  await misbehave(stand, {});
  await until(() => atOperator(stand, "clear"), ({ count }) => count === 1, 30);
});

test("a refusal of the other operator comes back to the sender without a copy of the mail", async () => {
  await submit(stand, { from: bob, to: `unknown@${elsewhere}`, messageId: "bounced", text: "un diagnostic" });
  const bounce = await until(
    () => bouncesOf(bob),
    (texts) => texts.some((text) => text.includes(`unknown@${elsewhere}`)),
  );
  expect(bounce.join()).not.toContain("un diagnostic");
});

test("a mail of the other operator arrives", async () => {
  const response = await fetch(`${stand.control}/send`, {
    method: "POST",
    body: JSON.stringify({ from: partner, to: [anne], messageId: "<from-outside@test>" }),
  });
  expect(await response.json()).toMatchObject({ accepted: [anne] });
  await until(() => inboxOf(stand.driver, anne), (ids) => ids.includes("from-outside"));
});

test("from outside nobody speaks for us, for an unlisted domain, or to a third party", async () => {
  expect(await relay(stand, { from: bob, to: anne })).toMatchObject({ code: 550 });
  expect(await relay(stand, { from: "x@gmail.test", to: anne })).toMatchObject({ code: 550 });
  expect(await relay(stand, { from: partner, to: `laboratoire@${elsewhere}` })).toMatchObject({ code: 550 });
});

test("the log holds neither subject nor text nor the address of anybody", async () => {
  await submit(stand, { from: bob, to: anne, messageId: "logged", text: "confidentiel" });
  await submit(stand, { from: bob, to: partner, messageId: "logged-outside" });
  await submit(stand, { from: bob, to: `nobody@${hosted}`, messageId: "refused" });
  await relay(stand, { from: partner, to: `nobody@${hosted}` });
  await relay(stand, { from: partner, to: anne, messageId: "logged-inside" });
  const followed = ["logged", "logged-outside", "logged-inside"];
  const log = await until(
    () => stand.mtaLog(),
    (text) =>
      followed.every((id) => {
        const queueId = new RegExp(` (\\S+) <= .* id=${id}@test`).exec(text)?.[1];
        return queueId !== undefined && text.includes(`${queueId} => to=~`) &&
          text.includes(`${queueId} Completed`);
      }),
  );
  expect(log).toMatch(/ rejected RCPT to=~/);
  expect(log).not.toMatch(/courrier|confidentiel|nobody/i);
  // Only the ends of Message-IDs.
  expect(log.match(/\S+@\S+/g)?.filter((each) => !/^id=<?[^@]+@/.test(each)) ?? []).toEqual([]);
});

async function bouncesOf(box: string): Promise<string[]> {
  const [, get] = await jmap(stand.driver, box, [
    ["Email/query", {}, "0"],
    ["Email/get", {
      "#ids": { resultOf: "0", name: "Email/query", path: "/ids" },
      fetchAllBodyValues: true,
      properties: ["bodyValues"],
    }, "1"],
  ]);
  const { list = [] } = get?.[1] as { list?: { bodyValues: Record<string, { value: string }> }[] };
  return list.flatMap(({ bodyValues }) => Object.values(bodyValues).map(({ value }) => value));
}
