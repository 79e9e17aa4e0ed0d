/** What a message must be, what it costs, and what becomes of one that the store refuses or cannot take yet. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { SmtpClient } from "../../support/smtp-client.ts";
import { until } from "../../support/until.ts";
import {
  anne,
  bruno,
  letter,
  password,
  person,
  startSubmissionStand,
  type SubmissionStand,
  team,
} from "./submission-stand.ts";

let stand: SubmissionStand;
let client: SmtpClient;
const from = `From: ${anne}`;

beforeAll(async () => {
  stand = await startSubmissionStand({
    limits: { personRecipientsPerHour: 24, boxRecipientsPerHour: 30 },
  });
});
afterEach(() => {
  stand.store.refuseRecipient = () => undefined;
  stand.store.refuseMail = () => undefined;
});
afterAll(async () => {
  client?.close();
  await stand?.stop();
});

/** A session of a person of its own, so that one test's recipients do not count against another's. */
async function anybody(
  box = `${crypto.randomUUID().slice(0, 8)}@alpha.mssante.test`,
  who = crypto.randomUUID(),
) {
  const secret = crypto.randomUUID();
  stand.api.grants.set(secret, { [box]: { box, person: `app-password:${who}@${box}` } });
  stand.api.senders.set(`app-password:${who}@${box}`, { [box]: box });
  const session = await stand.signedIn(box, secret);
  return { session, box };
}

const arrived = (mark: string) =>
  until("the mail", () => stand.store.mails.find(({ raw }) => raw.includes(mark)));

describe("a message", () => {
  beforeAll(async () => {
    client = await stand.signedIn();
  });

  test("loses its Bcc and Return-Path, folded too, and gets what it lacks", async () => {
    const headers = [
      from,
      "Bcc: a@a.test,\r\n b@b.test",
      "Return-Path: <x@x.test>",
      "BCC: c@c.test",
      "X-MSS-Handover: mine",
    ];
    expect(await client.mail(anne, [bruno], letter(headers, "without-bcc"))).toMatch(/^250/);
    const { raw } = await arrived("without-bcc");
    expect(raw).not.toMatch(/^(bcc|return-path):|[abc]\.test|handover: mine/im);
    expect(raw).toMatch(/^Message-Id: <\S+@\S+>\r$/im);
    expect(raw).toMatch(/^Date: /m);
  });

  test("tells nothing of the network that it comes from", async () => {
    await client.mail(anne, [bruno], letter([from], "no-address"));
    expect((await arrived("no-address")).raw).not.toMatch(/127\.0\.0\.1|client\.test/);
  });

  test("with a header of more than 60 kB is refused (trap 3)", async () => {
    const hidden = `${
      "X-Padding: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(12_000)
    }From: ${bruno}`;
    expect(await client.mail(anne, [bruno], letter([from, hidden]))).toMatch(/^552/);
    const wide = "X-Padding: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".concat("\r\n")
      .repeat(700);
    expect(await client.mail(anne, [bruno], letter([from, wide.trimEnd()]))).toMatch(/^250/);
  });

  test("with a line of more than 998 characters is refused, in the body and in the header (trap 5)", async () => {
    expect(await client.mail(anne, [bruno], letter([from], "x".repeat(999)))).toMatch(/^550 5\.6\.0/);
    expect(await client.mail(anne, [bruno], letter([from, `X-Long: ${"x".repeat(1000)}`]))).toMatch(/^550/);
    expect(await client.mail(anne, [bruno], letter([from], "x".repeat(998)))).toMatch(/^250/);
  });

  test("for an address beyond ASCII is refused, and SMTPUTF8 is not offered (trap 6)", async () => {
    expect(await client.say("EHLO client.test")).not.toMatch(/SMTPUTF8|CHUNKING/);
    await client.say(`MAIL FROM:<${anne}>`);
    expect(await client.say("RCPT TO:<h\xc3\xa9l\xc3\xa8ne@beta.mssante.test>")).toMatch(/^5/);
    await client.say("RSET");
    expect(await client.say(`MAIL FROM:<${anne}> SMTPUTF8`)).toMatch(/^5/);
    await client.say("RSET");
  });

  test("of 25 MiB of attachments passes, of more than 35 MiB does not", async () => {
    expect(await client.say(`MAIL FROM:<${anne}> SIZE=36700161`)).toMatch(/^552/);
    const line = `${btoa("x".repeat(57))}\r\n`;
    const attachments = line.repeat(Math.ceil(26_214_400 / 57));
    expect(
      await client.mail(anne, [bruno], letter([from, "MIME-Version: 1.0"], `large-one\r\n${attachments}`)),
    ).toMatch(/^250/);
    expect((await arrived("large-one")).raw.length).toBeGreaterThan(attachments.length);
    expect(await client.mail(anne, [bruno], letter([from], line.repeat(490_000)))).toMatch(/^552/);
    expect(await client.mail(anne, [bruno], letter([from], "small again"))).toMatch(/^250/);
  });

  // Trap 7: acl_c_* and acl_m_* stand in the spool; they are the box and the proof's reference, nothing secret.
  test("lies in the queue with the box and the proof, and comes out of it as that box", async () => {
    await stand.store.close();
    expect(await client.mail(team, [bruno], letter([`From: ${team}`], "in-queue"))).toMatch(/^250/);
    const id = (await until(
      "the mail in the queue",
      async () => /^\s*\S+\s+\S+\s+(\S+) </m.exec(await stand.queue("-bp")),
    ))[1]!;
    const header = await stand.queue("-Mvh", id);
    expect(header).toContain(person);
    expect(header).not.toContain(password);
    await stand.store.open();
    expect((await arrived("in-queue")).as).toBe(`${team}%edge@operateur.mssante.test`);
  });

  test("is one connection at the store, signed in as its box", async () => {
    const marks = [anne, team, anne].map((box, index) => ({ box, mark: `connection-${index}.` }));
    await stand.store.close();
    for (const { box, mark } of marks) await client.mail(box, [bruno], letter([`From: ${box}`], mark));
    await stand.store.open();
    const mails = await Promise.all(marks.map(({ mark }) => arrived(mark)));
    expect(mails.map(({ as }) => as.split("%")[0])).toEqual(marks.map(({ box }) => box));
    expect(new Set(mails.map(({ connection }) => connection)).size).toBe(3);
  });
});

// Trap 8: what a check of the configuration does not see shows with a real message, and only in the panic log.
test("nothing of all this reached the panic log", async () => {
  const { session, box } = await anybody();
  expect(await session.mail(box, [bruno], letter([`From: ${box}`]))).toMatch(/^250/);
  expect(await Deno.readTextFile(`${stand.directory}/log/paniclog`).catch(() => "")).toBe("");
  session.close();
});

describe("the store's refusal of a recipient reaches the person at once", () => {
  test.each([
    ["550 5.1.1 no such box here", /^550 5\.1\.1 no such box here$/],
    [
      "550 5.1.2 Relay not allowed.",
      /^550[ -]5\.7\.1 gamma\.test: hors de l'espace de confiance/,
    ],
    [
      "553 5.7.1 domain gamma.test is not in the trust space",
      /^550[ -]5\.7\.1 gamma\.test: hors de l'espace de confiance/,
    ],
    ["552 5.2.2 over quota", /^552 5\.2\.2 over quota$/],
    ["550 nothing enhanced", /^550 5\.1\.1 nothing enhanced$/],
  ])("%s", async (refusal, expected) => {
    const { session, box } = await anybody();
    stand.store.refuseRecipient = (address) => address.endsWith("gamma.test") ? refusal : undefined;
    await session.say(`MAIL FROM:<${box}>`);
    expect(await session.say("RCPT TO:<x@gamma.test>")).toMatch(expected);
    expect(await session.say(`RCPT TO:<${bruno}>`)).toMatch(/^250/);
    session.close();
  });

  test("one that says later is taken, and delivered when it says yes", async () => {
    const { session, box } = await anybody();
    stand.store.refuseRecipient = () => "451 4.3.0 later";
    expect(await session.mail(box, [bruno], letter([`From: ${box}`], "taken-later"))).toMatch(/^250/);
    stand.store.refuseRecipient = () => undefined;
    await arrived("taken-later");
    session.close();
  });
});

describe("a recipient whose box is full", () => {
  test("is told while the person is there, by the size that the mail is said to have; the others are not touched", async () => {
    const { session, box } = await anybody();
    stand.api.room.set("full@beta.mssante.test", -2).set("nearly@beta.mssante.test", 10_000);
    const says = async (recipient: string, size = "") => {
      await session.say(`MAIL FROM:<${box}>${size}`);
      const said = await session.say(`RCPT TO:<${recipient}>`);
      expect(await session.say(`RCPT TO:<${bruno}>`)).toMatch(/^250/);
      await session.say("RSET");
      return said;
    };
    expect(await says("Full@beta.mssante.test")).toMatch(/^552 5\.2\.2 .*pleine.*full/);
    expect(await says("nearly@beta.mssante.test", " SIZE=20000")).toMatch(/^552 5\.2\.2/);
    expect(await says("nearly@beta.mssante.test", " SIZE=9000")).toMatch(/^250/);
    // Who does not exist is refused as before, full or not.
    stand.store.refuseRecipient = (address) =>
      address.startsWith("full@") ? "550 5.1.1 no such box" : undefined;
    expect(await says("full@beta.mssante.test")).toMatch(/^550 5\.1\.1/);
    session.close();
  });

  test("is taken while nobody can say", async () => {
    const { session, box } = await anybody();
    stand.api.room.set("full@beta.mssante.test", -2);
    await session.say(`MAIL FROM:<${box}>`);
    stand.api.state = "error";
    expect(await session.say("RCPT TO:<full@beta.mssante.test>")).toMatch(/^250/);
    stand.api.state = "up";
    session.close();
  });
});

test("a refusal of the whole mail comes back as a notice to the sender in French and English, without the mail's content", async () => {
  const { session, box } = await anybody();
  stand.store.refuseMail = ({ from }) => from === box ? "552 5.2.2 over quota" : undefined;
  expect(await session.mail(box, [bruno], letter([`From: ${box}`], "the-content"))).toMatch(/^250/);
  const notice = await until("the notice", () => stand.bounces.mails.find(({ to }) => to[0] === box));
  expect(notice.from).toBe("");
  expect(notice.raw).toContain("over quota");
  expect(notice.raw).toMatch(/^Subject: Message non remis \/ Message not delivered\r$/m);
  expect(notice.raw).toMatch(/la boite du destinataire est pleine[\s\S]*the recipient's mailbox is full/);
  expect(notice.raw).not.toContain("the-content");
  session.close();
});

describe("limits count by person and by box, never by address", () => {
  test("a person who is over his is told to come back; another from the same address is not", async () => {
    const { session, box } = await anybody();
    const other = await anybody();
    await session.say(`MAIL FROM:<${box}>`);
    const replies: string[] = [];
    for (let i = 0; i < 26; i++) replies.push(await session.say(`RCPT TO:<r${i}@beta.mssante.test>`));
    expect(replies.filter((reply) => reply.startsWith("250"))).toHaveLength(24);
    expect(replies.at(-1)).toMatch(/^450 4\.7\.1/);
    expect(await other.session.mail(other.box, [bruno], letter([`From: ${other.box}`]))).toMatch(/^250/);
    session.close();
    other.session.close();
  });

  test("a person who signs in anew has the limit that he had", async () => {
    const who = crypto.randomUUID();
    const replies: string[] = [];
    for (const session of ["1763728000.1763742400.-", "1763728100.1763742500.-"]) {
      const [box, secret] = ["again@alpha.mssante.test", crypto.randomUUID()];
      const proof = `person:${who}.${session}@22222222-2222-4222-8222-222222222222`;
      stand.api.grants.set(secret, { [box]: { box, person: proof } });
      stand.api.senders.set(proof, { [box]: box });
      const client = await stand.signedIn(box, secret);
      await client.say(`MAIL FROM:<${box}>`);
      for (let i = 0; i < 14; i++) replies.push(await client.say(`RCPT TO:<a${i}@beta.mssante.test>`));
      client.close();
    }
    expect(replies.filter((reply) => reply.startsWith("250"))).toHaveLength(24);
  });

  test("a box that is over its own is, whoever sends", async () => {
    const shared = "secretariat@alpha.mssante.test";
    const replies: string[] = [];
    for (const who of [1, 2].map(() => crypto.randomUUID())) {
      const { session } = await anybody(shared, who);
      await session.say(`MAIL FROM:<${shared}>`);
      for (let i = 0; i < 17; i++) replies.push(await session.say(`RCPT TO:<s${i}@beta.mssante.test>`));
      session.close();
    }
    expect(replies.filter((reply) => reply.startsWith("250"))).toHaveLength(30);
  });

  test("forty sessions from one address are let in", async () => {
    const sessions = await Promise.all(Array.from({ length: 40 }, () => stand.signedIn()));
    expect(await sessions[39]!.say("NOOP")).toMatch(/^250/);
    for (const session of sessions) session.close();
  });
});
