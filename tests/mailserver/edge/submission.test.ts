/** Submission from the client's command to the box, with a real mail server behind: swaks, msmtp and a raw client. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findProgram } from "../../../scripts/stack/packages.ts";
import { until } from "../../support/until.ts";
import { sasl, SmtpClient } from "../../support/smtp-client.ts";
import { type Backend, backends } from "./backends.ts";
import {
  alias,
  anne,
  letter,
  password,
  startSubmissionStand,
  type SubmissionStand,
  team,
} from "./submission-stand.ts";

const hugo = "hugo@alpha.mssante.test";
const outside = "gabriel.garnier@gamma.mssante.test";
const swaks = findProgram("swaks"), msmtp = findProgram("msmtp");

describe.each(Object.keys(backends))("with %s behind", (name) => {
  let backend: Backend;
  let stand: SubmissionStand;
  let client: SmtpClient;

  beforeAll(async () => {
    backend = await backends[name]!();
    await backend.addBox(anne, [alias]);
    await backend.addBox(team);
    await backend.addBox(hugo);
    stand = await startSubmissionStand({ behind: backend });
    client = await stand.signedIn();
  });
  afterAll(async () => {
    client?.close();
    await stand?.stop();
    await backend?.stop();
  });

  const newId = () => `edge-${crypto.randomUUID()}`;
  const message = (id: string, from: string, body = "Bonjour.") =>
    letter([`From: ${from}`, `To: ${hugo}`, `Message-ID: <${id}@test>`], body);
  const arrives = (id: string, box = hugo, seconds = 20) =>
    until(`${id} in ${box}`, async () => (await backend.messageIds(box)).includes(id), seconds);

  test.each([anne, alias, team])(
    "a mail as %s arrives at a box and at the other operator",
    async (address) => {
      const id = newId();
      expect(await client.mail(address, [hugo, outside], message(id, address))).toMatch(/^250/);
      await arrives(id);
      await until("it at the other operator", () => backend.isOutside(id));
    },
  );

  test("a read receipt, whose sender is nobody, arrives at a box and at the other operator", async () => {
    const id = newId();
    expect(await client.mail("", [hugo, outside], message(id, anne))).toMatch(/^250/);
    await arrives(id);
    await until("it at the other operator", () => backend.isOutside(id));
  });

  test("the store's refusals come at RCPT: no such box, outside the trust space", async () => {
    await client.say(`MAIL FROM:<${anne}>`);
    expect(await client.say("RCPT TO:<nobody@alpha.mssante.test>")).toMatch(/^55\d[ -]5\./);
    expect(await client.say("RCPT TO:<someone@gmail.test>")).toMatch(
      /^550[ -]5\.7\.1 gmail\.test: hors de l'espace de confiance/,
    );
    expect(await client.say(`RCPT TO:<${hugo}>`)).toMatch(/^250/);
    await client.say("RSET");
  });

  test.runIf(name === "stalwart")(
    "the port for receipts takes a signed-in nobody and nothing else",
    async () => {
      if (backend.store.kind !== "stalwart") throw new Error("not Stalwart");
      const { receipts, service } = backend.store;
      const secret = await Deno.readTextFile(service.secretFile);
      const direct = await SmtpClient.connect(receipts);
      await direct.say("EHLO edge.test");
      expect(await direct.say("MAIL FROM:<>")).toMatch(/^5/);
      expect(await direct.say(`AUTH PLAIN ${sasl.plain(`${anne}%${service.login}`, secret)}`)).toMatch(
        /^235/,
      );
      for (const sender of [anne, hugo, outside]) {
        expect(await direct.say(`MAIL FROM:<${sender}>`)).toMatch(/^550/);
      }
      expect(await direct.say("MAIL FROM:<>")).toMatch(/^250/);
      direct.close();
    },
  );

  test("25 MiB of attachments arrive", async () => {
    const id = newId();
    const line = `${btoa("x".repeat(57))}\r\n`;
    const attachment = [
      'Content-Type: multipart/mixed; boundary="b"',
      "MIME-Version: 1.0",
    ];
    const body =
      `--b\r\nContent-Type: text/plain\r\n\r\nBonjour\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n${
        line.repeat(Math.ceil(26_214_400 / 57))
      }--b--`;
    const headers = [`From: ${anne}`, `To: ${hugo}`, `Message-ID: <${id}@test>`, ...attachment];
    expect(await client.mail(anne, [hugo], letter(headers, body))).toMatch(/^250/);
    await arrives(id, hugo, 40);
  });

  test("with the mail server down the person gets his 250, and the mail arrives when it is back", async () => {
    const id = newId();
    await backend.kill();
    try {
      expect(await client.mail(team, [hugo], message(id, team))).toMatch(/^250/);
    } finally {
      await backend.relaunch();
    }
    await arrives(id, hugo, 30);
  });

  test("swaks gets in by PLAIN and LOGIN, over STARTTLS and TLS", async () => {
    if (swaks === undefined) throw new Error("swaks is not on this machine: scripts/test fetches it.");
    for (const way of [["PLAIN", "-tls"], ["LOGIN", "-tls"], ["PLAIN", "-tlsc"]] as const) {
      const id = newId();
      const port = way[1] === "-tlsc" ? stand.personsTls.port : stand.persons.port;
      const args = ["--server", `127.0.0.1:${port}`, way[1], "--auth", way[0], "--auth-user", anne];
      const said = await run(swaks, [
        ...args,
        ...["--auth-password", password, "--from", anne, "--to", hugo, "--h-From", anne],
        ...["--header", `Message-ID: <${id}@test>`, "--silent", "2"],
      ]);
      expect(said.code, said.text).toBe(0);
      await arrives(id);
    }
    const refused = [
      "--auth",
      "PLAIN",
      "--auth-user",
      anne,
      "--auth-password",
      "wrong",
      "--quit-after",
      "AUTH",
    ];
    expect((await run(swaks, ["--server", `127.0.0.1:${stand.persons.port}`, "-tls", ...refused])).text)
      .toMatch(/535 /);
  });

  test("msmtp gets in by PLAIN, and says why it does not", async () => {
    if (msmtp === undefined) throw new Error("msmtp is not on this machine: scripts/test fetches it.");
    const id = newId();
    const common = ["--host=127.0.0.1", `--port=${stand.persons.port}`, "--tls=on", "--tls-certcheck=off"];
    const signIn = (secret: string) => ["--auth=plain", `--user=${anne}`, `--passwordeval=echo ${secret}`];
    const mail = message(id, anne).replaceAll("\r\n", "\n");
    const sent = await run(msmtp, [...common, ...signIn(password), `--from=${anne}`, hugo], mail);
    expect(sent.code, sent.text).toBe(0);
    await arrives(id);
    const refused = await run(msmtp, [...common, ...signIn("wrong"), `--from=${anne}`, hugo], mail);
    expect(refused.code).toBe(77); // EX_NOPERM: authentication failed.
    stand.api.state = "error";
    const later = await run(msmtp, [...common, ...signIn(password), `--from=${anne}`, hugo], mail);
    stand.api.state = "up";
    expect(later.text).toMatch(/454/);
    const foreign = await run(msmtp, [...common, ...signIn(password), `--from=${hugo}`, hugo], mail);
    expect(foreign.text).toMatch(/553/);
  });
});

async function run(
  program: string,
  args: readonly string[],
  input = "",
): Promise<{ code: number; text: string }> {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).catch(() => undefined); // It may end without reading.
  await writer.close().catch(() => undefined);
  const { code, stdout, stderr } = await child.output();
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}
