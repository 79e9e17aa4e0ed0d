/** Bytes that no mail program sends: what they would smuggle in, make the edge tell, or bring down. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { SmtpClient } from "../../support/smtp-client.ts";
import { until } from "../../support/until.ts";
import {
  alias,
  anne,
  bruno,
  letter,
  startSubmissionStand,
  type SubmissionStand,
} from "./submission-stand.ts";

let stand: SubmissionStand;
let client: SmtpClient;

beforeAll(async () => {
  stand = await startSubmissionStand({ kind: "cyrus", limits: { personRecipientsPerHour: 1000 } });
});
beforeEach(async () => {
  client?.close();
  client = await stand.signedIn();
});
afterAll(async () => {
  client?.close();
  await stand?.stop();
});

const stored = (mark: string) =>
  until("the mail", () => stand.store.mails.find(({ raw }) => raw.includes(mark)));

/** Opens DATA and sends these bytes as they are; the reply to the real end. */
async function data(bytes: string): Promise<string> {
  await client.say(`MAIL FROM:<${anne}>`);
  await client.say(`RCPT TO:<${bruno}>`);
  expect(await client.say("DATA")).toMatch(/^354/);
  client.send(`${bytes}\r\n.\r\n`);
  return await client.reply();
}

// CVE-2023-51766: an end of data that only one of two servers sees makes the rest a mail of its own.
describe("a second mail is not smuggled in", () => {
  test.each([
    ["LF . LF", "\n.\n"],
    ["LF . CRLF", "\n.\r\n"],
    ["CRLF . LF", "\r\n.\n"],
    ["CR . CR", "\r.\r"],
    ["CR . CRLF", "\r.\r\n"],
    ["CRLF . CR", "\r\n.\r"],
    ["CRLF NUL . CRLF", "\r\n\0.\r\n"],
  ])("behind %s", async (_, end) => {
    const mark = crypto.randomUUID();
    const smuggled =
      `MAIL FROM:<${bruno}>\r\nRCPT TO:<${anne}>\r\nDATA\r\nFrom: ${bruno}\r\n\r\nsmuggled-${mark}`;
    const said = await data(`From: ${anne}\r\n\r\n${mark}${end}${smuggled}`);
    expect(said).toMatch(/^(250|5)/);
    // The session is where it should be: one reply to one mail.
    expect(await client.say("NOOP")).toBe("250 OK");
    if (said.startsWith("250")) expect((await stored(mark)).from).toBe(anne);
    expect(await client.mail(anne, [bruno], letter(undefined, `after-${mark}`))).toMatch(/^250/);
    await stored(`after-${mark}`);
    const mails = stand.store.mails.filter(({ raw }) => raw.includes(mark));
    expect(mails.every(({ from }) => from === anne)).toBe(true);
    // Nor is there anything left that the next server could take for an end. (A store that closes too early gets a mail again.)
    expect(mails.filter(({ raw }) => /\r(?!\n)|(?<!\r)\n/.test(raw))).toEqual([]);
    const handovers = new Set(mails.map(({ raw }) => /^X-MSS-Handover: (\S+)/m.exec(raw)?.[1]));
    expect(handovers.size).toBe(said.startsWith("250") ? 2 : 1);
  });

  test("nor does a dot at the beginning of a line get lost", async () => {
    const mark = crypto.randomUUID();
    expect(await data(`From: ${anne}\r\n\r\n${mark}\r\n..\r\n...two\r\n.one`)).toMatch(/^250/);
    expect((await stored(mark)).raw).toMatch(/\r\n\.\r\n\.\.two\r\none\r\n/);
  });
});

describe("a NUL", () => {
  test.each([`MAIL FROM:<${anne}\0>`, `MAIL FROM:<anne\0@alpha.mssante.test>`, `MAIL\0 FROM:<${anne}>`])(
    "in %j makes nobody somebody else",
    async (command) => {
      expect(await client.say(command)).toMatch(/^5/);
      expect(await client.say("NOOP")).toMatch(/^250/);
    },
  );

  test.each([
    `From: ${anne}\0, ${bruno}`,
    `From: ${anne}\r\nFrom\0: ${bruno}`,
    `From: ${anne}\r\nFr\0om: ${bruno}`,
    `\0From: ${bruno}\r\nFrom: ${anne}`,
    `From: ${anne}\r\nSender: \0${bruno}`,
    `From: ${anne}\r\n\x0cFrom: ${bruno}`,
  ])("or another control character in the header %j shows no other sender", async (header) => {
    const mark = crypto.randomUUID();
    const said = await data(`${header}\r\n\r\n${mark}`);
    if (!said.startsWith("250")) return expect(said).toMatch(/^5/);
    const { raw } = await stored(mark);
    expect(raw.split("\r\n\r\n")[0]).not.toContain(bruno);
  });

  test("in the text does no harm", async () => {
    const mark = crypto.randomUUID();
    expect(await data(`From: ${anne}\r\n\r\n${mark}\0end`)).toMatch(/^(250|5)/);
    expect(await client.say("NOOP")).toMatch(/^250/);
  });
});

describe("forms of From and Resent", () => {
  test.each([
    ["without a blank", `From:${anne}`],
    ["in capitals", `FROM: ${anne}`],
    ["on the second line", `From:\r\n ${anne}`],
    ["with comments in comments", `From: (a (b <${bruno}> c)) ${anne} (d)`],
    ["with a comment inside the brackets", `From: Anne <${anne} (x)>`],
    ["with bruno as the name", `From: "${bruno}" <${anne}>`],
    ["as an empty group besides", `From: a:;, ${anne}`],
    ["another address, folded in the middle", `From: Anne\r\n\t(x)\r\n <${alias}>`],
  ])("%s passes", async (_, header) => {
    expect(await data(`${header}\r\n\r\nx`)).toMatch(/^250/);
  });

  test.each([
    ["an encoded word as the address", "From: =?utf-8?q?anne=40alpha=2Emssante=2Etest?="],
    ["a quoted local part", 'From: "anne"@alpha.mssante.test'],
    ["a domain as a number", "From: anne@[127.0.0.1]"],
    ["an address beyond ASCII", "From: ann\xc3\xa9@alpha.mssante.test"],
    ["a domain beyond ASCII", "From: anne@\xc3\xa0lpha.mssante.test"],
    ["a comment that hides the end", `From: ${anne} (\r\nFrom: ${bruno}\r\n)`],
    ["two with a comma in a comment", `From: ${anne} (,) , ${bruno}`],
    ["two with a semicolon", `From: ${anne}; ${bruno}`],
    ["two groups", `From: a: ${anne};, b: ${bruno};`],
    ["a From behind a line of blanks", `From: ${anne}\r\n \r\nFrom: ${bruno}`],
    ["a From behind a tab", `From: ${anne}\r\nFrom\t: ${bruno}`],
    ["a From in wide letters", `From: ${anne}\r\n\xef\xbc\xa6rom: ${bruno}`],
    ["a mark of byte order", `\xef\xbb\xbfFrom: ${bruno}\r\nFrom: ${anne}`],
    ["Resent-From", `From: ${anne}\r\nResent-From: ${anne}`],
    ["Resent-Sender with a blank", `From: ${anne}\r\nResent-Sender : ${bruno}`],
    ["RESENT-FROM, folded", `From: ${anne}\r\nRESENT-FROM:\r\n ${bruno}`],
    [
      "a second Sender far below",
      `From: ${anne}\r\nSender: ${anne}\r\n${"X-A: b\r\n".repeat(50)}sender: ${bruno}`,
    ],
    ["two addresses in Sender", `From: ${anne}\r\nSender: ${anne}, ${bruno}`],
    ["an empty Sender", `From: ${anne}\r\nSender:`],
  ])("%s is refused", async (_, header) => {
    expect(await data(`${header}\r\n\r\nx`)).toMatch(/^55[03]/);
  });

  test.each([
    `<@beta.test:${bruno}>`,
    `<"anne@alpha.mssante.test "@beta.test>`,
    "<ann\xc3\xa9@alpha.mssante.test>",
  ])(
    "an envelope from %s is refused",
    async (sender) => {
      expect(await client.say(`MAIL FROM:${sender}`)).toMatch(/^5/);
    },
  );
});

describe("the protocol", () => {
  test("offers what a mail program needs, and no more", async () => {
    const fresh = await SmtpClient.secure(stand.persons);
    const offered = (await fresh.say("EHLO client.test")).split("\r\n").map((line) => line.slice(4));
    expect(offered.slice(1).sort()).toEqual(
      ["8BITMIME", "AUTH PLAIN LOGIN XOAUTH2 OAUTHBEARER", "DSN", "HELP", "PIPELINING", "SIZE 36700160"],
    );
    fresh.close();
  });

  test("takes commands in one packet, each with its answer, and no mail without a good recipient", async () => {
    client.send(`MAIL FROM:<${anne}>\r\nRCPT TO:<${bruno}>\r\nRCPT TO:<bad address>\r\nDATA\r\n`);
    const replies = [];
    for (let i = 0; i < 4; i++) replies.push((await client.reply()).slice(0, 3));
    expect(replies).toEqual(["250", "250", "501", "354"]);
    client.send(`${letter(undefined, "pipelined")}\r\n.\r\n`);
    expect(await client.reply()).toMatch(/^250/);
    client.send(`MAIL FROM:<${bruno}>\r\nRCPT TO:<${bruno}>\r\nDATA\r\n`);
    const refused = [];
    for (let i = 0; i < 3; i++) refused.push((await client.reply()).slice(0, 3));
    expect(refused).toEqual(["553", "503", "503"]);
  });

  test("has no BDAT", async () => {
    await client.say(`MAIL FROM:<${anne}>`);
    await client.say(`RCPT TO:<${bruno}>`);
    expect(await client.say("BDAT 3 LAST")).toMatch(/^5/);
  });

  test("carries eight bits unchanged, with or without BODY=8BITMIME", async () => {
    for (const body of [" BODY=8BITMIME", ""]) {
      const mark = crypto.randomUUID();
      await client.say(`MAIL FROM:<${anne}>${body}`);
      await client.say(`RCPT TO:<${bruno}>`);
      const text = `${mark} h\xc3\xa9l\xc3\xa8ne \xe9\xff`;
      expect(await client.data(letter(undefined, text))).toMatch(/^250/);
      expect((await stored(mark)).raw).toContain(text);
    }
    expect(await client.say(`MAIL FROM:<${anne}> BODY=BINARYMIME`)).toMatch(/^501/);
  });

  test.each(["VRFY", "EXPN", "ETRN"])("%s tells of nobody", async (verb) => {
    const answers = [];
    for (const about of [bruno, "nobody@beta.mssante.test"]) {
      const said = await client.say(`${verb} ${about}`);
      answers.push(said.replaceAll(about, "*"));
    }
    expect([...new Set(answers)], answers.join()).toHaveLength(1);
    expect(answers[0]).toMatch(/^(252|4|5)/);
  });

  test("a recipient that waits does not make others wait", async () => {
    stand.store.refuseRecipient = (to) => to.startsWith("slow@") ? "451 4.3.0 later" : undefined;
    const mark = crypto.randomUUID();
    expect(await client.mail(anne, ["slow@beta.mssante.test"], letter(undefined, `slow-${mark}`))).toMatch(
      /^250/,
    );
    expect(await client.mail(anne, ["slow@beta.mssante.test", bruno], letter(undefined, mark))).toMatch(
      /^250/,
    );
    expect((await stored(mark)).to).toEqual([bruno]);
    stand.store.refuseRecipient = () => undefined;
    await stored(`slow-${mark}`);
  });

  // Trap 8: what a check of the configuration does not see shows with a real message, and only there.
  test("none of it leaves a line in the panic log", async () => {
    expect(await Deno.readTextFile(`${stand.directory}/log/paniclog`).catch(() => "")).toBe("");
  });
});
