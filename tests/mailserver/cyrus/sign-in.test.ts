/** Who signs in with a client password, by IMAP and by submission. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { ImapClient } from "../../support/imap.ts";
import { hosted, password, type Stand, startStand } from "./stand.ts";
import { inboxOf, rawMessage, submit, until } from "./traffic.ts";

let stand: Stand;
let anne: string;
let bob: string;
const alias = `contact@${hosted}`;

beforeAll(async () => {
  stand = await startStand();
  anne = await stand.addBox({ address: `anne@${hosted}`, aliases: [alias], hasPassword: true });
  bob = await stand.addBox({ address: `bob@${hosted}` });
});
afterAll(() => stand?.stop());

test.concurrent("a box with a client password reads by IMAP and sends by submission", async () => {
  expect(await submit(stand, { from: anne, to: anne, messageId: "mine" })).toMatchObject({ code: 250 });
  await until(() => inboxOf(stand.driver, anne), (ids) => ids.includes("mine"));
  const client = await ImapClient.signIn(stand.mail.addresses.imap, anne, password);
  expect(await client.folders()).toEqual(expect.arrayContaining(["INBOX", "Sent", "Drafts"]));
  await client.logout();
});

test.concurrent("a wrong password is refused and written nowhere", async () => {
  const wrong = "not the password 8d1f";
  expect(await submit(stand, { from: anne, to: anne }, anne, wrong)).toMatchObject({ code: 535 });
  await expect(ImapClient.signIn(stand.mail.addresses.imap, anne, wrong)).rejects.toThrow();
  const log = await stand.mtaLog();
  const encoded = new TextEncoder().encode(`\0${anne}\0${wrong}`).toBase64();
  for (const secret of [wrong, encoded, encoded.slice(0, 20)]) expect(log).not.toContain(secret);
});

test.concurrent("a box without a secret has no password, not even an empty one", async () => {
  // At once, since Cyrus waits three seconds before it refuses.
  await Promise.all([password, "", "null"].map(async (tried) => {
    expect((await submit(stand, { from: bob, to: anne }, bob, tried)).code).not.toBe(250);
    await expect(ImapClient.signIn(stand.mail.addresses.imap, bob, tried)).rejects.toThrow();
  }));
});

test.concurrent("a platform's service signs in nowhere", async () => {
  const service = "gateway@operateur.mssante.test";
  const { rows: [row] } = await stand.database.query<{ secret: string }>(
    "select client_secret_hash as secret from app.mailboxes where address = $1",
    [anne],
  );
  await stand.database.query("insert into app.mail_services (login, secret_hash) values ($1, $2)", [
    service,
    row?.secret,
  ]);
  expect(await submit(stand, { from: service, to: anne })).toMatchObject({ code: 535 });
  await expect(ImapClient.signIn(stand.mail.addresses.imap, service, password)).rejects.toThrow();
});

test.concurrent("a salted SHA-512 hash counts as well as argon2", async () => {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const bytes = new Uint8Array([...new TextEncoder().encode(password), ...salt]);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-512", bytes));
  const carol = await stand.addBox({ address: `carol@${hosted}` });
  await stand.database.query("update app.mailboxes set client_secret_hash = $2 where address = $1", [
    carol,
    `{SSHA512}${new Uint8Array([...digest, ...salt]).toBase64()}`,
  ]);
  expect(await submit(stand, { from: carol, to: anne })).toMatchObject({ code: 250 });
  expect(await submit(stand, { from: carol, to: anne }, carol, `${password}x`)).toMatchObject({ code: 535 });
});

test.concurrent("another address of the box signs in for sending, and never becomes a box of its own", async () => {
  expect(await submit(stand, { from: alias, to: anne, messageId: "as-alias" })).toMatchObject({ code: 250 });
  await expect(ImapClient.signIn(stand.mail.addresses.imap, alias, password)).rejects.toThrow();
  expect(await stand.driver.readMailbox(alias)).toBeUndefined();
});

test.concurrent("a box sends under its own addresses only, in the envelope and in the header", async () => {
  const victim = bob;
  expect(await submit(stand, { from: victim, to: anne }, anne)).toMatchObject({ code: 553 });
  expect(await submit(stand, { from: anne, headerFrom: victim, to: anne })).toMatchObject({ code: 553 });
  const headers = [
    [`From: ${anne}`, `From: ${victim}`],
    [`From: ${anne}, ${victim}`],
    [`From: ${anne}`, `From : ${victim}`],
    [`From: =?utf-8?q?${anne.replace("@", "=40")}_=28?= <${victim}> (=?utf-8?q?=29?=)`],
    [`From: ${anne}`, `Sender: ${victim}`],
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
    expect([550, 552, 553], lines[0] + (lines[1] ?? "")).toContain(code);
  }
  const own = rawMessage([`From: "Dr Anne" <${anne}>`, `Sender: ${alias}`]);
  expect(await submit(stand, { from: anne, to: anne, raw: own })).toMatchObject({ code: 250 });
});

test.concurrent("an active box keeps its session", async () => {
  const open = await ImapClient.signIn(stand.mail.addresses.imap, anne, password);
  await new Promise((resolve) => setTimeout(resolve, 2500)); // Two looks of the watch.
  await expect(open.command("NOOP")).resolves.toBeDefined();
  await open.logout();
});

test.concurrent("a suspended box has no password any more, also in a session that is already open", async () => {
  const dora = await stand.addBox({ address: `dora@${hosted}`, hasPassword: true });
  const open = await ImapClient.signIn(stand.mail.addresses.imap, dora, password);
  await stand.setStatus(dora, "suspended");
  await until(
    () => open.command("NOOP").then(() => "open", () => "closed"),
    (state) => state === "closed",
    5,
  );
  await expect(ImapClient.signIn(stand.mail.addresses.imap, dora, password)).rejects.toThrow();
  expect(await submit(stand, { from: dora, to: anne })).toMatchObject({ code: 535 });
});
