/**
 * What the logs of a whole exchange hold: enough to follow one mail to the next hop, and no person's address. Who writes to whom
 * is health data, and an address at patient.mssante.fr is a patient's.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { nameInLog } from "../../../api/mail-server/cyrus/log-name.ts";
import { base64, sasl, SmtpClient } from "../../support/smtp-client.ts";
import { until } from "../../support/until.ts";
import { anne, letter, password, startSubmissionStand, type SubmissionStand } from "./submission-stand.ts";

let stand: SubmissionStand;
let client: SmtpClient;
let person: string;
const patient = (name: string) => `${name}@patient.mssante.test`;

beforeAll(async () => {
  stand = await startSubmissionStand({ limits: { personRecipientsPerHour: 20, boxRecipientsPerHour: 1000 } });
});
beforeEach(async () => {
  const [who, secret] = [crypto.randomUUID(), crypto.randomUUID()];
  person = `app-password:${who}@22222222-2222-4222-8222-222222222222`;
  stand.api.grants.set(secret, { [anne]: { box: anne, person } });
  stand.api.senders.set(person, { [anne]: anne });
  client = await stand.signedIn(anne, secret);
});
afterEach(async () => {
  client.close();
  stand.store.refuseRecipient = stand.bounces.refuseRecipient = () => undefined;
  stand.store.refuseMail = () => undefined;
  await expectNobodyIn(await stand.log());
});
afterAll(() => stand?.stop());

const send = (to: readonly string[], id: string) =>
  client.mail(anne, to, letter([`From: Anne Allard <${anne}>`, `Message-ID: <${id}@dossier.test>`]));

/** The lines of the mail with this Message-ID, once one of them says what is waited for. */
async function traceOf(id: string, expected: RegExp): Promise<string[]> {
  return await until(`${expected} of ${id}`, async () => {
    const lines = (await stand.log()).split("\n");
    const queueId = lines.map((line) => / (\S+) SUBMIT .* id=<(\S+)@dossier\.test>/.exec(line))
      .find((found) => found?.[2] === id)?.[1];
    const own = queueId === undefined ? [] : lines.filter((line) => line.includes(queueId));
    return own.some((line) => expected.test(line)) ? own : undefined;
  }, 20);
}

test("a mail can be followed from the person to the next hop, by its Message-ID and its ids on the way", async () => {
  const to = patient("269054958815780");
  expect(await send([to], "delivered")).toMatch(/^250/);
  const lines = await traceOf("delivered", / Completed/);
  const key = await Deno.readTextFile(`${stand.directory}/log-key`);
  const all = lines.join("\n");
  expect(all).toContain(` SUBMIT box=${nameInLog(key, anne)} person=${person} mech=plain id=<delivered@`);
  expect(all).toMatch(
    / <= from=~[\da-f]{16} H=\[127\.0\.0\.1\]:\d+ .*S=\d+ P=esmtpsa .*id=delivered@dossier\.test/,
  );
  expect(all).toContain(` => to=${nameInLog(key, to)} from=${nameInLog(key, anne)} H=127.0.0.1 [127.0.0.1] `);
  expect(all).toMatch(/ => .* R=sent_by_a_box T=stalwart .*said=250 DT=[\d.]+s/);
});

test("what was put off, tried again, refused, bounced or rejected says so, with the reply's code", async () => {
  const [greylisted, delayed, gone, again, unknown, other] = [
    "malade-a",
    "malade-b",
    "malade-c",
    "malade-d",
    "malade-e",
    "malade-f",
  ]
    .map(patient) as [string, string, string, string, string, string];
  // The next hop puts off, at the recipient and at the end, then takes it.
  stand.store.refuseRecipient = (to) => to === greylisted ? "451 4.7.1 greylisted, tell pierre@x" : undefined;
  stand.store.refuseMail = ({ to }) => to.includes(delayed) ? "452 4.2.2 box of pierre is full" : undefined;
  expect(await send([greylisted], "greylisted")).toMatch(/^250/);
  expect(await send([delayed], "delayed")).toMatch(/^250/);
  await traceOf("greylisted", / == to=~\S+ .*R=sent_by_a_box T=stalwart defer \(-\d+\) .*said=451 4\.7\.1/);
  await traceOf("delayed", / == to=~.*said=452 4\.2\.2/);
  stand.store.refuseRecipient = () => undefined;
  stand.store.refuseMail = () => undefined;
  await traceOf("greylisted", / => .*said=250/);
  await traceOf("delayed", / => .*said=250/);
  // It refuses the mail: a notice goes back.
  stand.store.refuseMail = ({ to }) => to.includes(gone) ? `552 5.2.2 ${gone} is full` : undefined;
  expect(await send([gone, again], "bounced")).toMatch(/^250/);
  await traceOf("bounced", / \*\* to=~.*said=552 5\.2\.2/);
  await until("the notice", () => stand.bounces.mails.some(({ to }) => to[0] === anne));
  // It refuses the recipient while the person is there; so do we, for his own mistakes.
  stand.store.refuseRecipient = (to) => to === unknown ? `550 5.1.1 no ${unknown}` : undefined;
  await client.say(`MAIL FROM:<${anne}>`);
  expect(await client.say(`RCPT TO:<${unknown}>`)).toMatch(/^550/);
  await client.say("RSET");
  expect(await client.say(`MAIL FROM:<${patient("foreign")}>`)).toMatch(/^553/);
  expect(await client.say(`MAIL FROM:<"jean dupont"@patient.mssante.test>`)).toMatch(/^5/);
  expect(await client.mail(anne, [other], letter([`From: ${patient("foreign")}`]))).toMatch(/^553/);
  expect(await client.mail(anne, [other], letter(["From: Jean Dupont <jean dupont@x>"]))).toMatch(/^55/);
  await client.say(`MAIL FROM:<${anne}>`);
  for (let said = "250"; said.startsWith("250");) said = await client.say(`RCPT TO:<${other}>`);
  const log = await until("the refusals", async () => {
    const text = await stand.log();
    return / temporarily rejected RCPT .*refused rate/.test(text) ? text : undefined;
  });
  expect(log).toMatch(/ rejected RCPT to=~\S+ .*said=550/);
  expect(log).toMatch(/ rejected MAIL to=~\S+ refused sender person=app-password:/);
  expect(log).toMatch(/ rejected after DATA refused header-from person=app-password:/);
});

test("a notice that nobody takes is frozen, and both mails can be told apart", async () => {
  stand.store.refuseMail = () => "554 5.0.0 never";
  stand.bounces.refuseRecipient = () => `550 5.1.1 ${anne} has gone`;
  expect(await send([patient("malade-g")], "frozen")).toMatch(/^250/);
  const queueId = (await traceOf("frozen", / \*\* to=~.*said=554 5\.0\.0/))[0]!.split(" ")[2]!;
  await until("the frozen notice", async () => / Frozen/.test(await stand.log()));
  expect(await stand.log()).toMatch(new RegExp(` <= from=<> R=${queueId} `));
});

test("sign-ins, right and wrong, show the way and the proof and neither name nor secret", async () => {
  const wrong = await SmtpClient.secure(stand.persons);
  await wrong.say(`AUTH PLAIN ${sasl.plain(patient("typed"), "a wrong secret")}`);
  await wrong.say("EHLO iMac-de-Jean-Dupont.local");
  await wrong.say(`AUTH LOGIN ${base64("jean.dupont")}`);
  await wrong.say(base64("another wrong secret"));
  await wrong.say(`VRFY ${patient("asked")}`);
  await wrong.say(`RCPT TO:<${patient("early")}>`);
  await wrong.say(`Subject: Compte rendu de Jean Dupont`);
  wrong.close();
  stand.api.state = "healthy-then-error";
  const away = await SmtpClient.secure(stand.persons);
  await away.say(`AUTH PLAIN ${sasl.plain(anne, password)}`);
  stand.api.state = "up";
  away.close();
  const log = await until("the refusal", async () => {
    const text = await stand.log();
    return /API-AWAY said=503 at=auth mech=PLAIN/.test(text) ? text : undefined;
  });
  expect(log).toMatch(/plain authenticator failed .*said=535/);
});

test("a kill of everything loses no line of what had been acknowledged", async () => {
  const ids = Array.from({ length: 5 }, () => crypto.randomUUID());
  for (const id of ids) expect(await send([patient("killed")], id)).toMatch(/^250/);
  await stand.kill();
  const log = await stand.log();
  await stand.start();
  for (const id of ids) expect(log).toMatch(new RegExp(` <= .* id=${id}@dossier`));
});

test("with nobody to keep the log mail goes on until its pipe is full, and no line of what was taken is lost", async () => {
  const [pid] = (await Deno.readTextFile(`${stand.directory}/../../pids/edge-submission-log.pid`)).split(" ");
  Deno.kill(Number(pid), "SIGKILL");
  const ids = Array.from({ length: 3 }, () => crypto.randomUUID());
  for (const id of ids) expect(await send([patient("malade-h")], id)).toMatch(/^250/);
  // 64 kB of lines wait in the pipe; what cannot be written down is not answered.
  let answered = 0;
  void (async () => {
    while (answered < 5000) {
      await client.say(`MAIL FROM:<${patient("foreign")}>`);
      answered += 1;
    }
  })().catch(() => undefined); // The kill closes the connection.
  await until("a full pipe", async () => {
    const before = answered;
    await new Promise((resolve) => setTimeout(resolve, 700));
    return answered > 0 && answered === before;
  }, 60);
  expect(answered).toBeLessThan(5000);
  await stand.kill();
  await stand.start();
  for (const id of ids) {
    await traceOf(id, / Completed/);
    expect(stand.store.mails.filter(({ raw }) => raw.includes(id))).toHaveLength(1);
  }
});

/** No address, no subject, no credential, and no word of somebody else's reply. */
async function expectNobodyIn(log: string): Promise<void> {
  expect(log).not.toMatch(
    /patient\.mssante|alpha\.mssante|dupont|compte rendu|pierre|malade|26905495|iMac|anne allard|foreign|typed|asked|early/i,
  );
  for (
    const secret of [password, sasl.plain(anne, password), "wrong secret", stand.api.key, stand.store.secret]
  ) {
    expect(log.includes(secret)).toBe(false);
  }
  // Nor does Exim keep logs of its own beside it, or find its configuration wanting.
  const own = await Array.fromAsync(Deno.readDir(`${stand.directory}/spool/msglog`)).catch(() => []);
  expect(own).toEqual([]);
  expect(await Deno.readTextFile(`${stand.directory}/log/paniclog`).catch(() => "")).toBe("");
}
