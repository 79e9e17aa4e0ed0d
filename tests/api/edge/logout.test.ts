import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createDoveadm, watchSessions } from "../../../api/edge/mod.ts";
import { refreshSessions } from "../../../api/identity/mod.ts";
import { baseUrl } from "../identity/simulated-psc.ts";
import { newTenant, type Tenant } from "../../support/tenants.ts";
import { until } from "../../support/until.ts";
import { startScriptedDoveadm } from "./scripted-doveadm.ts";
import { newAddress, openStage, type Stage } from "./stage.ts";

/** What a mail program opened by a token belongs to the session of Pro Santé Connect in which the token was given out. */
describe("what was opened by a token of Pro Santé Connect", () => {
  let stage: Stage;
  let tenant: Tenant;
  let anne: { id: string; idNatPs: string };
  let box: { id: string; address: string };
  let dovecot: ReturnType<typeof startScriptedDoveadm>;
  let closing: AbortController;
  let watching: Promise<void>;

  beforeAll(async () => {
    stage = await openStage();
    tenant = await stage.tenant();
    anne = await stage.person("anne-allard");
    box = await stage.box(tenant, { type: "PER", holderIdNatPs: anne.idNatPs });
  });
  afterAll(async () => await stage.close());
  beforeEach(async () => {
    // Tokens are given out by a real clock.
    stage.platform.resetClock();
    await stage.platform.rows("delete from app.logouts");
    dovecot = startScriptedDoveadm(stage.key);
    closing = new AbortController();
    const { db, now, log } = stage.platform.deps;
    const doveadm = createDoveadm({ url: dovecot.url, key: stage.key });
    watching = watchSessions({ db, now, log, doveadm, everyMilliseconds: 50 }, closing.signal);
  });
  afterEach(async () => {
    closing.abort();
    await watching;
    await dovecot.close();
  });

  const mint = (sid: string | null, claims: Record<string, unknown> = {}, person = "anne-allard") =>
    stage.psc.mint({ person, claims: { sid, ...claims } });
  const signIn = (secret: string) => stage.signIn({ username: box.address, secret, ip: newAddress() });
  const reason = async () => (await stage.refusals()).at(-1)?.reason;

  /** Signs in by a token and stands at the proxy. */
  async function connect(token: string): Promise<string> {
    const { status, body } = await signIn(token);
    expect(status).toBe(200);
    dovecot.connect(box.address, body!.person);
    return body!.person;
  }
  const ended = (proof: string) => until("it is ended", () => !dovecot.has(proof));
  /** A look at everything has been taken since. */
  async function looked(): Promise<void> {
    dovecot.connect(box.address, "nobody");
    await ended("nobody");
  }
  async function tell(wish: Parameters<Stage["psc"]["signOutPerson"]>[0]): Promise<void> {
    const logoutToken = await stage.psc.signOutPerson({ endsSessions: false, ...wish });
    const answer = await stage.platform.harness.app.request(`${baseUrl}/auth/back-channel-logout`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ logout_token: logoutToken }).toString(),
    });
    expect(answer.status).toBe(200);
  }

  it("ends with a back-channel logout of its session, and neither another session nor an app password does", async () => {
    const [mine, other] = [await mint("session-of-anne"), await mint("another-session")];
    const [one, two] = [await connect(mine), await connect(other)];
    const password = `app-password:${(await stage.appPassword(box.id, anne.id)).id}@${box.id}`;
    dovecot.connect(box.address, password);
    await tell({ person: "anne-allard", names: "session", claims: { sid: "session-of-anne" } });
    await ended(one);
    await looked();
    expect([dovecot.has(two), dovecot.has(password)]).toEqual([true, true]);
    // The provider still calls the token active.
    expect((await signIn(mine)).status).toBe(403);
    expect(await reason()).toBe("logged-out");
    expect((await signIn(other)).status).toBe(200);
  });

  it("sends nothing more after the logout, by a submission that was signed in before", async () => {
    const proof = await connect(await mint("session-of-submission"));
    expect((await stage.check({ box: box.address, person: proof, sender: box.address })).status).toBe(200);
    await tell({ person: "anne-allard", claims: { sid: "session-of-submission" } });
    expect((await stage.check({ box: box.address, person: proof, sender: box.address })).status).toBe(403);
    expect(await reason()).toBe("logged-out");
  });

  it("ends with a logout that names the person alone, whatever its session, and another person's does not", async () => {
    const bruno = await stage.person("bruno-bernard");
    await stage.member(box.id, bruno.id);
    const [one, two] = [await connect(await mint("one")), await connect(await mint("two"))];
    const stays = await connect(await mint("three", {}, "bruno-bernard"));
    await tell({ person: "anne-allard", names: "person" });
    await ended(one);
    await ended(two);
    await looked();
    expect(dovecot.has(stays)).toBe(true);
  });

  it("ends with any logout of the person where the provider did not name its session", async () => {
    const nameless = await connect(await mint(null));
    await tell({ person: "claire-corbeau", names: "both", claims: { sid: "of-claire" } });
    await looked();
    expect(dovecot.has(nameless)).toBe(true);
    await tell({ person: "anne-allard", names: "both", claims: { sid: "whichever" } });
    await ended(nameless);
  });

  it("is refused for a session that was logged out before anybody here had heard of it, and opened by a later token", async () => {
    const early = await mint("unheard-of", { iat: -5 });
    await tell({ person: "helene-henry", names: "session", claims: { sid: "unheard-of" } });
    expect((await signIn(early)).status).toBe(403);
    expect(await reason()).toBe("logged-out");
    stage.platform.pass(30);
    expect((await signIn(await mint("unheard-of", { iat: 5 }))).status).toBe(200);
  });

  describe("ends with the person's own sessions:", () => {
    const write = { method: "POST", headers: { "sec-fetch-site": "same-origin" } };
    async function inTheBrowser() {
      const browser = stage.platform.browser();
      await stage.platform.signIn(browser, "anne-allard");
      const [row] = await stage.platform.rows(
        "select id, provider_session_id from app.sessions where ended_at is null order by created_at desc limit 1",
      );
      expect(row?.provider_session_id).toEqual(expect.any(String));
      return { browser, id: String(row?.id), sid: String(row?.provider_session_id) };
    }

    it("a sign-out, those of the same session of the provider", async () => {
      const { browser, sid } = await inTheBrowser();
      const [same, other] = [await connect(await mint(sid)), await connect(await mint("elsewhere"))];
      await browser.fetch(`${baseUrl}/auth/sign-out`, write);
      await ended(same);
      await looked();
      expect(dovecot.has(other)).toBe(true);
    });

    it("an end of all other sessions, all", async () => {
      const { browser } = await inTheBrowser();
      const [one, two] = [await connect(await mint("far")), await connect(await mint("away"))];
      const answer = await browser.fetch(`${baseUrl}/api/v1/sessions/ending`, {
        method: "POST",
        headers: { ...write.headers, "idempotency-key": crypto.randomUUID() },
      });
      expect(answer.status).toBe(200);
      await ended(one);
      await ended(two);
    });

    it("an end by the administrator of a structure, all", async () => {
      const mine = await newTenant(stage.platform.harness);
      await stage.platform.rows(
        "insert into app.memberships (structure_id, person_id, role) values ($1, $2, 'user') on conflict do nothing",
        [mine.structureId, anne.id],
      );
      const proof = await connect(await mint("at-the-desk"));
      const answer = await mine.administrator.delete(
        `/api/v1/structures/${mine.structureId}/people/${anne.id}/sessions`,
      );
      expect(answer.status).toBe(200);
      await ended(proof);
    });

    it("a refresh token that the provider takes no more, those of the same session of the provider", async () => {
      await stage.platform.rows("update app.sessions set ended_at = now() where ended_at is null");
      const { sid } = await inTheBrowser();
      const proof = await connect(await mint(sid));
      await stage.psc.signOutPerson({ person: "anne-allard" });
      await stage.platform.rows(
        "update app.sessions set refresh_at = now() - interval '1 minute', last_seen_at = refreshed_at + interval '1 second' where ended_at is null",
      );
      stage.platform.pass(90);
      const { identity, harness } = stage.platform;
      expect(await refreshSessions(identity, harness.system)).toMatchObject({ ended: 1 });
      await ended(proof);
    });

    it("but for a session that only takes the place of another in the same browser", async () => {
      const { browser, sid } = await inTheBrowser();
      const proof = await connect(await mint(sid));
      await stage.platform.signIn(browser, "anne-allard");
      await looked();
      expect(dovecot.has(proof)).toBe(true);
    });
  });

  it("ends four hours after card or phone was presented, and a sign-in by an older proof is refused", async () => {
    const hours = (count: number) => Math.floor(Date.now() / 1_000) - count * 3_600;
    const [old, fresh] = [
      await connect(await mint("since-the-morning", { auth_time: hours(3.9) })),
      await connect(await mint("since-now")),
    ];
    await looked();
    expect(dovecot.has(old)).toBe(true);
    stage.platform.pass(0.2 * 3_600);
    await ended(old);
    expect(dovecot.has(fresh)).toBe(true);
    stage.platform.resetClock();
    expect((await signIn(await mint("yesterday", { auth_time: hours(20) }))).status).toBe(403);
    expect(await reason()).toBe("authentication-too-old");
  });
});
