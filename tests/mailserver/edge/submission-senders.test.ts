/** Whose name stands on a mail: envelope, From and Sender are addresses of one box that the person may send as, now. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { SmtpClient } from "../../support/smtp-client.ts";
import { until } from "../../support/until.ts";
import {
  alias,
  anne,
  bruno,
  letter,
  person,
  startSubmissionStand,
  type SubmissionStand,
  team,
} from "./submission-stand.ts";

let stand: SubmissionStand;
let client: SmtpClient;

beforeAll(async () => {
  stand = await startSubmissionStand({ kind: "cyrus", apiSeconds: 1 });
  client = await stand.signedIn();
});
afterEach(async () => {
  stand.api.state = "up";
  stand.api.senders.set(person, { [anne]: anne, [alias]: anne, [team]: team });
  if (client.isClosed) client = await stand.signedIn();
});
afterAll(async () => {
  client?.close();
  await stand?.stop();
});

let number = 0;
/** Sends with a mark in the body; returns the reply and, when it was accepted, what the store got. */
async function send(from: string, headers: readonly string[]) {
  const mark = `mark-${++number}.`;
  const reply = await client.mail(from, [bruno], letter(headers, mark));
  if (!reply.startsWith("250")) return { reply };
  const got = await until("the mail", () => stand.store.mails.find(({ raw }) => raw.includes(mark)));
  return { reply, got };
}

describe("the envelope's sender", () => {
  test.each([anne, alias, team, "Anne@Alpha.MSSante.TEST"])("may be %s", async (address) => {
    const { got } = await send(address, [`From: ${address}`]);
    expect(got?.as).toBe(address === team ? team : anne);
    expect(got?.from).toBe(address);
  });

  test.each([bruno, "anne+x@alpha.mssante.test", "anne@gamma.test", '"anne"@alpha.mssante.test.evil'])(
    "may not be %s: 553, and the session goes on",
    async (address) => {
      expect((await send(address, [`From: ${anne}`])).reply).toMatch(/^553 5\.7\.1/);
      expect((await send(anne, [`From: ${anne}`])).reply).toMatch(/^250/);
    },
  );

  test("may be nobody, for a read receipt, which goes on as the box that signed in", async () => {
    const { got } = await send("", [`From: ${anne}`]);
    expect(got).toMatchObject({ as: anne, from: "" });
    expect((await send("", [`From: ${team}`])).reply).toMatch(/^553/);
    expect((await send("", [`From: ${bruno}`])).reply).toMatch(/^553/);
  });

  test("brings nothing with AUTH=: the client's own word about who it is goes nowhere", async () => {
    const mark = "with-auth-parameter";
    expect(await client.say(`MAIL FROM:<${anne}> AUTH=${bruno}`)).toMatch(/^250/);
    await client.say(`RCPT TO:<${bruno}>`);
    expect(await client.data(letter([`From: ${anne}`], mark))).toMatch(/^250/);
    const got = await until("the mail", () => stand.store.mails.find(({ raw }) => raw.includes(mark)));
    expect(got.as).toBe(anne);
  });
});

describe("a right that ended since the sign-in", () => {
  test("shows at the next mail: 530 and the connection is closed", async () => {
    expect((await send(anne, [`From: ${anne}`])).reply).toMatch(/^250/);
    stand.api.senders.delete(person);
    expect(await client.say(`MAIL FROM:<${anne}>`)).toMatch(/^530 5\.7\.0/);
    await until("the end of the connection", () => client.isClosed);
  });

  test("of one box of several leaves the others", async () => {
    stand.api.senders.set(person, { [anne]: anne });
    expect((await send(team, [`From: ${team}`])).reply).toMatch(/^553/);
    expect((await send(anne, [`From: ${anne}`])).reply).toMatch(/^250/);
  });
});

test.each(["error", "garbage", "silent", "no-box"] as const)(
  "an API in trouble (%s) at a mail is try later, never no",
  async (state) => {
    stand.api.state = state;
    expect(await client.say(`MAIL FROM:<${anne}>`)).toMatch(/^451/);
    await client.say("RSET");
    stand.api.state = "up";
    expect((await send(anne, [`From: ${anne}`])).reply).toMatch(/^250/);
  },
);

test("an API that goes away between envelope and From is try later too", async () => {
  expect(await client.say(`MAIL FROM:<${anne}>`)).toMatch(/^250/);
  expect(await client.say(`RCPT TO:<${bruno}>`)).toMatch(/^250/);
  stand.api.state = "error";
  expect(await client.data(letter([`From: ${alias}`]))).toMatch(/^451/);
});

const nonBreaking = "\xc2\xa0";
const encoded = "=?utf-8?Q?Allard=2C_Anne?=";

describe("From", () => {
  test.each([
    ["plain", `From: ${anne}`],
    ["in brackets", `From: <${anne}>`],
    ["with a name", `From: Anne Allard <${anne}>`],
    ["with a quoted name and a comma", `From: "Allard, Anne" <${anne}>`],
    ["with a comma in an encoded name (trap 1)", `From: ${encoded} <${anne}>`],
    ["with a name in raw UTF-8", `From: H\xc3\xa9l\xc3\xa8ne <${anne}>`],
    ["folded", `From: Anne\r\n Allard\r\n\t<${anne}>`],
    ["with a comment", `From: ${anne} (docteur, Lyon)`],
    ["in other letters", `From: ANNE@Alpha.mssante.test`],
    ["under another address of the box", `From: ${alias}`],
    ["alone in a group", `From: cabinet: ${anne};`],
    ["absent: it is added", "X-Nothing: x"],
  ])("%s passes", async (_, header) => {
    const { reply, got } = await send(anne, [header]);
    expect(reply).toMatch(/^250/);
    expect(got?.as).toBe(anne);
    expect(got?.raw.match(/^from:/gim)).toHaveLength(1);
  });

  test.each([
    ["another's", `From: ${bruno}`],
    ["another box of the person, which is not the envelope's", `From: ${team}`],
    ["two addresses", `From: ${anne}, ${bruno}`],
    ["the same address twice", `From: ${anne}, ${anne}`],
    ["two in a group", `From: x: ${anne}, ${bruno};`],
    ["the box as a name", `From: "${anne}" <${bruno}>`],
    // Decoded, these words open a comment around the real address: a parser of decoded text sees anne, every reader shows bruno.
    [
      "an address behind encoded words (trap 1)",
      `From: =?utf-8?q?anne=40alpha=2Emssante=2Etest_=28?= <${bruno}> (=?utf-8?q?=29?=)`,
    ],
    ["a second From (trap 2)", `From: ${anne}\r\nFrom: ${bruno}`],
    ["a second From far below (trap 2)", `From: ${anne}\r\n${"X-A: b\r\n".repeat(50)}from: ${bruno}`],
    ["old syntax with a blank before the colon (trap 2)", `From: ${anne}\r\nFrom : ${bruno}`],
    ["a non-breaking space before the colon (trap 2)", `From: ${anne}\r\nFrom${nonBreaking}: ${bruno}`],
    ["a line without a name", `From: ${anne}\r\n: ${bruno}`],
    ["empty", "From:"],
    ["an empty group", "From: nobody:;"],
    ["an address without domain", "From: anne"],
    ["a route", `From: <@${bruno.split("@")[1]}:${bruno}>`],
    ["broken brackets", `From: <${anne}> <${bruno}>`],
    ["a sub-address", "From: anne+bruno@alpha.mssante.test"],
    ["a quoted local part", `From: "anne@alpha.mssante.test "@beta.mssante.test`],
    ["a bare line feed", `From: ${anne}\nFrom: ${bruno}`],
    ["a bare carriage return", `From: ${anne}\rFrom: ${bruno}`],
  ])("%s is refused", async (_, header) => {
    const { reply } = await send(anne, [header]);
    expect(reply).toMatch(/^55[03]/);
  });
});

describe("Sender and Resent", () => {
  test.each([anne, alias, `Anne <${anne}>`])("Sender %s passes", async (address) => {
    expect((await send(anne, [`From: ${anne}`, `Sender: ${address}`])).reply).toMatch(/^250/);
  });
  test.each([
    `Sender: ${bruno}`,
    `Sender: ${team}`,
    `Sender: =?utf-8?q?anne=40alpha=2Emssante=2Etest_=28?= <${bruno}> (=?utf-8?q?=29?=)`,
    `Sender: ${anne}\r\nSender: ${bruno}`,
    `Resent-From: ${bruno}`,
    `Resent-Sender: ${anne}`,
  ])("%s is refused", async (header) => {
    expect((await send(anne, [`From: ${anne}`, header])).reply).toMatch(/^55[03]/);
  });
});
