import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MailServerRefused } from "../../../api/mail-server/mod.ts";
import {
  basicAuthorization,
  callJmap,
  callOnce,
  setError,
} from "../../../api/mail-server/stalwart/management.ts";
import { findDomain } from "../../../api/mail-server/stalwart/domains.ts";
import { ImapClient, ImapRefused } from "../../support/imap.ts";
import { openBox, relay, submit, swaks } from "./clients.ts";
import { openSmtp } from "./smtp-session.ts";
import { until } from "../../support/until.ts";
import { operatorDomain, stalwartProgram, startWorld, titled, type World } from "./world.ts";

describe.skipIf(stalwartProgram === undefined)(titled("boxes on Stalwart"), () => {
  let world: World;
  let number = 0;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(async () => {
    await world?.stop();
  });

  /** A box of its own for each test, known to SQL and to the server. */
  async function newBox(options: { aliases?: string[] } = {}): Promise<string> {
    const address = `box${++number}@alpha.mssante.test`;
    await world.addBox(address, options.aliases);
    await apply(address, { sendAs: options.aliases ?? [] });
    return address;
  }
  const apply = (address: string, changes: Partial<Parameters<World["driver"]["applyMailbox"]>[0]> = {}) =>
    world.driver.applyMailbox({
      address,
      displayName: address,
      quotaBytes: 1_073_741_824,
      status: "active",
      sendAs: [],
      ...changes,
    });
  const closeAtOnce = async (address: string) => {
    await world.sql(
      "update app.mailboxes set status = 'closing', closing_at = now(), purge_at = now() where address = $1",
      [address],
    );
    await world.sql("update app.mailboxes set status = 'closed' where address = $1", [address]);
  };
  const provisioner = async () => ({
    url: world.driver.jmapUrl,
    authorization: basicAuthorization(
      `admin@${operatorDomain}`,
      await Deno.readTextFile(world.server.apiEnvironment["MSS_MAIL_PROVISIONER_SECRET_FILE"]!),
    ),
    timeoutMilliseconds: 10_000,
  });

  it("stand before any mail or sign-in, with their quota, and applying again changes nothing", async () => {
    const address = await newBox();
    const first = await world.driver.readMailbox(address);
    await apply(address);
    expect(await world.driver.readMailbox(address)).toEqual(first);
    expect(first).toMatchObject({ address, quotaBytes: 1_073_741_824, status: "active", sendAs: [] });
    const box = await openBox(world, address);
    expect(box.accountId).toBe(first!.accountId);
    const [quota] = await box.call(["Quota/get", { accountId: box.accountId, ids: null }]);
    expect(quota!["list"]).toMatchObject([{ hardLimit: 1_073_741_824 }]);
  });

  it("carry their display name in their identity before any mail or sign-in, and a changed one", async () => {
    const address = await newBox();
    await apply(address, { displayName: "Dr Anne ALLARD" });
    const box = await openBox(world, address);
    const [identities] = await box.call(["Identity/get", { accountId: box.accountId, ids: null }]);
    expect(identities!["list"]).toMatchObject([{ email: address, name: "Dr Anne ALLARD" }]);
  });

  it("are brought to their state although their first mails come at the same moment", async () => {
    for (let round = 0; round < 4; round++) {
      const address = `box${++number}@alpha.mssante.test`;
      await world.addBox(address);
      // The server answers 451 to mails that meet the making of the account; the border comes back with them.
      const mails = [1, 2, 3].map((index) =>
        until(
          "the mail to be taken",
          () =>
            relay(world, { from: "docteur@gamma.mssante.test", to: address, subject: `mail ${index}` }).then(
              () => true,
              (error) => {
                expect(String(error)).toContain("451");
                return false;
              },
            ),
        )
      );
      await Promise.all([apply(address, { quotaBytes: 5_000_000 }), ...mails]);
      expect((await world.driver.readMailbox(address))!.quotaBytes).toBe(5_000_000);
      const box = await openBox(world, address);
      await until("all mails", async () => (await box.subjects()).length === 3);
    }
  });

  it("get a changed quota at once, and lose it when there is none", async () => {
    const address = await newBox();
    await apply(address, { quotaBytes: 2_097_152 });
    expect((await world.driver.readMailbox(address))!.quotaBytes).toBe(2_097_152);
    await apply(address, { quotaBytes: null });
    expect((await world.driver.readMailbox(address))!.quotaBytes).toBeNull();
  });

  it("are unknown to readMailbox when they or their domain do not exist", async () => {
    expect(await world.driver.readMailbox("nobody@alpha.mssante.test")).toBeUndefined();
    expect(await world.driver.readMailbox("nobody@elsewhere.test")).toBeUndefined();
  });

  it("are opened by the gateway as themselves and as no other", async () => {
    const [one, other] = [await newBox(), await newBox()];
    const box = await openBox(world, one);
    const foreign = (await openBox(world, other)).accountId;
    await expect(box.call(["Mailbox/get", { accountId: foreign, ids: null }])).rejects.toThrow(
      MailServerRefused,
    );
    await expect(box.call(["x:Account/get", { ids: null }])).rejects.toThrow(MailServerRefused);
  });

  it("cannot be read by the gateway's service in its own name", async () => {
    const address = await newBox();
    const { accountId } = await openBox(world, address);
    const endpoint = {
      url: world.driver.jmapUrl,
      authorization: basicAuthorization(
        `gateway@${operatorDomain}`,
        await Deno.readTextFile(world.server.apiEnvironment["MSS_MAIL_GATEWAY_SECRET_FILE"]!),
      ),
      timeoutMilliseconds: 10_000,
    };
    for (const method of ["Mailbox/get", "Email/get", "Identity/get"]) {
      await expect(callJmap(endpoint, [[method, { accountId, ids: null }]])).rejects.toThrow(
        MailServerRefused,
      );
    }
  });

  it("are out of the provisioner's reach: it makes accounts, reads no mail and cannot give itself more", async () => {
    const address = await newBox();
    const { accountId } = await openBox(world, address);
    const endpoint = await provisioner();
    await expect(callJmap(endpoint, [["Email/query", { accountId }]])).rejects.toThrow(MailServerRefused);
    const authorization = basicAuthorization(
      `${address}%admin@${operatorDomain}`,
      await Deno.readTextFile(world.server.apiEnvironment["MSS_MAIL_PROVISIONER_SECRET_FILE"]!),
    );
    await expect(callJmap({ ...endpoint, authorization }, [["Core/echo", {}]])).rejects.toThrow(
      MailServerRefused,
    );
    const granted = await callOnce(endpoint, "x:Account/set", {
      update: {
        [accountId]: {
          permissions: {
            "@type": "Merge",
            enabledPermissions: { impersonate: true },
            disabledPermissions: {},
          },
        },
      },
    });
    expect(setError(granted, accountId)?.reason).toBe("forbidden");
  });

  it("are not given to a service that may not act for boxes", async () => {
    const victim = await newBox();
    const login = `${victim}%${world.server.apiEnvironment["MSS_MAIL_PROVISIONER_LOGIN"]}`;
    const secret = await Deno.readTextFile(
      world.server.apiEnvironment["MSS_MAIL_PROVISIONER_SECRET_FILE"]!,
    );
    const authorization = basicAuthorization(login, secret);
    const response = await fetch(world.driver.sessionUrl, { headers: { authorization } });
    expect([401, 403]).toContain(response.status);
    await response.body?.cancel();
    await expect(ImapClient.signIn(world.server.addresses.imap, login, secret)).rejects.toThrow(ImapRefused);
  });

  it("are not opened by SASL's authzid: the server ignores it, so our front never sends one", async () => {
    const [victim, other] = [await newBox(), await newBox()];
    await (await openBox(world, victim)).call(["Core/echo", {}]);
    const client = await ImapClient.connect(world.server.addresses.imap);
    const { user, pass } = await world.edgeLogin(other);
    await client.command(`AUTHENTICATE PLAIN ${btoa(`${victim}\0${user}\0${pass}`)}`);
    await client.append("INBOX", "Subject: whose box\r\n\r\nx\r\n");
    client.close();
    expect(await (await openBox(world, victim)).subjects()).toEqual([]);
    expect(await (await openBox(world, other)).subjects()).toEqual(["whose box"]);
  });

  it("open to the edge in their name by IMAP and SMTP, in any case of letters, and by no other secret", async () => {
    const address = await newBox();
    const { user, pass } = await world.edgeLogin(address.toUpperCase());
    const client = await ImapClient.signIn(world.server.addresses.imap, user, pass);
    expect(await client.folders()).toEqual(expect.arrayContaining(["INBOX", "Envoyés", "Brouillons"]));
    await client.logout();
    await submit(world, address.toUpperCase(), { from: address, to: [address], subject: "to myself" });
    await expect(ImapClient.signIn(world.server.addresses.imap, user, "wrong")).rejects.toThrow(ImapRefused);
    await expect(submit(world, address, { to: [address], subject: "x" }, "wrong")).rejects.toThrow("535");
  });

  it("have no password of their own, and receive mail all the same", async () => {
    const address = await newBox();
    await expect(ImapClient.signIn(world.server.addresses.imap, address, "")).rejects.toThrow();
    await expect(ImapClient.signIn(world.server.addresses.imap, address, "null")).rejects.toThrow(
      ImapRefused,
    );
    await relay(world, { from: "docteur@gamma.mssante.test", to: address, subject: "for a shared box" });
    const box = await openBox(world, address);
    await until("the mail", async () => (await box.subjects()).includes("for a shared box"));
  });

  it("are served to a command-line client (swaks) with STARTTLS absent and AUTH PLAIN", async () => {
    const address = await newBox();
    const { port } = world.server.edge.submission;
    const { user, pass } = await world.edgeLogin(address);
    const send = ["--server", "127.0.0.1", "--port", String(port), "--from", address, "--to", address];
    const sent = await swaks([
      ...send,
      "--auth",
      "PLAIN",
      "--auth-user",
      user,
      "--auth-password",
      pass,
      "--header",
      "Subject: by swaks",
    ]);
    expect(sent.code, sent.transcript).toBe(0);
    const anonymous = await swaks(send);
    expect(anonymous.code).not.toBe(0);
    expect(anonymous.transcript).toMatch(/<\*\* 5\d\d/);
    const box = await openBox(world, address);
    await until("the mail", async () => (await box.subjects()).includes("by swaks"));
  });

  it("get the mail of an alias that moved to them with the very next mail", async () => {
    const [first, second] = [await newBox({ aliases: ["moving@alpha.mssante.test"] }), await newBox()];
    const send = (subject: string) =>
      relay(world, { from: "docteur@gamma.mssante.test", to: "moving@alpha.mssante.test", subject });
    await send("before");
    const [one, two] = [await openBox(world, first), await openBox(world, second)];
    await until("the first mail", async () => (await one.subjects()).includes("before"));

    await world.sql(
      "update app.addresses set mailbox_id = (select id from app.mailboxes where address = $1), structure_id = (select structure_id from app.mailboxes where address = $1) where address = 'moving@alpha.mssante.test'",
      [second],
    );
    await send("after");
    await until("the second mail", async () => (await two.subjects()).includes("after"));
    expect(await one.subjects()).toEqual(["before"]);

    // The desired state of the new owner is applied before that of the old one: the address changes hands.
    await apply(second, { sendAs: ["moving@alpha.mssante.test"] });
    expect((await world.driver.readMailbox(second))!.sendAs).toEqual(["moving@alpha.mssante.test"]);
    expect((await world.driver.readMailbox(first))!.sendAs).toEqual([]);
  });

  it("write from their aliases and from nobody else's address", async () => {
    const address = await newBox({ aliases: ["pen-name@alpha.mssante.test"] });
    await submit(world, address, { from: "pen-name@alpha.mssante.test", to: [address], subject: "alias" });
    const other = await newBox();
    await expect(submit(world, address, { from: other, to: [address], subject: "forged" })).rejects.toThrow(
      "501",
    );
  });

  it("are suspended within 5 s: no sign-in, no sending, no delivery, the mail is kept; and resume", async () => {
    const address = await newBox();
    await relay(world, { from: "docteur@gamma.mssante.test", to: address, subject: "kept" });
    const box = await openBox(world, address);
    await until("the mail", async () => (await box.subjects()).includes("kept"));

    const { user, pass } = await world.edgeLogin(address);
    const began = Date.now();
    await world.sql("update app.mailboxes set status = 'suspended' where address = $1", [address]);
    await apply(address, { status: "suspended" });
    await world.driver.kickSessions(address);
    expect(Date.now() - began).toBeLessThan(5_000);
    // The server lets a refused client wait, so the refusals are asked for at once.
    await Promise.all([
      expect(relay(world, { from: "docteur@gamma.mssante.test", to: address, subject: "late" }))
        .rejects.toThrow("550 5.1.2"),
      expect(submit(world, address, { to: [address], subject: "late" })).rejects.toThrow("550 5.7.1"),
      // The gateway's own credential is refused too, with the header that was just honoured.
      expect(box.call(["Core/echo", {}])).rejects.toMatchObject({ reason: "http-403" }),
      expect(openBox(world, address)).rejects.toThrow("session refused"),
      expect(ImapClient.signIn(world.server.addresses.imap, user, pass)).rejects.toThrow(),
    ]);
    expect((await world.driver.readMailbox(address))!.status).toBe("suspended");

    await world.sql("update app.mailboxes set status = 'active' where address = $1", [address]);
    await apply(address);
    expect(await (await openBox(world, address)).subjects()).toEqual(["kept"]);
    await submit(world, address, { to: [address], subject: "again" });
    await until("the next mail", async () => (await (await openBox(world, address)).subjects()).length === 2);
  });

  it("suspended in SQL may send nothing more in an SMTP session that was already open, nor by JMAP", async () => {
    const address = await newBox();
    const box = await openBox(world, address);
    const { user, pass } = await world.edgeLogin(address);
    const session = await openSmtp(world.server.edge.submission, user, pass);
    expect(await session.say(`MAIL FROM:<${address}>`)).toMatch(/^250/);
    expect(await session.say("RSET")).toMatch(/^250/);
    await world.sql("update app.mailboxes set status = 'suspended' where address = $1", [address]);
    expect(await session.say(`MAIL FROM:<${address}>`)).toMatch(/^550 5\.7\.1/);
    session.close();
    const submitted = await box.send({
      to: [address],
      subject: "no",
      messageId: `no${number}@alpha.mssante.test`,
    });
    expect(setError(submitted, "s")?.reason).toBe("forbiddenMailFrom");
  });

  it("are closed with their mail, and closing again is harmless", async () => {
    const address = await newBox();
    await openBox(world, address);
    await closeAtOnce(address);
    await apply(address, { status: "closed" });
    await apply(address, { status: "closed" });
    expect(await world.driver.readMailbox(address)).toBeUndefined();
  });

  it("of a domain that is switched off at the server go on: Domain.isEnabled does nothing, SQL decides", async () => {
    await world.addDomain("off.mssante.test");
    await world.addBox("box@off.mssante.test");
    const endpoint = await provisioner();
    const id = (await findDomain(endpoint, "off.mssante.test"))!;
    await callOnce(endpoint, "x:Domain/set", { update: { [id]: { isEnabled: false } } });
    await world.driver.kickSessions("box@off.mssante.test");
    const deliver = (subject: string) =>
      relay(world, { from: "docteur@gamma.mssante.test", to: "box@off.mssante.test", subject });
    await deliver("still accepted"); // What the server's switch does, seen: nothing.

    await world.sql("update app.domains set status = 'suspended' where name = 'off.mssante.test'");
    await expect(deliver("refused")).rejects.toThrow("550");
    // The edge's sign-in still opens it, which is why the edge asks the API first; sending is refused here too.
    await expect(submit(world, "box@off.mssante.test", { to: ["box1@alpha.mssante.test"], subject: "no" }))
      .rejects
      .toThrow("550 5.7.1");
  });

  it("keep their domain: it is removed only when none stands in it", async () => {
    await world.addDomain("leaving.mssante.test");
    await world.addBox("box@leaving.mssante.test");
    await apply("box@leaving.mssante.test");
    await expect(world.driver.removeDomain("leaving.mssante.test")).rejects.toMatchObject({
      reason: "objectIsLinked",
    });
    await closeAtOnce("box@leaving.mssante.test");
    await apply("box@leaving.mssante.test", { status: "closed" });
    await until(
      "the domain to go",
      () => world.driver.removeDomain("leaving.mssante.test").then(() => true, () => false),
    );
    await world.driver.removeDomain("leaving.mssante.test");
  });
});
