/** How long a session lasts, told as tests on a whole platform: as its right does, whatever dies meanwhile. */
import { expect, test } from "vitest";
import { until } from "../../support/until.ts";
import { anne, refusal, secretariat, signIn, speak, type Way, type World } from "./imap-world.ts";

const later = /^NO \[UNAVAILABLE\] /;

/** @param worldOf asked in each test: the world is made before the first */
export function sessionsEnd(worldOf: () => World): void {
  test("a session outlives its token and ends within 5 s when the right ends, and no other does", async () => {
    const world = worldOf();
    const byTokenOf = async (person: "anne-allard" | "claire-corbeau"): Promise<Way> => ({
      kind: "token",
      mechanism: "XOAUTH2",
      token: await world.token(person, { lifetimeSeconds: 5 }),
    });
    const password = await world.appPassword("anne-allard", secretariat);
    const certificate = await world.certificate([secretariat]);
    const short = await byTokenOf("anne-allard");
    const sessions = {
      anne: await signIn(world, secretariat, short),
      claire: await signIn(world, secretariat, await byTokenOf("claire-corbeau")),
      password: await signIn(world, secretariat, { kind: "login", secret: password.secret }),
      certificate: await signIn(world, secretariat, { kind: "certificate", certificate: certificate.own }),
    };
    for (const session of Object.values(sessions)) {
      await session.mailboxOpen("INBOX");
      void session.idle();
    }
    const open = () => Object.entries(sessions).flatMap(([name, { usable }]) => usable ? [name] : []);
    const endsWithin5 = (name: keyof typeof sessions) =>
      until(`the session of ${name} ends`, () => !sessions[name].usable, 5);

    await world.sql("update app.app_passwords set revoked_at = now() where id = $1", [password.id]);
    await endsWithin5("password");
    expect(open()).toEqual(["anne", "claire", "certificate"]);
    await world.sql("update app.client_certificates set withdrawn_at = now() where id = $1", [
      certificate.id,
    ]);
    await endsWithin5("certificate");
    expect(open()).toEqual(["anne", "claire"]);
    await until("the tokens are over", async () => {
      const again = await refusal(signIn(world, secretariat, short));
      return again.line.startsWith("NO [AUTHENTICATIONFAILED]");
    });
    for (const session of [sessions.anne, sessions.claire]) {
      expect(await session.status("INBOX", { messages: true })).toBeTruthy();
    }
    const giveBack = await removeMember(world, "CORBEAU");
    await endsWithin5("claire");
    expect(open()).toEqual(["anne"]);
    await giveBack();
    await sessions.anne.logout();
  });

  test("while the API is away, slow or dead everybody is told to come later, and whoever is in stays in", async () => {
    const world = worldOf();
    const { secret } = await world.appPassword("anne-allard", secretariat);
    const { own } = await world.certificate([secretariat]);
    const token = await world.token("anne-allard", { lifetimeSeconds: 600 });
    const ways: Way[] = [
      { kind: "login", secret },
      { kind: "plain", secret },
      { kind: "token", mechanism: "XOAUTH2", token },
      { kind: "token", mechanism: "OAUTHBEARER", token },
      { kind: "certificate", certificate: own },
    ];
    const allAreToldLater = async (why: string) => {
      const answers = await Promise.all(ways.map((way) => refusal(signIn(world, secretariat, way))));
      for (const { line } of answers) expect(line, why).toMatch(later);
    };
    const inside = await signIn(world, secretariat, ways[0]!);
    const claire = await signIn(world, secretariat, {
      kind: "token",
      mechanism: "XOAUTH2",
      token: await world.token("claire-corbeau"),
    });
    const api = world.stack.part("api");
    const pids = api.pids();
    for (const pid of pids) Deno.kill(pid, "SIGSTOP");
    try {
      await allAreToldLater("slow");
    } finally {
      for (const pid of pids) Deno.kill(pid, "SIGCONT");
    }
    await api.kill();
    try {
      await allAreToldLater("dead");
      expect(await inside.mailboxOpen("INBOX")).toBeTruthy();
    } finally {
      await api.start();
    }
    await Promise.all(ways.map(async (way) => (await signIn(world, secretariat, way)).logout()));
    // The API that came back knows who is in, and whose right has ended.
    const giveBack = await removeMember(world, "CORBEAU");
    await until("the session that ran through it ends", () => !claire.usable, 5);
    await giveBack();
    expect(await inside.mailboxOpen("INBOX")).toBeTruthy();
    await inside.logout();
  });

  test("with Dovecot dead software is told to come later, and what Dovecot lets in anew is watched again", async () => {
    const world = worldOf();
    const { own } = await world.certificate([anne]);
    const dovecot = world.stack.part("edge-imap");
    await dovecot.kill();
    const software: Way = { kind: "certificate", certificate: own };
    try {
      expect((await refusal(signIn(world, anne, software))).line).toMatch(later);
    } finally {
      await dovecot.start();
    }
    const { id, secret } = await world.appPassword("anne-allard", anne);
    await (await signIn(world, anne, software)).logout();
    const session = await signIn(world, anne, { kind: "login", secret });
    await world.sql("update app.app_passwords set revoked_at = now() where id = $1", [id]);
    await until("its session ends", () => !session.usable, 5);
  });

  test("with the mail server away everybody is told to come later", async () => {
    const world = worldOf();
    const { secret } = await world.appPassword("anne-allard", anne);
    const { own: certificate } = await world.certificate([anne]);
    // By hand: nginx closes right behind its answer, and a busy program may not have read it by then.
    const attempts = [
      async () =>
        (await speak(world, { kind: "plain", secret })).authenticate("PLAIN", `\0${anne}\0${secret}`),
      async () => (await speak(world, { kind: "certificate", certificate })).authenticate("EXTERNAL", anne),
    ];
    const mailServer = world.stack.part("mail-server");
    await mailServer.stop();
    try {
      const answers = await Promise.allSettled(attempts.map((attempt) => attempt()));
      for (const answer of answers) {
        expect(answer).toMatchObject({ status: "rejected", reason: { line: expect.stringMatching(later) } });
      }
    } finally {
      await mailServer.start();
    }
    await (await signIn(world, anne, { kind: "plain", secret })).logout();
    await (await signIn(world, anne, { kind: "certificate", certificate })).logout();
  });
}

/** Takes a person out of the secretariat's box; what is returned puts him back. */
async function removeMember({ sql, mailboxId }: World, familyName: string): Promise<() => Promise<unknown>> {
  const [row] = await sql(
    `delete from app.mailbox_members where mailbox_id = $1
       and person_id = (select id from app.people where family_name = $2) returning structure_id, mailbox_id, person_id`,
    [await mailboxId(secretariat), familyName],
  );
  return () =>
    sql("insert into app.mailbox_members (structure_id, mailbox_id, person_id) values ($1, $2, $3)", [
      row!["structure_id"],
      row!["mailbox_id"],
      row!["person_id"],
    ]);
}
