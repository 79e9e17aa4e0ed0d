import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAuthority } from "../../../mailserver/certificates/authority.ts";
import { revokeClients } from "../../../mailserver/certificates/clients.ts";
import { ImapClient } from "../../support/imap.ts";
import { mailServersAtHand } from "../../support/stack.ts";
import { until } from "../../support/until.ts";
import {
  anne,
  bruno,
  connect,
  refusal,
  secretariat,
  signIn,
  startImapWorld,
  type Way,
  type World,
} from "./imap-world.ts";
import { mbsyncComesIn } from "./mbsync.ts";
import { softwareDoor } from "./software-door.ts";
import { logoutEndsTokenSessions } from "./token-logout.ts";

const refused = /^NO \[AUTHENTICATIONFAILED\]/;
/** nginx has no response code to give. */
const refusedByNginx = /^NO Authentication failed/;
const later = /^NO \[UNAVAILABLE\] Temporary authentication failure/;
const closed = "the connection was closed";

describe.each(mailServersAtHand())("IMAP at the edge, before %s", (mail) => {
  let world: World;

  beforeAll(async () => {
    world = await startImapWorld(mail);
  });
  afterAll(() => world?.stop());

  const byToken = async (mechanism: "XOAUTH2" | "OAUTHBEARER", wish = {}): Promise<Way> => ({
    kind: "token",
    mechanism,
    token: await world.token("anne-allard", wish),
  });

  test("nothing can be said before TLS", async () => {
    const client = await ImapClient.connect({ ...world.stack.edge.imap, host: "127.0.0.2" });
    const { untagged: [capabilities = ""] } = await client.command("CAPABILITY");
    expect(capabilities).toContain("STARTTLS");
    expect(capabilities).toContain("LOGINDISABLED");
    expect(capabilities).not.toContain("AUTH=");
    await expect(client.command(`LOGIN ${anne} secret`)).rejects.toThrow(/PRIVACYREQUIRED/);
    await expect(client.authenticate("PLAIN", `\0${anne}\0secret`)).rejects.toThrow(/NO \[PRIVACYREQUIRED\]/);
    client.close();
    // From its own address too, which Dovecot by itself takes for safe.
    const { secret } = await world.appPassword("anne-allard", anne);
    const inside = await ImapClient.connect(world.stack.edge.imap);
    await expect(inside.command(`LOGIN ${anne} ${secret}`)).rejects.toThrow(/AUTHENTICATIONFAILED/);
    inside.close();
  });

  test.each(
    (["XOAUTH2", "OAUTHBEARER"] as const).flatMap((mechanism) =>
      [true, false].flatMap((isInitial) =>
        [700, 2_000, 5_000].map((bytes) => ({ mechanism, isInitial, bytes }))
      )
    ),
  )("a token of $bytes bytes opens a box by $mechanism, initial response: $isInitial", async (given) => {
    const way = await byToken(given.mechanism, { bytes: given.bytes });
    const client = await signIn(world, anne, way, given.isInitial);
    expect(await client.select("INBOX")).toBeGreaterThanOrEqual(0);
    await client.logout();
  });

  test("an app password opens its box by LOGIN and by SASL, with TLS from the first byte too", async () => {
    const { secret } = await world.appPassword("anne-allard", anne);
    for (const kind of ["login", "plain", "sasl-login"] as const) {
      const client = await signIn(world, anne, { kind, secret });
      expect(await client.folders()).toContain("INBOX");
      await client.logout();
    }
    const client = await ImapClient.connect({ ...world.stack.edge.imaps, tls: true });
    await client.command(`LOGIN ${anne.toUpperCase()} ${secret}`);
    await client.logout();
  });

  test("a certificate of the structure opens the boxes it is registered for", async () => {
    const { own: certificate } = await world.certificate([secretariat, anne]);
    const before = await ImapClient.connect(world.stack.edge.imapCertificate);
    expect((await before.command("CAPABILITY")).untagged[0]).toContain("LOGINDISABLED");
    before.close();
    for (const box of [secretariat, anne]) {
      for (const isInitial of [true, false]) {
        const client = await signIn(world, box, { kind: "certificate", certificate }, isInitial);
        await client.append("INBOX", `Subject: software of ${box}\r\n\r\nBonjour.\r\n`);
        await client.logout();
      }
    }
    const client = await signIn(world, anne, { kind: "certificate", certificate, isImplicit: true });
    await client.logout();
  });

  test("each wrong token is refused alike", async () => {
    const faults = [
      "revoked",
      "expired",
      "unknown-key",
      "other-issuer",
      "weak-acr",
      "id-token",
      "no-subject",
    ];
    const answers = await Promise.all(
      faults.flatMap((fault) =>
        (["XOAUTH2", "OAUTHBEARER"] as const).map(async (mechanism) => {
          // A box of its own for each mechanism: who fails often waits longer.
          const box = mechanism === "XOAUTH2" ? anne : secretariat;
          return { mechanism, ...await refusal(signIn(world, box, await byToken(mechanism, { fault }))) };
        })
      ),
    );
    for (const { mechanism, line, challenges } of answers) {
      expect(line).toMatch(refused);
      const [said] = challenges.map((text) => JSON.parse(text).status);
      expect(said).toBe(mechanism === "XOAUTH2" ? "401" : "invalid_token");
    }
    expect(new Set(answers.map(({ line }) => line.replace(/^(NO \[\w+\]).*/, "$1"))).size).toBe(1);
  });

  test("a good token or app password opens no box that is not the person's", async () => {
    const token = await world.token("djibril-audit");
    const password = await world.appPassword("anne-allard", anne);
    const forSending = await world.appPassword("bruno-bernard", bruno, ["submission"]);
    const ofClaire = await world.token("claire-corbeau");
    const attempts: [string, Way][] = [
      [anne, { kind: "token", mechanism: "XOAUTH2", token }],
      [anne, { kind: "token", mechanism: "XOAUTH2", token: ofClaire }],
      [secretariat, { kind: "login", secret: password.secret }],
      [bruno, { kind: "plain", secret: forSending.secret }],
      [bruno, { kind: "login", secret: "" }],
      [bruno, { kind: "login", secret: ofClaire.slice(0, 200) }],
      ["nobody@alpha.mssante.test", { kind: "login", secret: password.secret }],
    ];
    const answers = await Promise.all(attempts.map(([box, way]) => refusal(signIn(world, box, way))));
    for (const { line } of answers) expect(line).toMatch(refused);
    const client = await connect(world, { kind: "login", secret: "" });
    const withAuthzid = client.authenticate("PLAIN", `${secretariat}\0${anne}\0${password.secret}`);
    await expect(withAuthzid).rejects.toThrow(/AUTHENTICATIONFAILED/);
    client.close();
  });

  test("each wrong certificate is refused: before the sign-in when it is no structure's, else by the API", async () => {
    const { authority, secrets } = world;
    const foreign = await createAuthority(new Date());
    const day = 86_400_000;
    const shut = await Promise.all([
      world.certificate([secretariat], {}, foreign.organisations),
      world.certificate([secretariat], {
        notBefore: new Date(Date.now() - 9 * day),
        notAfter: new Date(Date.now() - day),
      }),
      world.certificate([secretariat], { purpose: "server" }),
    ]);
    for (const { own: certificate } of shut) {
      expect((await refusal(signIn(world, secretariat, { kind: "certificate", certificate }))).line).toBe(
        closed,
      );
    }
    const without = await ImapClient.connect(world.stack.edge.imapCertificate);
    await without.startTls();
    await expect(without.authenticate("EXTERNAL", secretariat)).rejects.toThrow(closed);

    const registered = await world.certificate([secretariat]);
    const unknown = await world.certificate([]);
    const other = await refusal(signIn(world, anne, { kind: "certificate", certificate: registered.own }));
    const none = await refusal(signIn(world, secretariat, { kind: "certificate", certificate: unknown.own }));
    for (const { line } of [other, none]) expect(line).toMatch(refusedByNginx);
    // A password is worth nothing at this door.
    const { secret } = await world.appPassword("anne-allard", secretariat);
    const client = await connect(world, { kind: "certificate", certificate: registered.own });
    await expect(client.command(`LOGIN ${secretariat} ${secret}`)).rejects.toThrow(/Authentication failed/);
    client.close();
    expect(secrets).toContain(secret);

    await revokeClients(authority, [registered.identity.certificate], new Date());
    await until("the new revocation list is in force", async () => {
      const again = await refusal(
        signIn(world, secretariat, { kind: "certificate", certificate: registered.own }),
      );
      return again.line === closed;
    });
  });

  test("who may only read a box is refused it, with the reason inside alone", async () => {
    const path = `/api/v1/mailboxes/${await world.mailboxId(anne)}/delegations`;
    const person = { idNatPs: "899900000037", givenName: "Djibril", familyName: "AUDIT" };
    const given = await world.visitors["anne-allard"].json<{ id: string }>(path, {
      body: { person, rights: ["read"] },
      headers: { "idempotency-key": crypto.randomUUID() },
    });
    const way: Way = { kind: "token", mechanism: "XOAUTH2", token: await world.token("djibril-audit") };
    expect((await refusal(signIn(world, anne, way))).line).toMatch(refused);
    const log = await Deno.readTextFile(`${world.stack.logDirectory}/api.log`);
    expect(log).toMatch(/"reason":"read-only"/);
    const removed = await world.visitors["anne-allard"].fetch(`${path}/${given.id}`, {
      method: "DELETE",
      headers: { "if-match": '"1"' },
    });
    expect(removed.status).toBeLessThan(300);
  });

  test("two people work in one shared box: what one puts in, the other's open session is told", async () => {
    const claire = await signIn(world, secretariat, {
      kind: "token",
      mechanism: "OAUTHBEARER",
      token: await world.token("claire-corbeau"),
    });
    const other = await signIn(world, secretariat, await byToken("XOAUTH2"));
    const before = await other.select("INBOX");
    const told: string[] = [];
    const endIdle = await other.idle((line) => told.push(line));
    await claire.append("INBOX", "Subject: Rendez-vous\r\nMessage-ID: <idle@test>\r\n\r\nBonjour.\r\n");
    await until("the other is told", () => told.some((line) => line === `${before + 1} EXISTS`));
    await endIdle();
    await until("the search finds it", async () => {
      const { untagged } = await other.command('SEARCH SUBJECT "Rendez-vous"');
      return untagged.some((line) => /^SEARCH \d/.test(line));
    });
    await Promise.all([claire.logout(), other.logout()]);
  });

  test("25 MB go in and come out unchanged", async () => {
    const { secret } = await world.appPassword("bruno-bernard", bruno);
    const client = await signIn(world, bruno, { kind: "login", secret });
    const line = `${"0123456789abcdef".repeat(4)}\r\n`;
    const message = `Subject: large\r\nMessage-ID: <${crypto.randomUUID()}@test>\r\n\r\n${
      line.repeat(Math.ceil(25_000_000 / line.length))
    }`;
    await client.append("INBOX", message);
    const count = await client.select("INBOX");
    const { untagged } = await client.command(`FETCH ${count} (BODY.PEEK[])`);
    const [, came = ""] = /\{\d+\}\r\n([^]*)\)$/.exec(
      untagged.find((each) => each.includes("BODY[]")) ?? "",
    ) ?? [];
    expect(came.length).toBe(message.length);
    expect(came === message).toBe(true);
    await client.command(`STORE ${count} +FLAGS (\\Deleted)`);
    await client.command("EXPUNGE");
    await client.logout();
  });

  test("a token that is too long is refused without harm to another session", async () => {
    const other = await signIn(world, anne, await byToken("XOAUTH2"));
    for (const bytes of [8_000, 60_000]) {
      const token = `${await world.token("anne-allard")}${"x".repeat(bytes)}`;
      for (const isInitial of [true, false]) {
        const way: Way = { kind: "token", mechanism: "XOAUTH2", token };
        expect((await refusal(signIn(world, anne, way, isInitial))).line).toBe(closed);
      }
    }
    expect(await other.select("INBOX")).toBeGreaterThanOrEqual(0);
    await (await signIn(world, anne, await byToken("XOAUTH2"))).logout();
    await other.logout();
  });

  test("a session outlives its token and ends within 5 s when the right ends, and no other does", async () => {
    const byTokenOf = async (person: "anne-allard" | "claire-corbeau"): Promise<Way> => ({
      kind: "token",
      mechanism: "XOAUTH2",
      token: await world.token(person, { lifetimeSeconds: 1 }),
    });
    const password = await world.appPassword("anne-allard", secretariat);
    const certificate = await world.certificate([secretariat]);
    const sessions = {
      anne: await signIn(world, secretariat, await byTokenOf("anne-allard")),
      claire: await signIn(world, secretariat, await byTokenOf("claire-corbeau")),
      password: await signIn(world, secretariat, { kind: "login", secret: password.secret }),
      certificate: await signIn(world, secretariat, { kind: "certificate", certificate: certificate.own }),
    };
    const open = () => Object.entries(sessions).flatMap(([name, { isClosed }]) => isClosed ? [] : [name]);
    const endsWithin5 = (name: keyof typeof sessions) =>
      until(`the session of ${name} ends`, () => sessions[name].isClosed, 5);

    await world.sql("update app.app_passwords set revoked_at = now() where id = $1", [password.id]);
    await endsWithin5("password");
    expect(open()).toEqual(["anne", "claire", "certificate"]);
    await world.sql("update app.client_certificates set withdrawn_at = now() where id = $1", [
      certificate.id,
    ]);
    await endsWithin5("certificate");
    expect(open()).toEqual(["anne", "claire"]);
    // Their tokens have been over for a while.
    for (
      const { select } of [sessions.anne, sessions.claire].map((each) => ({ select: each.select.bind(each) }))
    ) {
      expect(await select("INBOX")).toBeGreaterThanOrEqual(0);
    }
    const member =
      "mailbox_id = $1 and person_id = (select id from app.people where family_name = 'CORBEAU')";
    const box = await world.mailboxId(secretariat);
    const [row] = await world.sql(
      `delete from app.mailbox_members where ${member} returning structure_id, person_id`,
      [box],
    );
    await endsWithin5("claire");
    expect(open()).toEqual(["anne"]);
    await world.sql(
      "insert into app.mailbox_members (structure_id, mailbox_id, person_id) values ($1, $2, $3)",
      [
        row!["structure_id"],
        box,
        row!["person_id"],
      ],
    );
    await sessions.anne.logout();
  });

  test("while the API is down everybody is told to come later, and whoever is in stays in", async () => {
    const { secret } = await world.appPassword("anne-allard", anne);
    const certificate = await world.certificate([anne]);
    const token = await byToken("OAUTHBEARER");
    const inside = await signIn(world, anne, { kind: "login", secret });
    const api = world.stack.part("api");
    await api.stop();
    try {
      const ways: Way[] = [{ kind: "login", secret }, { kind: "plain", secret }, token];
      const answers = await Promise.all(ways.map((way) => refusal(signIn(world, anne, way))));
      for (const { line } of answers) expect(line).toMatch(later);
      // nginx says "* BAD internal server error" and closes: no client takes that for a wrong certificate.
      const software = refusal(signIn(world, anne, { kind: "certificate", certificate: certificate.own }));
      expect((await software).line).toBe(closed);
      expect(await inside.select("INBOX")).toBeGreaterThanOrEqual(0);
    } finally {
      await api.start();
    }
    await (await signIn(world, anne, { kind: "login", secret })).logout();
    await inside.logout();
  });

  logoutEndsTokenSessions(() => world);
  softwareDoor(() => world);
  mbsyncComesIn(() => world);

  test("no credential stands in any log", async () => {
    const { stack } = world;
    await (await signIn(world, anne, await byToken("XOAUTH2"))).logout();
    const { secret } = await world.appPassword("anne-allard", anne);
    await (await signIn(world, anne, { kind: "plain", secret })).logout();
    expect((await refusal(signIn(world, anne, { kind: "plain", secret: `${secret}x` }))).line).toMatch(
      refused,
    );
    const kept = await Promise.all(
      ["edge-key", "edge-doveadm", mail === "cyrus" ? "cyrus-admin" : "stalwart-edge"].map((name) =>
        stack.secret(name)
      ),
    );
    const wanted = [...world.secrets, ...kept].flatMap((value) => [
      value,
      btoa(value),
      encodeURIComponent(value),
    ]).filter((value, index, all) => all.indexOf(value) === index);
    const found: string[] = [];
    for await (const entry of Deno.readDir(stack.logDirectory)) {
      const text = await Deno.readTextFile(`${stack.logDirectory}/${entry.name}`);
      if (wanted.some((value) => text.includes(value))) found.push(entry.name);
    }
    expect(found).toEqual([]);
  });
});
