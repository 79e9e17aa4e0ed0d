import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Harness, openHarness } from "../../support/harness.ts";
import { enrol, host, type Member, password, refusals, session, signIn, StaffBrowser } from "./people.ts";

describe("the staff's sign-in by password and code", () => {
  let harness: Harness;
  let member: Member;
  beforeAll(async () => {
    harness = await openHarness();
  });
  afterAll(async () => await harness.close());
  // One account each: what was tried on one does not slow another.
  beforeEach(async () => {
    member = await enrol(harness);
    harness.clock.pass(60);
  });

  const begin = async (browser: StaffBrowser) =>
    (await browser.step("password", { login: member.login, password })).body.transaction as string;

  it("opens a session like anybody's, whose trail names the factors", async () => {
    const { browser, done } = await signIn(harness, member);
    expect(done.status).toBe(200);
    expect(browser.browser.attributesOf(session)).toBe("Path=/; Secure; HttpOnly; SameSite=Lax");
    const { body } = await browser.send("GET", "/api/v1/session");
    expect(body.person).toMatchObject({ id: member.personId, displayName: "Camille MARTIN", rpps: null });
    expect(body.roles).toEqual([{ role: "operator_administrator", structureId: null, structureName: null }]);
    expect(body.mailboxes).toEqual([]);
    const [row] = await harness.database.rows(
      "select actor_person_id, after from app.audit_events where action = 'session.start' order by id desc limit 1",
    );
    expect(row).toEqual({
      actor_person_id: member.personId,
      after: { personId: member.personId, amr: "pwd+otp" },
    });
  });

  it("takes the login whatever its letters, and the password however its accents were typed", async () => {
    const browser = new StaffBrowser(harness);
    const answer = await browser.step("password", {
      login: ` ${member.login.toUpperCase()} `,
      password: password.normalize("NFD"),
    });
    expect(answer.status).toBe(200);
  });

  it("answers an unknown account, a wrong password and a closed account alike", async () => {
    const browser = new StaffBrowser(harness);
    const wrong = await browser.step("password", { login: member.login, password: "not it at all" });
    const unknown = await browser.step("password", { login: "nobody@operateur.test", password });
    await harness.database.rows("update app.people set status = 'suspended' where id = $1", [
      member.personId,
    ]);
    const suspended = await browser.step("password", { login: member.login, password });
    for (const answer of [wrong, unknown, suspended]) {
      expect(answer.status).toBe(401);
      expect({ ...answer.body, instance: "" }).toEqual({ ...wrong.body, instance: "" });
    }
    expect(await refusals(harness, 3)).toEqual([
      "staff-account-not-active",
      "staff-account-unknown",
      "staff-password",
    ]);
  });

  it("does the same work for an account that does not exist", async () => {
    const timeOf = async (login: string) => {
      const began = performance.now();
      await new StaffBrowser(harness).step("password", { login, password: "not it at all" });
      return performance.now() - began;
    };
    await timeOf("first@operateur.test");
    const known = [await timeOf(member.login), await timeOf(member.login)];
    const unknown = [await timeOf("x@operateur.test"), await timeOf("y@operateur.test")];
    // A hash is some 100 ms, all else some ms: a missing hash could not reach a quarter.
    expect(Math.min(...unknown)).toBeGreaterThan(Math.min(...known) / 4);
  });

  it("takes a code once, and none of two steps ago or of the next", async () => {
    const browser = new StaffBrowser(harness);
    harness.clock.pass(90);
    for (const steps of [-2, 1]) {
      const answer = await browser.step("code", {
        transaction: await begin(browser),
        code: member.application.code(steps),
      });
      expect([answer.status, answer.slug]).toEqual([401, "staff-sign-in-refused"]);
      harness.clock.pass(3);
    }
    expect(await refusals(harness, 2)).toEqual(["staff-code", "staff-code"]);
    harness.clock.pass(30);
    // A clock that is half a minute behind: the step before still counts, once.
    const late = member.application.code(-1);
    expect((await browser.step("code", { transaction: await begin(browser), code: late })).status).toBe(200);
    const again = new StaffBrowser(harness);
    const replayed = await again.step("code", { transaction: await begin(again), code: late });
    expect(replayed.status).toBe(401);
    expect(await refusals(harness)).toEqual(["staff-code-replayed"]);
  });

  it("lets one of two browsers in that show the same code at once", async () => {
    harness.clock.pass(30);
    const browsers = [new StaffBrowser(harness), new StaffBrowser(harness)];
    const transactions = [await begin(browsers[0]!), await begin(browsers[1]!)];
    const code = member.application.code();
    const answers = await Promise.all(
      browsers.map((browser, index) => browser.step("code", { transaction: transactions[index], code })),
    );
    expect(answers.map((one) => one.status).sort()).toEqual([200, 401]);
  });

  it("takes a recovery code once, however it is typed", async () => {
    const browser = new StaffBrowser(harness);
    const [first = ""] = member.recoveryCodes;
    expect(member.recoveryCodes).toHaveLength(10);
    const typed = first.replaceAll("-", " ").toLowerCase();
    expect((await browser.step("code", { transaction: await begin(browser), code: typed })).status).toBe(200);
    const [{ after } = { after: {} }] = await harness.database.rows(
      "select after from app.audit_events where action = 'session.start' order by id desc limit 1",
    );
    expect(after).toMatchObject({ amr: "pwd+recovery" });
    const again = new StaffBrowser(harness);
    expect((await again.step("code", { transaction: await begin(again), code: first })).status).toBe(401);
    expect(await refusals(harness)).toEqual(["staff-recovery-code"]);
  });

  it("is begun again after five wrong codes, and waits longer and longer before that", async () => {
    const browser = new StaffBrowser(harness);
    const transaction = await begin(browser);
    const wrong = async () => await browser.step("code", { transaction, code: "000000" });
    const slugs: (string | undefined)[] = [];
    for (let tries = 0; tries < 8; tries++) {
      slugs.push((await wrong()).slug);
      harness.clock.pass(40);
    }
    expect(slugs.slice(0, 5)).toEqual(Array(5).fill("staff-sign-in-refused"));
    expect(slugs.slice(5)).toEqual(Array(3).fill("staff-sign-in-expired"));
    const hammer: (string | undefined)[] = [];
    for (let tries = 0; tries < 12; tries++) {
      hammer.push(
        (await new StaffBrowser(harness).step("password", { login: member.login, password: "x" })).slug,
      );
    }
    expect(hammer).toContain("too-many-requests");
    // The same for an account that is not there.
    const nobody: (string | undefined)[] = [];
    for (let tries = 0; tries < 12; tries++) {
      nobody.push(
        (await new StaffBrowser(harness).step("password", { login: "nobody2", password: "x" })).slug,
      );
    }
    expect(nobody).toContain("too-many-requests");
  });

  it("keeps what is under way to one browser and ten minutes", async () => {
    const [mine, other] = [new StaffBrowser(harness), new StaffBrowser(harness)];
    const transaction = await begin(mine);
    await begin(other);
    const code = await member.application.next();
    const stolen = await other.step("code", { transaction, code });
    expect([stolen.status, stolen.slug]).toEqual([409, "staff-sign-in-expired"]);
    harness.clock.pass(601);
    const late = await mine.step("code", { transaction, code: await member.application.next() });
    expect(late.slug).toBe("staff-sign-in-expired");
  });

  it("lets two tabs of one browser sign in side by side", async () => {
    const browser = new StaffBrowser(harness);
    const [one, two] = [await begin(browser), await begin(browser)];
    expect((await browser.step("code", { transaction: one, code: await member.application.next() })).status)
      .toBe(200);
    expect((await browser.step("code", { transaction: two, code: await member.application.next() })).status)
      .toBe(200);
  });

  it("never continues the session that the browser had", async () => {
    const browser = new StaffBrowser(harness);
    const planted = member.browser.cookie!;
    browser.browser.set(host, session, planted);
    await signIn(harness, member, browser);
    expect(browser.cookie).not.toBe(planted);
    expect(await browser.isSignedIn()).toBe(true);
    expect(await member.browser.isSignedIn()).toBe(false);
  });

  it("ends at sign-out without a way to the provider, which never was asked", async () => {
    const { browser } = await signIn(harness, member);
    const out = await browser.send("POST", "/auth/sign-out");
    expect([out.status, out.body]).toEqual([200, { endSessionUrl: null }]);
    expect(await browser.isSignedIn()).toBe(false);
  });

  it("is refused to another site's page, and to what is no JSON", async () => {
    const request = (headers: Record<string, string>) =>
      harness.app.request("http://localhost:8480/auth/staff/password", {
        method: "POST",
        headers,
        body: JSON.stringify({ login: member.login, password }),
      });
    expect((await request({ "content-type": "application/json", "sec-fetch-site": "cross-site" })).status)
      .toBe(403);
    expect((await request({ "content-type": "text/plain", "sec-fetch-site": "same-origin" })).status).toBe(
      415,
    );
  });

  it("keeps no secret in clear, and shows none in the trail or the log", async () => {
    await signIn(harness, member);
    const rows = await harness.database.rows(
      "select password_hash, encode(totp_secret, 'escape') as totp from app.staff_accounts where person_id = $1",
      [member.personId],
    );
    expect(String(rows[0]?.password_hash)).toMatch(/^\$argon2id\$v=19\$m=47104,t=2,p=1\$/);
    const [code = ""] = member.recoveryCodes;
    const trail = JSON.stringify(await harness.database.rows("select * from app.audit_events"));
    for (const secret of [password, code, member.link, member.browser.cookie!]) {
      expect(trail).not.toContain(secret);
      expect(harness.logLines.join("\n")).not.toContain(secret);
    }
    expect(rows[0]?.totp).not.toBeNull();
  });
});
