/** Who gets in at the stand-in itself: the edge in a box's name, and nobody by a password of a box. */
import { hash } from "@node-rs/argon2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ImapClient } from "../../support/imap.ts";
import { SmtpClient } from "../../support/smtp-client.ts";
import { hosted, type Stand, startStand } from "./stand.ts";
import { rawMessage, submit, until } from "./traffic.ts";

let stand: Stand;
let anne: string;
let bob: string;
const alias = `contact@${hosted}`;

beforeAll(async () => {
  stand = await startStand();
  anne = await stand.addBox({ address: `anne@${hosted}`, aliases: [alias] });
  bob = await stand.addBox({ address: `bob@${hosted}` });
});
afterAll(() => stand?.stop());

test.concurrent("the edge opens a box by IMAP in its name", async () => {
  const client = await stand.openImap(anne);
  expect(await client.folders()).toEqual(expect.arrayContaining(["INBOX", "Sent", "Drafts"]));
  await client.logout();
});

test.concurrent("no box has a password, whatever a hash of it may say", async () => {
  const password = "correct horse battery staple";
  await stand.database.query("insert into app.mail_services (login, secret_hash) values ($1, $2)", [
    "gateway@operateur.mssante.test",
    await hash(password),
  ]);
  // At once, since Cyrus waits three seconds before it refuses.
  const logins = [bob, anne, alias, "gateway@operateur.mssante.test"];
  await Promise.all(logins.flatMap((login) =>
    [password, "", "null"].map(async (tried) => {
      await expect(ImapClient.signIn(stand.mail.addresses.imap, login, tried)).rejects.toThrow();
    })
  ));
});

test.concurrent("the MTA lets nobody sign in, at none of its ports", async () => {
  for (const address of [stand.mail.edge.submission, stand.mail.edge.relay]) {
    const client = await SmtpClient.connect(address);
    await client.say("EHLO client.test");
    expect(await client.say(`AUTH PLAIN ${btoa(`\0${anne}\0x`)}`)).toMatch(/^503/);
    client.close();
  }
});

test.concurrent("a box that is not named sends nothing", async () => {
  const client = await SmtpClient.connect(stand.mail.edge.submission);
  await client.say("EHLO client.test");
  expect(await client.say(`MAIL FROM:<${anne}>`)).toMatch(/^554/);
  client.close();
});

test.concurrent("a box sends under its own addresses only, in the envelope and in the header", async () => {
  const victim = bob;
  expect(await submit(stand, { from: alias, to: anne }, anne)).toMatchObject({ code: 250 });
  expect(await submit(stand, { from: victim, to: anne }, anne)).toMatchObject({ code: 554 });
  expect(await submit(stand, { from: anne, headerFrom: victim, to: anne })).toMatchObject({ code: 554 });
  const headers = [
    [`From: ${anne}`, `From: ${victim}`],
    [`From: ${anne}, ${victim}`],
    [`From: ${anne}`, `From : ${victim}`],
    [`From: =?utf-8?q?${anne.replace("@", "=40")}_=28?= <${victim}> (=?utf-8?q?=29?=)`],
    [`From: ${anne}`, "Sender: somebody@elsewhere.test"],
    [`From: ${anne}`, `Resent-From: ${victim}`],
    [
      `From: ${anne}`,
      ...Array.from({ length: 900 }, (_, index) => `X-Pad-${index}: ${"z".repeat(80)}`),
      `From: ${victim}`,
    ],
    ["Subject: without From"],
  ];
  for (const lines of headers) {
    const { code } = await submit(stand, { from: anne, to: anne, raw: rawMessage(lines) });
    expect([552, 554], lines[0] + (lines[1] ?? "")).toContain(code);
  }
  const own = rawMessage([`From: "Dr Anne" <${anne}>`, `Sender: ${alias}`]);
  expect(await submit(stand, { from: anne, to: anne, raw: own })).toMatchObject({ code: 250 });
});

test.concurrent("an active box keeps its session", async () => {
  const open = await stand.openImap(anne);
  await new Promise((resolve) => setTimeout(resolve, 2500)); // Two looks of the watch.
  await expect(open.command("NOOP")).resolves.toBeDefined();
  await open.logout();
});

test.concurrent("a suspended box loses a session that is already open, and sends no more", async () => {
  const dora = await stand.addBox({ address: `dora@${hosted}` });
  const open = await stand.openImap(dora);
  await stand.setStatus(dora, "suspended");
  await until(
    () => open.command("NOOP").then(() => "open", () => "closed"),
    (state) => state === "closed",
    5,
  );
  expect(await submit(stand, { from: dora, to: anne })).toMatchObject({ code: 554 });
});
