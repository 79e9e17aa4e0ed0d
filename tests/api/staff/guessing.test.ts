import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createApp } from "../../../api/app.ts";
import { isPassword } from "../../../api/staff/password.ts";
import { type Harness, openHarness } from "../../support/harness.ts";
import { enrol, type Member, password, refusals, StaffBrowser } from "./people.ts";

const newAddress = () => Array.from({ length: 4 }, () => 1 + Math.floor(Math.random() * 200)).join(".");

describe.each([
  ["with Redis", () => inject("redisUrl")],
  ["with Redis away", () => "redis://127.0.0.1:9"],
])("guessing at the staff's secrets, %s", (_name, redisUrl) => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await openHarness({ redisUrl: redisUrl(), config: { trustedProxies: 1 } });
  });
  afterAll(async () => await harness.close());

  const begin = async (browser: StaffBrowser, member: Member) =>
    (await browser.step("password", { login: member.login, password })).body.transaction as string;
  /** A machine of its own, that knows the password. */
  const guess = async (member: Member, code: string, app: Pick<Harness, "app"> = harness) => {
    const browser = new StaffBrowser(app, newAddress());
    return await browser.step("code", { transaction: await begin(browser, member), code });
  };
  /** So many wrong codes a moment ago. */
  const fail = async ({ personId }: Member, failures: number) =>
    await harness.database.rows(
      "update app.staff_accounts set code_failures = $2, code_failed_at = $3 where person_id = $1",
      [personId, failures, harness.clock.now()],
    );
  const wrong = (member: Member) => member.application.code() === "000000" ? "000001" : "000000";

  it("who knows the password tries few codes, from however many machines, and whatever process answers", async () => {
    const member = await enrol(harness);
    const other = { app: createApp(harness.deps) };
    await fail(member, 8);
    for (const process of [harness, other]) {
      expect((await guess(member, wrong(member), process)).slug).toBe("staff-sign-in-refused");
    }
    const next = await guess(member, wrong(member));
    expect([next.status, next.slug]).toEqual([429, "too-many-requests"]);
    expect(await refusals(harness)).toEqual(["staff-codes-slowed"]);
    // A process that starts anew has forgotten nothing.
    expect((await guess(member, wrong(member), { app: createApp(harness.deps) })).status).toBe(429);
    // Its person has another way meanwhile, and the right code passes after the time that was said.
    const [recovery = ""] = member.recoveryCodes;
    expect((await guess(member, recovery)).status).toBe(200);
    expect((await guess(member, await member.application.next())).status).toBe(200);
  });

  it("each wrong code in a row makes the next wait longer; a hundred in a row is the end of codes", async () => {
    const member = await enrol(harness);
    const waits: number[] = [];
    for (const failures of [10, 11, 13, 99]) {
      await fail(member, failures);
      const answer = await guess(member, wrong(member));
      waits.push(answer.body.retryAfterSeconds);
    }
    expect(waits).toEqual([30, 60, 240, 3_600]);
    await fail(member, 11);
    harness.clock.pass(60);
    expect((await guess(member, await member.application.next())).status).toBe(200);
    await fail(member, 100);
    harness.clock.pass(86_400);
    expect((await guess(member, await member.application.next())).status).toBe(429);
    const [recovery = ""] = member.recoveryCodes;
    expect((await guess(member, recovery)).status).toBe(200);
  });

  it("who tries passwords from one machine waits longer and longer, and no one else does", async () => {
    const member = await enrol(harness);
    const address = newAddress();
    const slugs: (string | undefined)[] = [];
    for (let time = 0; time < 8; time++) {
      const browser = new StaffBrowser(harness, address);
      slugs.push((await browser.step("password", { login: member.login, password: "not it at all" })).slug);
    }
    expect(slugs.filter((slug) => slug === "staff-sign-in-refused")).toHaveLength(5);
    expect(slugs.at(-1)).toBe("too-many-requests");
    expect((await guess(member, await member.application.next())).status).toBe(200);
  });

  it("of two processes that are shown the same code at once one lets it in", async () => {
    const member = await enrol(harness);
    const other = { app: createApp(harness.deps) };
    const browsers = [new StaffBrowser(harness, newAddress()), new StaffBrowser(other, newAddress())];
    const transactions = await Promise.all(browsers.map((browser) => begin(browser, member)));
    const code = await member.application.next();
    const answers = await Promise.all(
      browsers.map((browser, index) => browser.step("code", { transaction: transactions[index], code })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
  });

  it("a password that was right before it was changed leads to no code any more", async () => {
    const member = await enrol(harness);
    const browser = new StaffBrowser(harness, newAddress());
    const transaction = await begin(browser, member);
    await member.browser.step("factors/password", { password: "une autre phrase de passe" });
    const answer = await browser.step("code", { transaction, code: await member.application.next() });
    expect(answer.slug).toBe("staff-sign-in-expired");
  });
});

describe("the staff's secrets", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await openHarness();
  });
  afterAll(async () => await harness.close());

  it("a new application whose first code is wrong changes nothing: no session ends", async () => {
    const member = await enrol(harness);
    const second = new StaffBrowser(harness);
    const { transaction } = (await second.step("password", { login: member.login, password })).body;
    // As the application shows it, in two groups.
    const code = (await member.application.next()).replace(/(...)(...)/, "$1 $2");
    expect((await second.step("code", { transaction, code })).status).toBe(200);
    const begun = (await second.step("factors/totp/options")).body;
    const refused = await second.step("factors/totp", { transaction: begun.transaction, code: "000000" });
    expect(refused.slug).toBe("code-refused");
    expect(await member.browser.isSignedIn()).toBe(true);
  });

  it("a flood of sign-ins is turned away, and no queue of an hour", async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, () => isPassword(null, "not it at all")),
    );
    const refused = outcomes.filter((one) => one.status === "rejected");
    expect(refused).toHaveLength(14);
    expect(await isPassword(null, "not it at all")).toBe(false);
  });

  it("what is under way elsewhere is refused with its reason in the log", async () => {
    const member = await enrol(harness);
    const { transaction } = (await new StaffBrowser(harness).step("password", {
      login: member.login,
      password,
    })).body;
    const thief = new StaffBrowser(harness);
    await thief.step("passkey/options"); // Has a cookie of its own.
    expect((await thief.step("code", { transaction, code: "000000" })).slug).toBe("staff-sign-in-expired");
    expect(harness.logLines.at(-1)).toContain("ceremony-unknown");
  });
});
