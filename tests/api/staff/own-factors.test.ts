import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness } from "../../support/harness.ts";
import { Authenticator } from "./authenticator.ts";
import {
  Application,
  enrol,
  enrolPasskey,
  type Member,
  password,
  refusals,
  signIn,
  StaffBrowser,
} from "./people.ts";

describe("one's own factors", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await openHarness();
  });
  afterAll(async () => await harness.close());

  const factorsOf = async (browser: StaffBrowser) => (await browser.send("GET", "/auth/staff/factors")).body;
  const addPasskey = async (browser: StaffBrowser, key = new Authenticator(), name = "Clé") => {
    const { transaction, options } = (await browser.step("factors/passkeys/options")).body;
    const response = key.create(options);
    return { key, ...await browser.step("factors/passkeys", { transaction, name, response }) };
  };
  const stepUp = async (member: Member) =>
    await member.browser.step("step-up", { password, code: await member.application.next() });

  it("are shown to their person, and to nobody who has none", async () => {
    const { browser, login } = await enrol(harness);
    expect(await factorsOf(browser)).toMatchObject({
      login,
      passwordSetAt: expect.any(String),
      totpSetAt: expect.any(String),
      recoveryCodesLeft: 10,
      passkeys: [],
      recentUntil: expect.any(String),
    });
    expect((await new StaffBrowser(harness).send("GET", "/auth/staff/factors")).status).toBe(401);
    const doctor = await harness.signIn();
    expect((await doctor.get("/auth/staff/factors")).status).toBe(404);
  });

  it("are changed with a factor of the last five minutes alone", async () => {
    const member = await enrol(harness);
    harness.clock.pass(301);
    const { browser } = member;
    expect((await factorsOf(browser)).recentUntil).toBeNull();
    for (
      const path of ["factors/totp/options", "factors/recovery-codes", "factors/passkeys/options"]
    ) {
      expect((await browser.step(path)).slug, path).toBe("factor-required");
    }
    expect((await browser.step("factors/password", { password: "une autre phrase assez longue" })).slug)
      .toBe("factor-required");
    expect((await browser.send("DELETE", `/auth/staff/factors/passkeys/${crypto.randomUUID()}`)).slug)
      .toBe("factor-required");
    expect((await stepUp(member)).status).toBe(200);
    expect((await browser.step("factors/recovery-codes")).status).toBe(200);
    const [row] = await harness.database.rows(
      "select after from app.audit_events where action = 'session.step-up' order by id desc limit 1",
    );
    expect(row?.after).toEqual({ personId: member.personId, amr: "pwd+otp" });
  });

  it("a factor shown again must be right, and is not right twice", async () => {
    const member = await enrol(harness);
    harness.clock.pass(301);
    const code = member.application.code();
    const wrong = await member.browser.step("step-up", { password: "not it", code });
    expect([wrong.status, wrong.slug]).toEqual([401, "staff-sign-in-refused"]);
    expect((await member.browser.step("step-up", { password, code })).status).toBe(200);
    expect((await member.browser.step("step-up", { password, code })).status).toBe(401);
    expect(await refusals(harness, 2)).toEqual(["staff-code-replayed", "staff-password"]);
  });

  it("a passkey shown again is one's own, in the session that asked", async () => {
    const [mine, other] = [await enrolPasskey(harness), await enrolPasskey(harness)];
    harness.clock.pass(301);
    const begin = async (browser: StaffBrowser) => (await browser.step("step-up/passkey/options")).body;
    const asked = await begin(mine.browser);
    expect(asked.options.allowCredentials).toEqual([
      expect.objectContaining({ id: mine.authenticator.credentialId }),
    ]);
    const foreign = other.authenticator.get(asked.options);
    expect(
      (await mine.browser.step("step-up/passkey", { transaction: asked.transaction, response: foreign }))
        .slug,
    )
      .toBe("staff-sign-in-refused");
    expect(await refusals(harness)).toEqual(["passkey-other-person"]);
    const again = await begin(mine.browser);
    const response = mine.authenticator.get(again.options);
    const stolen = await other.browser.step("step-up/passkey", { transaction: again.transaction, response });
    expect(stolen.slug).toBe("staff-sign-in-expired");
    expect((await mine.browser.step("step-up/passkey", { transaction: again.transaction, response })).status)
      .toBe(200);
    expect((await factorsOf(mine.browser)).recentUntil).not.toBeNull();
  });

  it("a new password ends the other sessions, keeps this one, and replaces the old", async () => {
    const member = await enrol(harness);
    const { browser } = await signIn(harness, member);
    const wanted = "trois vélos sur le pont";
    expect((await browser.step("factors/password", { password: "court" })).slug).toBe("password-refused");
    expect((await browser.step("factors/password", { password: wanted })).status).toBe(200);
    expect([await browser.isSignedIn(), await member.browser.isSignedIn()]).toEqual([true, false]);
    harness.clock.pass(60);
    const old = await new StaffBrowser(harness).step("password", { login: member.login, password });
    expect(old.status).toBe(401);
    const now = await new StaffBrowser(harness).step("password", { login: member.login, password: wanted });
    expect(now.status).toBe(200);
  });

  it("new codes replace the old application once their first code was shown", async () => {
    const member = await enrol(harness);
    const { browser } = member;
    const { transaction, secret } = (await browser.step("factors/totp/options")).body;
    expect((await browser.step("factors/totp", { transaction, code: "000000" })).slug).toBe("code-refused");
    const application = new Application(harness, secret);
    expect((await browser.step("factors/totp", { transaction, code: application.code() })).status).toBe(200);
    harness.clock.pass(60);
    const again = new StaffBrowser(harness);
    const begun = (await again.step("password", { login: member.login, password })).body;
    const old = await again.step("code", { transaction: begun.transaction, code: member.application.code() });
    expect(old.status).toBe(401);
    const right = await again.step("code", { transaction: begun.transaction, code: application.code() });
    expect(right.status).toBe(200);
  });

  it("new recovery codes void the old ones; each is listed as left until it is used", async () => {
    const member = await enrol(harness);
    const renewed = (await member.browser.step("factors/recovery-codes")).body.recoveryCodes;
    expect(renewed).toHaveLength(10);
    harness.clock.pass(60);
    const browser = new StaffBrowser(harness);
    const { transaction } = (await browser.step("password", { login: member.login, password })).body;
    const old = await browser.step("code", { transaction, code: member.recoveryCodes[0] });
    expect(old.status).toBe(401);
    expect((await browser.step("code", { transaction, code: renewed[0] })).status).toBe(200);
    expect((await factorsOf(browser)).recoveryCodesLeft).toBe(9);
  });

  it("several passkeys, each once; the last way in is not removed", async () => {
    const { browser, authenticator } = await enrolPasskey(harness);
    const [only] = (await factorsOf(browser)).passkeys;
    const last = await browser.send("DELETE", `/auth/staff/factors/passkeys/${only.id}`);
    expect([last.status, last.slug]).toEqual([409, "last-factor"]);
    const twice = await addPasskey(browser, authenticator);
    expect(twice.slug).toBe("passkey-refused");
    const second = await addPasskey(browser, undefined, "Ordinateur du bureau");
    expect([second.status, second.body.name]).toEqual([200, "Ordinateur du bureau"]);
    expect((await browser.send("DELETE", `/auth/staff/factors/passkeys/${only.id}`)).status).toBe(200);
    expect((await browser.send("DELETE", `/auth/staff/factors/passkeys/${only.id}`)).slug)
      .toBe("passkey-not-found");
    const again = new StaffBrowser(harness);
    const asked = (await again.step("passkey/options")).body;
    const removed = authenticator.get(asked.options);
    expect((await again.step("passkey", { transaction: asked.transaction, response: removed })).status).toBe(
      401,
    );
    const next = (await again.step("passkey/options")).body;
    const response = second.key.get(next.options);
    expect((await again.step("passkey", { transaction: next.transaction, response })).status).toBe(200);
  });

  it("another's passkey is not there to be removed", async () => {
    const [mine, other] = [await enrolPasskey(harness), await enrolPasskey(harness)];
    const [theirs] = (await factorsOf(other.browser)).passkeys;
    const answer = await mine.browser.send("DELETE", `/auth/staff/factors/passkeys/${theirs.id}`);
    expect(answer.slug).toBe("passkey-not-found");
  });

  it("an account with a passkey alone has no recovery codes, and may add a password with codes", async () => {
    const { browser, login } = await enrolPasskey(harness);
    expect((await browser.step("factors/recovery-codes")).status).toBe(404);
    expect((await browser.step("factors/password", { password })).status).toBe(200);
    const half = await new StaffBrowser(harness).step("password", { login, password });
    expect(half.status).toBe(401);
    const { transaction, secret } = (await browser.step("factors/totp/options")).body;
    const application = new Application(harness, secret);
    expect((await browser.step("factors/totp", { transaction, code: application.code() })).status).toBe(200);
    const member = { login, application, browser, recoveryCodes: [], link: "", personId: "" };
    expect((await signIn(harness, member)).done.status).toBe(200);
  });

  it("each change is traced with its factor", async () => {
    const { browser, personId } = await enrol(harness);
    await addPasskey(browser, undefined, "Clé bleue");
    await browser.step("factors/recovery-codes");
    const rows = await harness.database.rows(
      "select action, after from app.audit_events where subject_id = $1 and action like 'staff-factor.%' order by id",
      [personId],
    );
    expect(rows).toEqual([
      { action: "staff-factor.set", after: { personId, factor: "passkey", name: "Clé bleue" } },
      { action: "staff-factor.set", after: { personId, factor: "recovery" } },
    ]);
  });
});
