import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness } from "../../support/harness.ts";
import { Authenticator } from "./authenticator.ts";
import { Application, enrol, enrolPasskey, invite, password, refusals, StaffBrowser } from "./people.ts";

describe("an account of the staff is set up by its link", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await openHarness();
  });
  afterAll(async () => await harness.close());

  const open = async (link: string, browser = new StaffBrowser(harness)) => {
    const { status, slug, body } = await browser.step("enrolment", { link });
    return { status, slug, browser, transaction: String(body.transaction), body };
  };

  it("with a password and a first code: signed in, ten recovery codes shown, the platform's own account", async () => {
    const member = await enrol(harness);
    expect(await member.browser.isSignedIn()).toBe(true);
    expect(new Set(member.recoveryCodes).size).toBe(10);
    for (const code of member.recoveryCodes) {
      expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}$/);
    }
    const [person] = await harness.database.rows(
      "select issuer, subject, id_nat_ps from app.people where id = $1",
      [member.personId],
    );
    expect(person).toEqual({
      issuer: "urn:mssante:personnel-exploitant",
      subject: member.personId,
      id_nat_ps: null,
    });
    const trail = await harness.database.rows(
      "select action, actor_kind, after from app.audit_events where subject_id = $1 order by id",
      [member.personId],
    );
    expect(trail.map((one) => [one.action, one.actor_kind])).toEqual([
      ["staff.create", "system"],
      ["staff.enrol", "person"],
    ]);
    expect(trail[1]?.after).toEqual({ personId: member.personId, login: member.login, factor: "pwd+otp" });
  });

  it("with a passkey: no recovery code, which alone would be a single factor", async () => {
    const { browser, body } = await enrolPasskey(harness);
    expect(body.recoveryCodes).toEqual([]);
    expect(await browser.isSignedIn()).toBe(true);
  });

  it("shows the secret as text, as an address and as an image of the same", async () => {
    const { link, login } = await invite(harness);
    const { browser, transaction, body } = await open(link);
    expect(body).toMatchObject({ login, displayName: "Camille MARTIN" });
    const card = (await browser.step("enrolment/password", { transaction, password })).body;
    const uri = new URL(card.uri);
    expect([uri.protocol, uri.host, uri.searchParams.get("secret")]).toEqual([
      "otpauth:",
      "totp",
      card.secret,
    ]);
    expect(card.secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(card.qrSvg).toMatch(/^<svg [^>]*viewBox/);
  });

  it.each([
    ["of eleven characters", "kqhzfwxpvbt", "too-short"],
    ["of a hundred and twenty-nine", "ab1!".repeat(33), "too-long"],
    ["with the person's name", "oui Camille entre ici", "contains-name"],
    ["with the person's name in other letters", "le MÀRTIN-pêcheur bleu", "contains-name"],
    ["that everybody has", "motdepasse123", "too-easy"],
    ["of one letter", "aaaaaaaaaaaaaaaaaaaa", "too-easy"],
    ["along the keyboard", "azertyuiopqsdfgh", "too-easy"],
  ])("not with a password %s", async (_name, wanted, reason) => {
    const { link } = await invite(harness);
    const { browser, transaction } = await open(link);
    const answer = await browser.step("enrolment/password", { transaction, password: wanted });
    expect([answer.status, answer.slug, answer.body.reason]).toEqual([422, "password-refused", reason]);
  });

  it("with any letters, spaces and signs: there is no rule of composition", async () => {
    const { link } = await invite(harness);
    const { browser, transaction } = await open(link);
    for (
      const wanted of ["quatre chaises devant la gare", "ねこは窓のそばで眠っている猫", "7193 5520 8846 1127"]
    ) {
      expect((await browser.step("enrolment/password", { transaction, password: wanted })).status).toBe(200);
    }
  });

  it("not without a first code that is right; a wrong one leaves the link good", async () => {
    const { link } = await invite(harness);
    const { browser, transaction } = await open(link);
    expect((await browser.step("enrolment/code", { transaction, code: "123456" })).slug).toBe(
      "staff-sign-in-expired",
    );
    const { secret } = (await browser.step("enrolment/password", { transaction, password })).body;
    const wrong = await browser.step("enrolment/code", { transaction, code: "123456" });
    expect([wrong.status, wrong.slug]).toEqual([422, "code-refused"]);
    const code = new Application(harness, secret).code();
    expect((await browser.step("enrolment/code", { transaction, code })).status).toBe(200);
  });

  it("does not take the first code a second time to sign in", async () => {
    const member = await enrol(harness);
    const browser = new StaffBrowser(harness);
    const { transaction } = (await browser.step("password", { login: member.login, password })).body;
    const answer = await browser.step("code", { transaction, code: member.application.code() });
    expect(answer.status).toBe(401);
    expect(await refusals(harness)).toEqual(["staff-code-replayed"]);
  });

  it("once: not again after it was used, nor by a second tab that was open", async () => {
    const invitation = await invite(harness);
    const tab = await open(invitation.link);
    await enrol(harness, invitation);
    const again = await open(invitation.link);
    expect([again.status, again.slug]).toEqual([410, "staff-enrolment-invalid"]);
    expect(await refusals(harness)).toEqual(["staff-link"]);
    const late = await tab.browser.step("enrolment/password", { transaction: tab.transaction, password });
    expect(late.slug).toBe("staff-sign-in-expired");
  });

  it("by one of two tabs that end at the same moment", async () => {
    const { link } = await invite(harness);
    const tabs = [await open(link), await open(link)];
    const made = await Promise.all(tabs.map(async ({ browser, transaction }) => {
      const { options } = (await browser.step("enrolment/passkey/options", { transaction })).body;
      return { browser, transaction, response: new Authenticator().create(options) };
    }));
    const answers = await Promise.all(
      made.map(({ browser, ...rest }) => browser.step("enrolment/passkey", { ...rest, name: "Clé" })),
    );
    expect(answers.map((one) => one.slug ?? "set up").sort()).toEqual([
      "set up",
      expect.stringMatching(/^staff-/),
    ]);
  });

  it("within the hour, not after, even if it was opened before", async () => {
    const { link } = await invite(harness);
    harness.clock.pass(3_300);
    const { browser, transaction } = await open(link);
    harness.clock.pass(400);
    expect((await open(link)).slug).toBe("staff-enrolment-invalid");
    const { options } = (await browser.step("enrolment/passkey/options", { transaction })).body;
    const response = new Authenticator().create(options);
    expect((await browser.step("enrolment/passkey", { transaction, name: "Clé", response })).slug)
      .toBe("staff-enrolment-invalid");
  });

  it.each([["nothing like a link", "x"], ["a link of nobody", "A".repeat(43)]])(
    "not by %s",
    async (_name, link) => {
      expect((await open(link)).slug).toBe("staff-enrolment-invalid");
    },
  );
});
