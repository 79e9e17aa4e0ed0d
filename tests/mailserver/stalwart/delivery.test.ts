import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configure } from "../../../mailserver/stalwart/configure.ts";
import { applyInRecovery } from "../../../mailserver/stalwart/server.ts";
import { asObject } from "../../../api/mail-server/stalwart/management.ts";
import { openBox, relay, submit } from "./clients.ts";
import { remoteEnds } from "./remote-ends.ts";
import { openSmtp } from "./smtp-session.ts";
import { until } from "../../support/until.ts";
import { allowDomain, driverOf, stalwartProgram, startWorld, titled, type World } from "./world.ts";

const anne = "anne@alpha.mssante.test";
const bruno = "bruno@beta.mssante.test";

describe.skipIf(stalwartProgram === undefined)(titled("mail through Stalwart"), () => {
  let world: World;
  let number = 0;
  beforeAll(async () => {
    world = await startWorld();
    await world.addBox(anne);
    await world.addBox(bruno);
    await openBox(world, anne);
    await openBox(world, bruno);
  });
  afterAll(async () => {
    await world?.stop();
  });

  const newSubject = () => `subject ${++number}`;
  const send = (to: readonly string[], subject: string) => submit(world, anne, { to, subject });
  const arrives = async (address: string, subject: string, seconds = 15) =>
    await until(
      `${subject} in ${address}`,
      async () => (await (await openBox(world, address)).subjects()).includes(subject),
      seconds,
    );
  const countAt = async (address: string, subject: string) =>
    (await (await openBox(world, address)).subjects()).filter((one) => one === subject).length;
  const leftFor = (subject: string) =>
    world.border.mails.filter((mail) => mail.data.includes(`Subject: ${subject}\r\n`));

  it("reaches a box here, a listed domain by the border, and nobody else", async () => {
    const subject = newSubject();
    await send([bruno, "docteur@gamma.mssante.test"], subject);
    await arrives(bruno, subject);
    await until("the mail at the border", () => Promise.resolve(leftFor(subject).length === 1));
    expect(leftFor(subject)[0]).toMatchObject({ from: anne, to: ["docteur@gamma.mssante.test"] });
    await expect(send(["someone@gmail.test"], newSubject())).rejects.toThrow("550 5.1.2");
    await expect(send(["nobody@beta.mssante.test"], newSubject())).rejects.toThrow("550 5.1.2");
  });

  it("follows the white list at the next recipient, both ways", async () => {
    await expect(send(["x@delta.mssante.test"], newSubject())).rejects.toThrow("550 5.1.2");
    await allowDomain(world, "delta.mssante.test");
    const subject = newSubject();
    await send(["x@delta.mssante.test"], subject);
    await until("the mail at the border", () => Promise.resolve(leftFor(subject).length === 1));
    await world.sql("delete from app.white_list_entries where domain = 'delta.mssante.test'");
    await expect(send(["x@delta.mssante.test"], newSubject())).rejects.toThrow("550 5.1.2");
  });

  it("is not taken from the border for outside recipients, nor in the name of a box here", async () => {
    const subject = newSubject();
    await expect(relay(world, { from: "a@gamma.mssante.test", to: "b@gamma.mssante.test", subject }))
      .rejects.toThrow("550");
    await expect(relay(world, { from: anne, to: bruno, subject })).rejects.toThrow("550 5.7.1");
  });

  it("waits while the border is away and leaves once it is back", async () => {
    const subject = newSubject();
    const { port } = world.border;
    await world.border.stop();
    await send(["docteur@gamma.mssante.test"], subject);
    const { startBorder } = await import("./border.ts");
    Object.assign(world.border, await startBorder(port));
    await until("the mail at the border", () => Promise.resolve(leftFor(subject).length === 1), 30);
  });

  it("whose route cannot be computed goes to the border, never out by MX", async () => {
    const { program, plan } = await configure(world.options);
    // The route asks a lookup that does not exist, which is what an unreachable database looks like to it.
    const broken = {
      ...plan,
      steps: [{
        object: "x:MtaOutboundStrategy",
        kind: "singleton" as const,
        value: {
          route: {
            match: {
              "0": { if: "sql_query('gone','SELECT 1 WHERE $1 = 1',[rcpt_domain]) == 1", then: "'local'" },
            },
            else: "'local'",
          },
        },
      }],
    };
    await world.server.stop();
    expect(await applyInRecovery(program, broken, false)).toBe(1);
    await world.launchAgain();
    try {
      const subject = newSubject();
      await send(["docteur@gamma.mssante.test"], subject);
      // The border may count as away since an earlier test: the schedule's third retry comes after a minute.
      await until("the mail at the border", () => Promise.resolve(leftFor(subject).length === 1), 120);
    } finally {
      await world.server.stop();
      expect(await applyInRecovery(program, plan, false)).toBe(1);
      await world.launchAgain();
    }
  }, 180_000);

  it("that was in flight at a kill -9 is delivered within seconds of the restart, once", async () => {
    const subject = newSubject();
    const { port } = world.border;
    await world.border.stop();
    const { startStalledBorder } = await import("./border.ts");
    // A border that takes the connection and says nothing holds the message in delivery: its lock stands.
    const stalled = await startStalledBorder(port);
    await send(["docteur@gamma.mssante.test"], subject);
    await until("the connection", () => Promise.resolve(stalled.connections() > 0));
    await world.server.kill();
    const locks = await world.mailSql("select count(*)::int as n from m where get_byte(k, 0) in (21, 23)");
    expect(locks.rows[0].n).toBeGreaterThan(0);
    await stalled.stop();
    const { startBorder } = await import("./border.ts");
    Object.assign(world.border, await startBorder(port));
    const began = Date.now();
    await world.launchAgain();
    await until("the mail at the border", () => Promise.resolve(leftFor(subject).length === 1), 20);
    expect(Date.now() - began).toBeLessThan(20_000);
    expect(leftFor(subject)).toHaveLength(1);
    expect(world.log.join("\n")).toMatch(/freed \d+ locks/);
  });

  it("acknowledged around a kill -9 is in the box exactly once", async () => {
    const acknowledged: string[] = [];
    const burst = Array.from({ length: 20 }, async () => {
      const subject = newSubject();
      await relay(world, { from: "docteur@gamma.mssante.test", to: bruno, subject });
      acknowledged.push(subject);
      if (acknowledged.length === 8) await world.server.kill();
    });
    await Promise.allSettled(burst);
    await world.launchAgain();
    expect(acknowledged.length).toBeGreaterThanOrEqual(8);
    for (const subject of acknowledged) {
      await arrives(bruno, subject, 20);
      expect(await countAt(bruno, subject)).toBe(1);
    }
  });

  it("stops with PostgreSQL and goes on with it: the probe tells, the health page lies", async () => {
    expect(await world.driver.probe(AbortSignal.timeout(5_000))).toBe("ready");
    const health = new URL("/healthz/ready", world.driver.jmapUrl);
    const login = await world.edgeLogin(anne);
    const session = await openSmtp(world.server.edge.submission, login.user, login.pass);
    const [{ startPostgres }, { postgres }] = [await import("../../../scripts/stack/postgres.ts"), world];
    await postgres.kill();
    await until(
      "the probe to tell",
      async () => await world.driver.probe(AbortSignal.timeout(20_000)) === "unavailable",
      30,
    );
    const response = await fetch(health);
    expect(response.status).toBe(200); // Why nobody may believe it.
    await response.body?.cancel();
    await expect(relay(world, { from: "docteur@gamma.mssante.test", to: bruno, subject: "lost?" })).rejects
      .toThrow(/4\d\d/);
    // With its lists away the server lets any sender pass; nobody may be written to all the same.
    await session.say(`MAIL FROM:<${anne}>`);
    expect(await session.say("RCPT TO:<docteur@gamma.mssante.test>")).toMatch(/^[45]/);
    expect(await session.say(`RCPT TO:<${bruno}>`)).toMatch(/^[45]/);
    session.close();
    const again = await startPostgres({
      directory: `${world.directory}/postgres`,
      secretsDirectory: world.options.secretsDirectory,
      port: postgres.address.port,
      durable: false,
      runAs: world.options.runAs,
      log: () => {},
    });
    Object.assign(world.postgres, again);
    await until(
      "the server to serve again",
      async () => await world.driver.probe(AbortSignal.timeout(5_000)) === "ready",
      30,
    );
    const subject = newSubject();
    await relay(world, { from: "docteur@gamma.mssante.test", to: bruno, subject });
    await arrives(bruno, subject);
  });

  it("is found without its accents, by a plural, and by a part of an address", async () => {
    const box = await openBox(world, bruno);
    const subject = `Dosage de l'hémoglobine ${++number}`;
    await relay(world, { from: "helene.durand@gamma.mssante.test", to: bruno, subject });
    await arrives(bruno, subject);
    const finds = async (filter: Record<string, string>) => {
      const [response] = await box.call(["Email/query", { accountId: box.accountId, filter }]);
      return (response!["ids"] as string[]).length > 0;
    };
    for (
      const filter of [{ text: "hemoglobine" }, { subject: "HEMOGLOBINES" }, { from: "docteur" }, {
        to: "beta",
      }]
    ) {
      await until(JSON.stringify(filter), () => finds(filter as unknown as Record<string, string>));
    }
  });

  it("makes the server speak to nobody outside this machine", async () => {
    await world.server.stop();
    await world.launchAgain();
    const seen = new Set<string>();
    const subject = newSubject();
    const watching = setInterval(() => {
      for (const end of remoteEnds(world.server.pids[0]!)) seen.add(end);
    }, 20);
    try {
      await send([bruno, "docteur@gamma.mssante.test"], subject);
      await arrives(bruno, subject);
      await until("the mail at the border", () => Promise.resolve(leftFor(subject).length === 1));
    } finally {
      clearInterval(watching);
    }
    expect(seen.size).toBeGreaterThan(0);
    expect([...seen].filter((end) => !/^(127\.|\[::1\]|\[::ffff:127\.)/.test(end))).toEqual([]);
  });

  it("leaves no subject, no body and no address in the server's log, and its lines stay joinable", async () => {
    const subject = `Résultat confidentiel ${++number}`;
    await send([bruno], subject);
    await arrives(bruno, subject);
    const names = () =>
      world.log.flatMap((line) => /to = \["(~[0-9a-f]{8}@gamma\.mssante\.test)"\]/.exec(line)?.[1] ?? []);
    const before = names().length;
    await send(["patient.dupont@gamma.mssante.test"], newSubject());
    await until("the log", () => Promise.resolve(names().length > before + 1));
    expect(new Set(names().slice(before)).size).toBe(1);
    const text = world.log.join("\n");
    for (const word of ["confidentiel", "bonjour", "dupont", "anne@", "bruno@"]) {
      expect(text).not.toContain(word);
    }
  });

  it("is not written into a box over its quota, in words that the web knows", async () => {
    const driver = await driverOf(world.server);
    const full = "full@beta.mssante.test";
    await world.addBox(full);
    await driver.applyMailbox({
      address: full,
      displayName: "",
      quotaBytes: 1_048_576,
      status: "active",
      sendAs: [],
    });
    const box = await openBox(world, full);
    const [upload] = await box.call(["Email/set", {
      accountId: box.accountId,
      create: {
        big: {
          mailboxIds: { a: true },
          subject: "big",
          bodyValues: { t: { value: "x".repeat(1_100_000) } },
          textBody: [{ partId: "t", type: "text/plain" }],
        },
      },
    }]);
    expect(asObject(asObject(upload!["notCreated"])["big"])["type"]).toBe("overQuota");
  });
});
