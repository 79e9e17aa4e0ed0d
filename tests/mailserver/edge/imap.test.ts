import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAuthority } from "../../../mailserver/certificates/authority.ts";
import { revokeClients } from "../../../mailserver/certificates/clients.ts";
import { mailServersAtHand } from "../../support/stack.ts";
import { until } from "../../support/until.ts";
import { sessionsEnd } from "./imap-endings.ts";
import { protocolByHand } from "./imap-protocol.ts";
import { workInABox } from "./imap-work.ts";
import {
  anne,
  bruno,
  refusal,
  secretariat,
  signIn,
  speak,
  startImapWorld,
  type Way,
  type World,
} from "./imap-world.ts";
import { mbsyncComesIn } from "./mbsync.ts";
import { softwareDoor } from "./software-door.ts";
import { logoutEndsTokenSessions } from "./token-logout.ts";

const refused = /^NO \[AUTHENTICATIONFAILED\] /;

describe.each(mailServersAtHand())("IMAP at the edge, before %s", (mail) => {
  let world: World;

  beforeAll(async () => {
    world = await startImapWorld(mail);
    // Stalwart makes a box's folders at its first sign-in, and refuses another at that very moment.
    for (
      const [person, box] of [["anne-allard", anne], ["anne-allard", secretariat], [
        "bruno-bernard",
        bruno,
      ]] as const
    ) {
      const { secret } = await world.appPassword(person, box);
      await (await signIn(world, box, { kind: "plain", secret })).logout();
    }
  });
  afterAll(() => world?.stop());

  const byToken = async (mechanism: "XOAUTH2" | "OAUTHBEARER", wish = {}): Promise<Way> => ({
    kind: "token",
    mechanism,
    token: await world.token("anne-allard", wish),
  });
  const ways: Record<string, () => Promise<Way>> = {
    "a token by XOAUTH2": () => byToken("XOAUTH2"),
    "a token by OAUTHBEARER": () => byToken("OAUTHBEARER", { bytes: 5_000 }),
    "an app password by LOGIN": async () => ({
      kind: "login",
      ...await world.appPassword("anne-allard", anne),
    }),
    "an app password by PLAIN": async () => ({
      kind: "plain",
      ...await world.appPassword("anne-allard", anne),
    }),
    "an app password by SASL LOGIN": async () => ({
      kind: "sasl-login",
      ...await world.appPassword("anne-allard", anne),
    }),
    "a certificate by EXTERNAL": async () => ({
      kind: "certificate",
      certificate: (await world.certificate([secretariat, anne])).own,
    }),
  };

  test.each(Object.keys(ways).flatMap((way) => [{ way, door: "143" }, { way, door: "993" }]))(
    "$way opens a box at $door, whichever way its address is written",
    async ({ way, door }) => {
      const box = door === "143" ? anne : anne.toUpperCase();
      const program = await signIn(world, box, await ways[way]!(), door === "993");
      expect(program.secureConnection).toBe(true);
      expect((await program.list()).map(({ specialUse }) => specialUse)).toEqual(
        expect.arrayContaining(["\\Drafts", "\\Sent", "\\Trash"]),
      );
      await program.append("INBOX", `Subject: ${way}\r\n\r\nBonjour.\r\n`);
      expect(await program.mailboxOpen("INBOX")).toMatchObject({ readOnly: false });
      await program.logout();
    },
  );

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
    for (const { mechanism, line, challenge } of answers) {
      expect(line).toMatch(refused);
      expect(challenge?.["status"]).toBe(mechanism === "XOAUTH2" ? "401" : "invalid_token");
    }
    expect(new Set(answers.map(({ line }) => line)).size).toBe(1);
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
      [bruno, { kind: "login", secret: ofClaire.slice(0, 200) }],
      ["nobody@alpha.mssante.test", { kind: "login", secret: password.secret }],
    ];
    const answers = await Promise.all(attempts.map(([box, way]) => refusal(signIn(world, box, way))));
    for (const { line } of answers) expect(line).toMatch(refused);
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
    const comingIn = (box: string, certificate: (typeof shut)[number], isImplicit = false) =>
      refusal(signIn(world, box, { kind: "certificate", certificate: certificate.own }, isImplicit));
    const stopped = await Promise.all(
      shut.flatMap((certificate) => [false, true].map((door) => comingIn(secretariat, certificate, door))),
    );
    for (const { line } of stopped) expect(line).toBe("closed");
    const registered = await world.certificate([secretariat]);
    const unknown = await world.certificate([]);
    const answers = await Promise.all([comingIn(anne, registered), comingIn(secretariat, unknown)]);
    for (const { line } of answers) expect(line).toMatch(refused);
    // A password is worth nothing at this door.
    const { secret } = await world.appPassword("anne-allard", secretariat);
    const client = await speak(world, { kind: "certificate", certificate: registered.own });
    await expect(client.command(`LOGIN ${secretariat} ${secret}`)).rejects.toThrow(/AUTHENTICATIONFAILED/);
    client.close();
    expect(secrets).toContain(secret);

    await revokeClients(authority, [registered.identity.certificate], new Date());
    await until(
      "the new revocation list is in force",
      async () => (await comingIn(secretariat, registered)).line === "closed",
    );
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

  protocolByHand(() => world);
  workInABox(() => world);
  sessionsEnd(() => world);
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
