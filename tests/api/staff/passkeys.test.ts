import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness } from "../../support/harness.ts";
import { Authenticator, type Wishes } from "./authenticator.ts";
import { enrolPasskey, invite, refusals, StaffBrowser } from "./people.ts";

describe("the staff's sign-in by passkey", () => {
  let harness: Harness;
  let authenticator: Authenticator;
  let personId: string;
  beforeAll(async () => {
    harness = await openHarness();
    ({ authenticator, personId } = await enrolPasskey(harness));
  });
  afterAll(async () => await harness.close());

  const begin = async (browser: StaffBrowser) => (await browser.step("passkey/options")).body;
  const attempt = async (wishes: Wishes = {}, key = authenticator, browser = new StaffBrowser(harness)) => {
    const { transaction, options } = await begin(browser);
    return await browser.step("passkey", { transaction, response: key.get(options, wishes) });
  };

  it("asks for no login, wants the user verified, and opens a session", async () => {
    const browser = new StaffBrowser(harness);
    const { options } = await begin(browser);
    expect(options).toMatchObject({ rpId: "localhost", userVerification: "required" });
    expect(options.allowCredentials ?? []).toEqual([]);
    expect((await attempt({}, authenticator, browser)).status).toBe(200);
    expect((await browser.send("GET", "/api/v1/session")).body.person.id).toBe(personId);
    const [row] = await harness.database.rows(
      "select after from app.audit_events where action = 'session.start' order by id desc limit 1",
    );
    expect(row?.after).toEqual({ personId, amr: "passkey" });
  });

  it.each<[string, Wishes, string]>([
    ["another site's origin", { origin: "https://messagerie.example" }, "passkey-origin"],
    ["another relying party", { rpId: "messagerie.example" }, "passkey-relying-party"],
    ["a challenge of its own", { challenge: "AAAAAAAAAAAAAAAAAAAAAA" }, "passkey-challenge"],
    ["nobody verified", { isUserVerified: false }, "passkey-user-not-verified"],
    ["another person's handle", { userHandle: "c29tZWJvZHk" }, "passkey-other-person"],
  ])("refuses %s, with its own reason inside", async (_name, wishes, reason) => {
    const answer = await attempt(wishes);
    expect([answer.status, answer.slug]).toEqual([401, "staff-sign-in-refused"]);
    expect(await refusals(harness)).toEqual([reason]);
  });

  it("refuses a passkey that nobody has, and one signed by another key", async () => {
    const stranger = new Authenticator();
    expect((await attempt({}, stranger)).slug).toBe("staff-sign-in-refused");
    expect(await refusals(harness)).toEqual(["passkey-unknown"]);
    const browser = new StaffBrowser(harness);
    const { transaction, options } = await begin(browser);
    const [right, other] = [authenticator.get(options), stranger.get(options)];
    const response = { ...right, response: { ...right.response, signature: other.response.signature } };
    expect((await browser.step("passkey", { transaction, response })).status).toBe(401);
    expect(await refusals(harness)).toEqual(["passkey-invalid"]);
  });

  it("takes an answer once, in the browser that asked, within ten minutes", async () => {
    const browser = new StaffBrowser(harness);
    const { transaction, options } = await begin(browser);
    const response = authenticator.get(options);
    const other = new StaffBrowser(harness);
    await begin(other);
    expect((await other.step("passkey", { transaction, response })).slug).toBe("staff-sign-in-expired");
    expect((await browser.step("passkey", { transaction, response })).status).toBe(200);
    expect((await browser.step("passkey", { transaction, response })).slug).toBe("staff-sign-in-expired");
    // The same answer to a challenge of today.
    const { transaction: next } = await begin(browser);
    expect((await browser.step("passkey", { transaction: next, response })).status).toBe(401);
    expect(await refusals(harness)).toEqual(["passkey-challenge"]);
    const late = await begin(browser);
    harness.clock.pass(601);
    const answer = authenticator.get(late.options);
    expect((await browser.step("passkey", { transaction: late.transaction, response: answer })).slug)
      .toBe("staff-sign-in-expired");
  });

  it("uses a challenge up even when the answer was wrong", async () => {
    const browser = new StaffBrowser(harness);
    const { transaction, options } = await begin(browser);
    const wrong = authenticator.get(options, { isUserVerified: false });
    expect((await browser.step("passkey", { transaction, response: wrong })).status).toBe(401);
    expect((await browser.step("passkey", { transaction, response: authenticator.get(options) })).slug)
      .toBe("staff-sign-in-expired");
  });

  it("lets neither in when a copy of the key shows itself by its counter", async () => {
    const { authenticator: copied } = await enrolPasskey(harness);
    expect((await attempt({ counter: 20 }, copied)).status).toBe(200);
    expect((await attempt({ counter: 20 }, copied)).status).toBe(401);
    expect(await refusals(harness)).toEqual(["passkey-cloned"]);
    expect((await attempt({ counter: 21 }, copied)).status).toBe(401);
  });

  it("lets a synced passkey in, whose counter stays at zero", async () => {
    const { authenticator: synced } = await enrolPasskey(harness, new Authenticator(false));
    expect((await attempt({}, synced)).status).toBe(200);
    expect((await attempt({}, synced)).status).toBe(200);
  });

  it("lets nobody in whose account is closed or suspended", async () => {
    const { authenticator: his, personId } = await enrolPasskey(harness);
    await harness.database.rows("update app.people set status = 'suspended' where id = $1", [personId]);
    expect((await attempt({}, his)).slug).toBe("staff-sign-in-refused");
    expect(await refusals(harness)).toEqual(["staff-account-not-active"]);
  });

  it.each([
    ["nothing", {}],
    ["a response of another kind", { transaction: "x", response: { id: "x", type: "password" } }],
    ["a megabyte", { transaction: "x", response: { id: "x".repeat(1_100_000) } }],
  ])("answers %s as what it is, a bad request", async (_name, body) => {
    expect((await new StaffBrowser(harness).step("passkey", body)).status).toBeGreaterThanOrEqual(413);
  });

  it.each<[string, Wishes]>([
    ["another origin", { origin: "https://messagerie.example" }],
    ["another relying party", { rpId: "messagerie.example" }],
    ["nobody verified", { isUserVerified: false }],
  ])(
    "does not set an account up with a passkey made with %s, and leaves the link good",
    async (_name, wishes) => {
      const { link } = await invite(harness);
      const browser = new StaffBrowser(harness);
      const { transaction } = (await browser.step("enrolment", { link })).body;
      const key = new Authenticator();
      const make = async (wishes: Wishes) => {
        const { options } = (await browser.step("enrolment/passkey/options", { transaction })).body;
        const response = key.create(options, wishes);
        return await browser.step("enrolment/passkey", { transaction, name: "Clé", response });
      };
      expect((await make(wishes)).slug).toBe("passkey-refused");
      expect((await make({})).status).toBe(200);
    },
  );
});
