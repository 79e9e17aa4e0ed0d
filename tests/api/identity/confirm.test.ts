import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { inSystem } from "../../../api/database/in-tenant.ts";
import { actingPerson, requireRecentFactor } from "../../../api/identity/mod.ts";
import type { Browser } from "./browser.ts";
import { openPlatform, type Platform } from "./platform.ts";
import { baseUrl, simulate, type SimulatedPsc } from "./simulated-psc.ts";

let psc: SimulatedPsc;
let platform: Platform;

beforeAll(async () => {
  psc = await simulate();
  platform = await openPlatform(psc);
});
beforeEach(() => platform.resetClock());
afterEach(async () => {
  await psc.behave();
  await platform.rows("delete from app.sessions");
});
afterAll(async () => {
  await platform.close();
  await psc.close();
});

const confirmed = "/sign-in?step=confirmed";

async function signedInThisMorning(): Promise<Browser> {
  const browser = platform.browser();
  await platform.signIn(browser, "anne-allard");
  await platform.rows(
    "update app.sessions set authenticated_at = authenticated_at - interval '20 minutes', last_seen_at = now()",
  );
  return browser;
}

/** Whether an act that asks for a recent factor would be done now. */
async function isRecent(): Promise<boolean> {
  const [row] = await platform.rows("select id, person_id from app.sessions where ended_at is null");
  const { db, now, log } = platform.deps;
  const actor = actingPerson({
    personId: String(row?.person_id),
    displayName: "",
    sessionId: String(row?.id),
  });
  const ctx = { db, now, log, requestId: "test", actor };
  return await inSystem(ctx, (tx) => requireRecentFactor(tx, ctx)).then(() => true, () => false);
}

/** The page of the provider that the confirmation leads to. */
async function begin(browser: Browser, headers: Record<string, string> = {}): Promise<string> {
  const begun = await browser.fetch(`${baseUrl}/auth/confirm`, { headers });
  return begun.headers.get("location") ?? "";
}

async function finish(browser: Browser, callback: URL): Promise<string | null> {
  return (await browser.fetch(callback.href)).headers.get("location");
}

const sessions = () =>
  platform.rows("select id, token_hash, factor_at, ended_at from app.sessions order by created_at");

describe("card or phone shown again", () => {
  test("is asked for although the provider remembers the person, and the session goes on as it was", async () => {
    const browser = await signedInThisMorning();
    expect(await isRecent()).toBe(false);
    const [before] = await sessions();
    const address = await begin(browser);
    expect(Object.fromEntries(new URL(address).searchParams)).toMatchObject({
      prompt: "login",
      max_age: "0",
    });
    // It stands at the page where the card is presented, and not at the callback.
    expect(await finish(browser, await psc.choose(browser, address, "anne-allard"))).toBe(confirmed);
    const [after, ...others] = await sessions();
    expect(others).toEqual([]);
    expect(after).toEqual({ ...before, factor_at: expect.any(Date) });
    expect(await isRecent()).toBe(true);
    const [event] = await platform.rows(
      "select subject_id, actor_person_id, after from app.audit_events where action = 'session.step-up' order by id desc limit 1",
    );
    expect(event).toMatchObject({ subject_id: before?.id, after: { acr: "eidas1" } });
    platform.pass(301);
    expect(await isRecent()).toBe(false);
  });

  test("by somebody else confirms nothing and opens nothing", async () => {
    const browser = await signedInThisMorning();
    const before = await sessions();
    const callback = await psc.choose(platform.browser(), await begin(browser), "claire-corbeau");
    expect(await finish(browser, callback)).toBe(`${confirmed}&reason=sign-in-refused`);
    expect(await platform.lastRefusal()).toBe("confirmed-by-other-person");
    expect(await sessions()).toEqual(before);
    expect(await isRecent()).toBe(false);
  });

  test.each([["remembers this morning's", -3_600], ["says no time at all", null]])(
    "is not believed of a provider that %s",
    async (_what, time) => {
      const browser = await signedInThisMorning();
      const address = await begin(browser);
      await psc.misbehave({
        idToken: { auth_time: time === null ? null : Math.floor(Date.now() / 1_000) + time },
      });
      const callback = await psc.choose(browser, address, "anne-allard");
      expect(await finish(browser, callback)).toBe(`${confirmed}&reason=card-not-asked`);
      expect(await platform.lastRefusal()).toBe("authentication-not-fresh");
      expect(await isRecent()).toBe(false);
    },
  );

  test("that is cancelled leaves everything as it was, and says so", async () => {
    const browser = await signedInThisMorning();
    const callback = await psc.refuse(browser, await begin(browser));
    expect(await finish(browser, callback)).toBe(`${confirmed}&reason=sign-in-cancelled`);
    expect((await platform.session(browser)).status).toBe(200);
    expect(await isRecent()).toBe(false);
  });

  test("opens a new session where the old one ended meanwhile, for the same person alone", async () => {
    const browser = await signedInThisMorning();
    const [mine, other] = [await begin(browser), await begin(browser)];
    await platform.rows("update app.sessions set ended_at = now(), end_reason = 'ended-elsewhere'");
    expect(await finish(browser, await psc.choose(platform.browser(), other, "claire-corbeau"))).toBe(
      `${confirmed}&reason=sign-in-refused`,
    );
    // Ended in the database alone: a process may remember it for a second.
    await expect.poll(async () => (await platform.session(browser)).status, { timeout: 5_000 }).toBe(401);
    expect(await finish(browser, await psc.choose(browser, mine, "anne-allard"))).toBe(confirmed);
    expect((await platform.session(browser)).status).toBe(200);
    expect(await isRecent()).toBe(true);
  });

  test("in another browser with a session of its own confirms not that one", async () => {
    const browser = await signedInThisMorning();
    const address = await begin(browser);
    const other = platform.browser();
    const callback = await psc.choose(other, address, "anne-allard");
    expect(await finish(other, callback)).toMatch(/reason=sign-in-expired/);
    expect(await isRecent()).toBe(false);
  });

  test("is not begun by another site, nor without a session", async () => {
    const browser = await signedInThisMorning();
    expect(await begin(browser, { "sec-fetch-site": "cross-site" })).toBe("/sign-in");
    expect(await begin(platform.browser())).toBe("/sign-in");
  });
});
