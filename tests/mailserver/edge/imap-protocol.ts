/** What no mail program says, told by hand as tests on a whole platform. */
import net from "node:net";
import tls from "node:tls";
import { expect, test } from "vitest";
import { ImapClient, ImapRefused } from "../../support/imap.ts";
import { until } from "../../support/until.ts";
import { anne, bruno, doorOf, secretariat, signIn, speak, type Way, type World } from "./imap-world.ts";

const byHand: Way = { kind: "login", secret: "" };
const bearer = {
  XOAUTH2: (box: string, token: string) => `user=${box}\x01auth=Bearer ${token}\x01\x01`,
  OAUTHBEARER: (box: string, token: string) =>
    `n,a=${box},\x01host=localhost\x01port=143\x01auth=Bearer ${token}\x01\x01`,
};

/** @param worldOf asked in each test: the world is made before the first */
export function protocolByHand(worldOf: () => World): void {
  test("nothing can be said before TLS, and nobody is told what is inside", async () => {
    const world = worldOf();
    const client = await speak(world, byHand, false);
    const { untagged: [capabilities = ""] } = await client.command("CAPABILITY");
    expect(capabilities).toContain("STARTTLS");
    expect(capabilities).toContain("LOGINDISABLED");
    expect(capabilities).not.toMatch(/AUTH=|COMPRESS/);
    await expect(client.command(`LOGIN ${anne} secret`)).rejects.toThrow(/PRIVACYREQUIRED/);
    await expect(client.authenticate("PLAIN", `\0${anne}\0secret`)).rejects.toThrow(/NO \[PRIVACYREQUIRED\]/);
    await client.startTls();
    expect((await client.command('ID ("name" "curious")')).untagged).toEqual(['ID ("name" "edge")']);
    expect((await client.command("CAPABILITY")).untagged[0]).not.toContain("COMPRESS");
    client.close();
    // From its own address too, which Dovecot by itself takes for safe.
    const { secret } = await world.appPassword("anne-allard", anne);
    const inside = await ImapClient.connect(world.stack.edge.imap);
    await expect(inside.command(`LOGIN ${anne} ${secret}`)).rejects.toThrow(/AUTHENTICATIONFAILED/);
    inside.close();

    const { own: certificate } = await world.certificate([anne]);
    const software = await speak(world, { kind: "certificate", certificate }, false);
    expect((await software.command("CAPABILITY")).untagged[0]).toContain("LOGINDISABLED");
    await expect(software.authenticate("EXTERNAL", anne)).rejects.toThrow(ImapRefused);
    software.close();
  });

  test("what was written before TLS is not heard after it (CVE-2021-33515)", async () => {
    const world = worldOf();
    const { secret } = await world.appPassword("anne-allard", anne);
    const { own: certificate } = await world.certificate([anne]);
    expect(await heardAfterTls(world, byHand, `LOGIN ${anne} ${secret}`)).toBe("closed");
    const external = `AUTHENTICATE EXTERNAL ${btoa(anne)}`;
    expect(await heardAfterTls(world, { kind: "certificate", certificate }, external)).toBe(
      "z OK completed\r\n",
    );
  });

  test.each(
    (["XOAUTH2", "OAUTHBEARER"] as const).flatMap((mechanism) =>
      [700, 2_000, 5_000].map((bytes) => ({ mechanism, bytes }))
    ),
  )("a token of $bytes bytes opens a box by $mechanism with and without initial response", async (given) => {
    const world = worldOf();
    const token = await world.token("anne-allard", { bytes: given.bytes });
    const response = bearer[given.mechanism](anne, token);
    for (const isInitial of [true, false]) {
      const client = await speak(world, byHand);
      await client.authenticate(given.mechanism, response, isInitial);
      expect(await client.select("INBOX")).toBeGreaterThanOrEqual(0);
      client.close();
    }
  });

  test("PLAIN and EXTERNAL are taken with and without initial response, and nobody acts for another", async () => {
    const world = worldOf();
    const { secret } = await world.appPassword("anne-allard", anne);
    const { own: certificate } = await world.certificate([anne]);
    await Promise.all([true, false].map(async (isInitial) => {
      const client = await speak(world, byHand);
      await client.authenticate("PLAIN", `\0${anne}\0${secret}`, isInitial);
      client.close();
      const software = await speak(world, { kind: "certificate", certificate });
      await software.authenticate("EXTERNAL", anne, isInitial);
      software.close();
      const other = await speak(world, byHand);
      await expect(other.authenticate("PLAIN", `${secretariat}\0${anne}\0${secret}`, isInitial))
        .rejects.toThrow(/AUTHENTICATIONFAILED/);
      other.close();
    }));
  });

  test("an empty password is refused and harms nobody who signs in beside it", async () => {
    const world = worldOf();
    const { secret } = await world.appPassword("anne-allard", anne);
    const empty = Array.from({ length: 5 }, async () => {
      const client = await speak(world, byHand);
      await expect(client.authenticate("PLAIN", `\0${anne}\0`)).rejects.toThrow(/AUTHENTICATIONFAILED/);
      client.close();
    });
    const beside = [1, 2, 3].map(async () => (await signIn(world, anne, { kind: "plain", secret })).logout());
    await Promise.all([...empty, ...beside]);
  });

  test("a token that is too long closes its own connection, and those who wait go on", async () => {
    const world = worldOf();
    const { secret } = await world.appPassword("anne-allard", anne);
    const waiting = await signIn(world, anne, { kind: "plain", secret });
    const { exists } = await waiting.mailboxOpen("INBOX");
    let told = 0;
    waiting.on("exists", ({ count }) => told = count);
    void waiting.idle();
    for (const bytes of [8_000, 60_000]) {
      const token = `${await world.token("anne-allard")}${"x".repeat(bytes)}`;
      for (const isInitial of [true, false]) {
        const client = await speak(world, byHand);
        await expect(client.authenticate("XOAUTH2", bearer.XOAUTH2(anne, token), isInitial))
          .rejects.toThrow("the connection was closed");
      }
    }
    const next = await signIn(world, anne, {
      kind: "token",
      mechanism: "XOAUTH2",
      token: await world.token("anne-allard"),
    });
    await next.append("INBOX", "Subject: still here\r\n\r\n.\r\n");
    await until("the one who waits is told", () => told === exists + 1);
    await Promise.all([next.logout(), waiting.logout()]);
  });

  test("who fails often at a hospital's address makes nobody else there wait", async () => {
    const world = worldOf();
    const { secret } = await world.appPassword("bruno-bernard", bruno);
    const wrong = Array.from({ length: 20 }, async (_, index) => {
      const client = await speak(world, byHand);
      await client.command(`LOGIN nobody${index}@alpha.mssante.test wrong`).catch(() => undefined);
      client.close();
    });
    await Promise.all(wrong);
    const began = performance.now();
    await (await signIn(world, bruno, { kind: "login", secret })).logout();
    expect(performance.now() - began).toBeLessThan(1_900); // Each wrong one was held for two seconds.
  });

  test("whoever has thirty connections to a shared box gets no more, and leaves its places to his colleagues", async () => {
    const world = worldOf();
    const { secret } = await world.appPassword("anne-allard", secretariat, ["imap"]);
    const { own: certificate } = await world.certificate([secretariat]);
    const all: ImapClient[] = [];
    const one = async (way: Way) => {
      const client = await speak(world, way);
      all.push(client);
      if (way.kind === "certificate") await client.authenticate("EXTERNAL", secretariat);
      else await client.command(`LOGIN ${secretariat} ${secret}`);
      return client;
    };
    for (const way of [{ kind: "login", secret }, { kind: "certificate", certificate }] as const) {
      // Counted once a second, and who came in shortly before that may count twice: the thirty are about thirty.
      const said: string[] = [];
      while (said.length === 0 && all.length < 45) {
        const answers = await Promise.allSettled([1, 2, 3, 4, 5].map(() => one(way)));
        said.push(
          ...answers.flatMap((answer) => answer.status === "rejected" ? [String(answer.reason)] : []),
        );
      }
      // Dovecot has no code of its own to give for this.
      const code = way.kind === "certificate" ? "LIMIT" : "UNAVAILABLE";
      for (const line of said) expect(line).toContain(`NO [${code}] `);
      expect(all.length).toBeGreaterThanOrEqual(15);
      const token = await world.token("claire-corbeau");
      await (await signIn(world, secretariat, { kind: "token", mechanism: "XOAUTH2", token })).logout();
      all.splice(0).forEach((client) => client.close());
      await until("there is room again", () => one(way).then(() => true, () => false));
      all.splice(0).forEach((client) => client.close());
    }
  });

  test("no owner opens his box to another past the platform, and is no administrator of it", async () => {
    const world = worldOf();
    const { secret } = await world.appPassword("anne-allard", anne);
    const commands = [
      `SETACL INBOX ${bruno} lr`,
      "SETACL INBOX anyone lr",
      `SETACL INBOX ${anne} lrswipkxtecdan`,
      "SETQUOTA INBOX (STORAGE 999999)",
    ];
    await Promise.all(commands.map(async (command) => {
      const client = await speak(world, byHand);
      await client.command(`LOGIN ${anne} ${secret}`);
      await expect(client.command(command), command).rejects.toThrow(ImapRefused);
      client.close();
    }));
  });
}

/** What is answered under TLS to a client whose connection carried a command of somebody else's right behind STARTTLS. */
async function heardAfterTls(world: World, way: Way, injected: string): Promise<string> {
  const { host, port } = doorOf(world, way);
  const plain = net.connect({ host, port });
  await once(plain); // The greeting.
  plain.write(`a STARTTLS\r\nb ${injected}\r\n`);
  await once(plain);
  const own = way.kind === "certificate"
    ? { cert: way.certificate.certificate, key: way.certificate.privateKey }
    : {};
  const secure = tls.connect({ socket: plain, rejectUnauthorized: false, ...own });
  const ended = new Promise<string>((resolve) => {
    for (const event of ["close", "error"]) secure.on(event, () => resolve("closed"));
  });
  secure.on("secureConnect", () => secure.write("z NOOP\r\n"));
  const heard = await Promise.race([ended, once(secure)]);
  secure.destroy();
  return heard;
}

function once(socket: net.Socket): Promise<string> {
  return new Promise((resolve) => socket.once("data", (bytes) => resolve(bytes.toString("latin1"))));
}
