/** Submission in the whole platform: the real API decides, a real mail server delivers, the reader looks by IMAP. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ImapClient } from "../../support/imap.ts";
import { base64, sasl, SmtpClient } from "../../support/smtp-client.ts";
import { mailServersAtHand } from "../../support/stack.ts";
import { until } from "../../support/until.ts";
import { Visitor } from "../../journeys/support/visitor.ts";
import { anne, bruno, type Certificate, secretariat, startImapWorld, type World } from "./imap-world.ts";
import { type Mechanism, type ProgramName, programs, type Sending } from "./mail-programs.ts";

const alias = "a.allard@alpha.mssante.test";
const outside = "gabriel.garnier@gamma.mssante.test";

describe.each(mailServersAtHand())("submission at the edge, before %s", (mail) => {
  let world: World;
  let reader: ImapClient;
  let open: SmtpClient[];

  beforeAll(async () => {
    world = await startImapWorld(mail);
    open = [];
    const { secret } = await world.appPassword("bruno-bernard", bruno);
    reader = await ImapClient.connect({ ...world.stack.edge.imap, host: "127.0.0.2" });
    await reader.startTls();
    await reader.authenticate("PLAIN", `\0${bruno}\0${secret}`, true);
  });
  afterAll(async () => {
    reader?.close();
    for (const client of open ?? []) client.close();
    await world?.stop();
  });

  async function secure(): Promise<SmtpClient> {
    const client = await SmtpClient.secure(world.stack.edge.submission);
    open.push(client);
    return client;
  }

  /** In by an app password of anne's box. */
  async function byPassword(scopes?: readonly ("imap" | "submission")[]) {
    const made = await world.appPassword("anne-allard", anne, scopes);
    const client = await secure();
    return { ...made, client, said: await client.say(`AUTH PLAIN ${sasl.plain(anne, made.secret)}`) };
  }

  async function byToken(wish: Record<string, unknown> = {}) {
    const client = await secure();
    const token = await world.token("anne-allard", wish);
    return { client, said: await client.say(`AUTH XOAUTH2 ${sasl.xoauth2(anne, token)}`) };
  }

  const letter = (mark: string, from: string) =>
    [`From: ${from}`, `To: ${bruno}`, `Message-ID: <${mark}@test>`, "Subject: Compte rendu", "", "Bonjour."]
      .join("\r\n");

  /** Waits for a mail in bruno's box; its size and what its header says of From and Message-ID. */
  async function arrived(mark: string, client = reader): Promise<string> {
    return await until("the mail in the box", async () => {
      if (await client.select("INBOX") === 0) return undefined;
      const { untagged } = await client.command(
        "FETCH 1:* (RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID FROM)])",
      );
      return untagged.find((line) => line.includes(`<${mark}@test>`));
    }, 40);
  }

  /** Sends to bruno and waits for the mail in his box. */
  async function arrives(client: SmtpClient, from: string): Promise<void> {
    const mark = crypto.randomUUID();
    expect(await client.mail(from, [bruno], letter(mark, from))).toMatch(/^250/);
    expect(await arrived(mark)).toMatch(new RegExp(`^From: ${from}\r$`, "m"));
  }

  test("an app password, a token and a certificate each send", async () => {
    const { client, said } = await byPassword();
    expect(said).toMatch(/^235/);
    await arrives(client, anne);
    const other = await byToken();
    expect(other.said).toMatch(/^235/);
    await arrives(other.client, anne);
    const { own } = await world.certificate([secretariat]);
    const identity = { cert: own.certificate, key: own.privateKey };
    const software = await SmtpClient.secure(world.stack.edge.applications, identity);
    open.push(software);
    expect(await software.say(`AUTH EXTERNAL ${base64(secretariat)}`)).toMatch(/^235/);
    await arrives(software, secretariat);
  });

  test.each([700, 5000, 12_000])("a token of %d bytes signs in", async (bytes) => {
    expect((await byToken({ bytes })).said).toMatch(/^235/);
  });

  test("who proved himself by a token sends as another of his boxes; an app password does not", async () => {
    const { client } = await byToken();
    await arrives(client, anne);
    await arrives(client, secretariat);
    const software = await byPassword();
    expect(await software.client.mail(secretariat, [bruno], letter("x", secretariat))).toMatch(/^553/);
    for (const { client: each } of [{ client }, software]) {
      expect(await each.mail(bruno, [bruno], letter("x", bruno))).toMatch(/^553/);
      expect(await each.mail(anne, [bruno], letter("x", bruno))).toMatch(/^553/);
      expect(await each.mail(anne, [bruno], letter("x", secretariat))).toMatch(/^553/);
    }
  });

  test("a recipient outside the trust space, and one that nobody is, are named at once", async () => {
    const { client } = await byPassword();
    await client.say(`MAIL FROM:<${anne}>`);
    expect(await client.say("RCPT TO:<x@gmail.test>")).toMatch(
      /^550[ -]5\.7\.1 gmail\.test: hors de l'espace/,
    );
    expect(await client.say("RCPT TO:<nobody@beta.mssante.test>")).toMatch(/^55\d/);
    expect(await client.say(`RCPT TO:<${outside}>`)).toMatch(/^250/);
  });

  test("a mail under another address of the box, and a read receipt, arrive here and at the other operator", async () => {
    const { client } = await byPassword();
    const manager = await Visitor.signIn(world.stack.baseUrl, "alice-admin");
    const box = await world.mailboxId(anne);
    await manager.json(`/api/v1/mailboxes/${box}/aliases`, {
      body: { address: alias },
      headers: { "idempotency-key": crypto.randomUUID() },
    });
    // The mail server is told of a new address by the worker.
    await until("the alias in use", async () => {
      await client.say(`MAIL FROM:<${alias}>`);
      const said = await client.say(`RCPT TO:<${bruno}>`);
      await client.say("RSET");
      return said.startsWith("250");
    });
    for (const [sender, from] of [[alias, alias], ["", anne]] as const) {
      const mark = crypto.randomUUID();
      expect(await client.mail(sender, [bruno, outside], letter(mark, from))).toMatch(/^250/);
      await arrived(mark);
      await until("it at the other operator", async () => {
        const found = await fetch(`${world.stack.controls.otherOperator}/messages?messageId=${mark}@test`);
        return (await found.json()).count === 1;
      });
    }
  });

  test.runIf(mail === "stalwart")(
    "Stalwart's port for receipts takes a signed-in nobody and nothing else",
    async () => {
      const direct = await SmtpClient.connect(world.stack.upstream.receipts);
      open.push(direct);
      await direct.say("EHLO edge.test");
      expect(await direct.say("MAIL FROM:<>")).toMatch(/^5/);
      const secret = await world.stack.secret("stalwart-edge");
      const { login } = world.stack.upstream;
      expect(await direct.say(`AUTH PLAIN ${sasl.plain(`${anne}%${login}`, secret)}`)).toMatch(/^235/);
      for (const sender of [anne, bruno, outside]) {
        expect(await direct.say(`MAIL FROM:<${sender}>`)).toMatch(/^550/);
      }
      expect(await direct.say("MAIL FROM:<>")).toMatch(/^250/);
    },
  );

  test("25 MiB of attachments arrive", async () => {
    const { client } = await byPassword();
    const mark = crypto.randomUUID();
    const line = `${btoa("x".repeat(57))}\r\n`;
    const headers = letter(mark, anne).split("\r\n\r\n")[0];
    const type = 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"';
    const part = "--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n";
    const body = `${part}\r\n${line.repeat(Math.ceil(26_214_400 / 57))}--b--`;
    expect(await client.mail(anne, [bruno], `${headers}\r\n${type}\r\n\r\n${body}`)).toMatch(/^250/);
    expect(Number(/RFC822\.SIZE (\d+)/.exec(await arrived(mark))?.[1])).toBeGreaterThan(35_000_000);
  });

  test.each<[ProgramName, Mechanism, "STARTTLS" | "TLS"]>([
    ["swaks", "plain", "STARTTLS"],
    ["swaks", "login", "TLS"],
    ["msmtp", "plain", "TLS"],
    ["msmtp", "xoauth2", "STARTTLS"],
    ["msmtp", "oauthbearer", "TLS"],
    ["msmtp", "external", "TLS"],
  ])("%s gets in by %s over %s, and with a wrong proof does not", async (program, mechanism, tls) => {
    const { edge } = world.stack;
    const isSoftware = mechanism === "external";
    const box = isSoftware ? secretariat : anne;
    const ports = isSoftware
      ? { "STARTTLS": edge.applications, "TLS": edge.applicationsTls }
      : { "STARTTLS": edge.submission, "TLS": edge.submissions };
    const certificate = isSoftware
      ? await certificateFiles(await world.certificate([secretariat]))
      : undefined;
    const secret = mechanism === "plain" || mechanism === "login"
      ? (await world.appPassword("anne-allard", anne)).secret
      : await world.token("anne-allard");
    const mark = crypto.randomUUID();
    const sending: Sending = {
      ...{ target: ports[tls], tls, mechanism, box, secret, from: box, to: bruno, mail: letter(mark, box) },
      ...(certificate === undefined ? {} : { certificate }),
    };
    const sent = await programs[program](sending);
    expect(sent.isSent, sent.text).toBe(true);
    await arrived(mark);
    const wrong = await programs[program](
      isSoftware ? { ...sending, box: anne } : { ...sending, secret: "wrong" },
    );
    expect(wrong.isSent).toBe(false);
    expect(wrong.text).toMatch(/535 /);
    if (certificate !== undefined) await Deno.remove(certificate.directory, { recursive: true });
  });

  test("one mail can be followed to the other operator by the ids in the logs, which name nobody", async () => {
    const { client } = await byPassword();
    const mark = crypto.randomUUID();
    expect(await client.mail(anne, [outside, bruno], letter(mark, anne))).toMatch(/^250/);
    const root = world.stack.edgeCertificateFile.replace(/\/edge-certificate\/.*/, "");
    const read = (path: string) => Deno.readTextFile(path);
    const ofEdge = await until("the edge's word", async () => {
      const log = await read(`${root}/edge-submission/exim/log/mainlog`);
      const id = new RegExp(` (\\S+) SUBMIT .*id=<${mark}@test>`).exec(log)?.[1];
      const next = id && new RegExp(` ${id} => .* said=250.* next=(\\S+)`).exec(log)?.[1];
      return next === undefined || next === "" ? undefined : { log, next };
    });
    const isStalwart = mail === "stalwart";
    const serverLog = isStalwart
      ? `${world.stack.logDirectory}/mail-server.log`
      : `${root}/cyrus/exim/log/mainlog`;
    const onward = isStalwart
      ? new RegExp(`delivery\\.delivered.*queueId = ${BigInt(`0x${ofEdge.next.replace(/\W/g, "")}`)}`)
      : new RegExp(` ${ofEdge.next} => to=~.*T=other_operator.*said=250`);
    const ofServer = await until("the mail server's word", async () => {
      const log = await read(serverLog);
      return onward.test(log) ? log : undefined;
    });
    await until("it at the other operator", async () => {
      const found = await fetch(`${world.stack.controls.otherOperator}/messages?messageId=${mark}@test`);
      return (await found.json()).count === 1;
    });
    const api = await read(`${world.stack.logDirectory}/api.log`);
    for (const log of [ofEdge.log, ofServer, api]) {
      expect(log).not.toMatch(/anne\.allard|bruno\.bernard|gabriel\.garnier|compte rendu/i);
    }
  });

  test("a wrong proof is 535, whatever is wrong with it", async () => {
    const { secret } = await world.appPassword("bruno-bernard", bruno);
    const { own } = await world.certificate([]);
    const identity = { cert: own.certificate, key: own.privateKey };
    const software = await SmtpClient.secure(world.stack.edge.applications, identity);
    open.push(software);
    // At once, since each is kept waiting.
    const answers = await Promise.all([
      secure().then((client) => client.say(`AUTH PLAIN ${sasl.plain(anne, secret)}`)),
      byPassword(["imap"]).then(({ said }) => said),
      software.say(`AUTH EXTERNAL ${base64(secretariat)}`),
      byToken({ fault: "expired" }).then(({ client, said }) =>
        said.startsWith("334") ? client.say("") : said
      ),
    ]);
    for (const answer of answers) expect(answer).toMatch(/^535/);
  });

  test("an app password that is revoked between two mails sends the first and not the second", async () => {
    const { client, id } = await byPassword();
    await arrives(client, anne);
    await world.sql("update app.app_passwords set revoked_at = now() where id = $1", [id]);
    expect(await client.say(`MAIL FROM:<${anne}>`)).toMatch(/^530/);
    await until("the end of the connection", () => client.isClosed);
  });

  test("while the API is down everybody is told to come later; when it is back they get in", async () => {
    const inside = await byPassword();
    const { secret } = await world.appPassword("anne-allard", anne);
    const token = await world.token("anne-allard");
    const api = world.stack.part("api");
    await api.stop();
    const waiting = await secure();
    try {
      expect(await waiting.say(`AUTH PLAIN ${sasl.plain(anne, secret)}`)).toMatch(/^454/);
      expect(await waiting.say(`AUTH XOAUTH2 ${sasl.xoauth2(anne, token)}`)).toMatch(/^454/);
      expect(await inside.client.say(`MAIL FROM:<${anne}>`)).toMatch(/^451/);
      await inside.client.say("RSET");
    } finally {
      await api.start();
    }
    expect(await waiting.say(`AUTH PLAIN ${sasl.plain(anne, secret)}`)).toMatch(/^235/);
    await arrives(inside.client, anne);
  });

  // A kill between the mail server's 250 and the edge's note of it: the same acceptance is handed over again.
  test("what the edge hands over twice is in the box once", async () => {
    const { submission, login, secretFile } = world.stack.upstream;
    const handOver = async (mark: string): Promise<string> => {
      const edge = await SmtpClient.connect(submission);
      open.push(edge);
      await edge.say("EHLO edge.test");
      if (mail === "stalwart") {
        await edge.say(`AUTH PLAIN ${sasl.plain(`${anne}%${login}`, await Deno.readTextFile(secretFile))}`);
      }
      await edge.say(`MAIL FROM:<${anne}>${mail === "cyrus" ? ` AUTH=${anne}` : ""}`);
      await edge.say(`RCPT TO:<${bruno}>`);
      // As it lies in the edge's queue: with a date, which Cyrus compares too.
      const added = `X-MSS-Handover: ${mark}\r\nDate: Sat, 21 Nov 2026 09:00:00 +0000`;
      return await edge.data(`${added}\r\n${letter(mark, anne)}`);
    };
    const [twice, once] = [crypto.randomUUID(), crypto.randomUUID()];
    expect(await handOver(twice)).toMatch(/^250/);
    await arrived(twice);
    expect(await handOver(twice)).toMatch(/^250/);
    expect(await handOver(once)).toMatch(/^250/);
    await arrived(once);
    const { untagged } = await reader.command("FETCH 1:* (BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])");
    expect(untagged.filter((line) => line.includes(twice))).toHaveLength(1);
  });

  test("a mail that was acknowledged survives a kill of the edge and of the mail server", async () => {
    const { client } = await byPassword();
    const server = world.stack.part("mail-server"), edge = world.stack.part("edge-submission");
    await server.kill();
    const mark = crypto.randomUUID();
    try {
      expect(await client.mail(anne, [bruno], letter(mark, anne))).toMatch(/^250/);
      await edge.kill();
    } finally {
      await server.start();
      await edge.start();
    }
    const { secret } = await world.appPassword("bruno-bernard", bruno);
    const again = await ImapClient.connect({ ...world.stack.edge.imap, host: "127.0.0.2" });
    await again.startTls();
    await again.authenticate("PLAIN", `\0${bruno}\0${secret}`, true);
    await arrived(mark, again);
    reader.close();
    reader = again;
  });
});

async function certificateFiles(
  { own }: Certificate,
): Promise<{ directory: string; cert: string; key: string }> {
  const directory = await Deno.makeTempDir();
  const [cert, key] = [`${directory}/cert.pem`, `${directory}/key.pem`];
  await Deno.writeTextFile(cert, own.certificate);
  await Deno.writeTextFile(key, own.privateKey, { mode: 0o600 });
  return { directory, cert, key };
}
