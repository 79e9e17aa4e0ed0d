/** What people do in a box with a mail program, told as tests on a whole platform. */
import type { ImapFlow } from "imapflow";
import { expect, test } from "vitest";
import { until } from "../../support/until.ts";
import { anne, bruno, secretariat, signIn, type World } from "./imap-world.ts";

/** A message whose subject and text hold what only French has. */
const french = `From: Laboratoire <labo@gamma.mssante.test>\r\nMIME-Version: 1.0\r\n` +
  `Subject: =?UTF-8?Q?R=C3=A9sultats_du_pr=C3=A9l=C3=A8vement?=\r\n` +
  `Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n` +
  `Hémoglobine glyquée à 7,2 %, évolution défavorable.\r\n`;

/** @param worldOf asked in each test: the world is made before the first */
export function workInABox(worldOf: () => World): void {
  test("two people work in one shared box: what one puts in, the other is told while he waits", async () => {
    const world = worldOf();
    const [claire, other] = await Promise.all(
      (["claire-corbeau", "anne-allard"] as const).map(async (person) =>
        signIn(world, secretariat, {
          kind: "token",
          mechanism: "OAUTHBEARER",
          token: await world.token(person),
        })
      ),
    ) as [ImapFlow, ImapFlow];
    const { exists } = await other.mailboxOpen("INBOX");
    let told = 0;
    other.on("exists", ({ count }) => told = count);
    const waiting = other.idle();
    await claire.append("INBOX", "Subject: Rendez-vous\r\n\r\nBonjour.\r\n");
    await until("the other is told", () => told === exists + 1);
    await claire.append("INBOX", french, ["\\Flagged"]);
    await until("and again", () => told === exists + 2);
    const last = await other.fetchOne("*", { flags: true });
    expect(last && [...last.flags ?? []]).toContain("\\Flagged");
    await waiting; // Whatever comes next ends it.
    await Promise.all([claire.logout(), other.logout()]);
  });

  test("French words are found with their accents, in subject and text", async () => {
    const world = worldOf();
    const { secret } = await world.appPassword("anne-allard", anne, ["imap"]);
    const program = await signIn(world, anne, { kind: "plain", secret });
    await program.mailboxOpen("INBOX");
    const put = await program.append("INBOX", french);
    const uid = put === false ? 0 : put.uid;
    for (const wanted of [{ subject: "prélèvement" }, { body: "glyquée" }, { body: "défavorable" }]) {
      await until(`${JSON.stringify(wanted)} is found`, async () => {
        const found = await program.search(wanted, { uid: true });
        return found ? found.includes(uid!) : false;
      }, 45);
    }
    expect(await program.search({ body: "néphropathie" }, { uid: true })).not.toContain(uid);
    await program.logout();
  });

  test("25 MB go in and come out unchanged", async () => {
    const world = worldOf();
    const { secret } = await world.appPassword("bruno-bernard", bruno, ["imap"]);
    const program = await signIn(world, bruno, { kind: "login", secret });
    await program.mailboxOpen("INBOX");
    const line = `${"0123456789abcdef".repeat(4)}\r\n`;
    const head = `Subject: large\r\nMessage-ID: <${crypto.randomUUID()}@test>\r\n\r\n`;
    const message = new TextEncoder().encode(head + line.repeat(Math.ceil(25_000_000 / line.length)));
    // deno-lint-ignore no-node-globals -- what the library takes
    const put = await program.append("INBOX", Buffer.from(message));
    const came = await program.fetchOne(String(put && put.uid), { source: true }, { uid: true });
    if (!came || came.source === undefined) throw new Error("the message is not there");
    expect(came.source.length).toBe(message.length);
    expect(came.source.equals(message)).toBe(true);
    await program.messageDelete(String(came.uid), { uid: true });
    await program.logout();
  });

  test("folders with French names come and go", async () => {
    const world = worldOf();
    const { secret } = await world.appPassword("anne-allard", anne, ["imap"]);
    const program = await signIn(world, anne, { kind: "plain", secret });
    await program.mailboxCreate("Comptes rendus d'été");
    const names = (await program.list()).map(({ path }) => path);
    expect(names).toEqual(expect.arrayContaining(["INBOX", "Comptes rendus d'été"]));
    await program.mailboxDelete("Comptes rendus d'été");
    await program.logout();
  });
}
