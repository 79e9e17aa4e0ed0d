import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { refreshSessions } from "../../../api/identity/mod.ts";
import type { Context } from "../../../api/context.ts";
import type { Browser } from "./browser.ts";
import { openPlatform, type Platform } from "./platform.ts";
import { baseUrl, simulate, type SimulatedPsc } from "./simulated-psc.ts";

let psc: SimulatedPsc;
let platform: Platform;

beforeAll(async () => {
  psc = await simulate();
  platform = await openPlatform(psc);
});
afterEach(async () => {
  await psc.behave();
  await platform.rows("delete from app.sessions");
  platform.resetClock();
});
afterAll(async () => {
  await platform.close();
  await psc.close();
});

async function refresh() {
  const { db, now, log } = platform.deps;
  const ctx: Context = { db, now, log, requestId: "test", actor: { kind: "system", job: "follow-sessions" } };
  return await refreshSessions(platform.identity, ctx);
}

async function sessionRow() {
  const [row] = await platform.rows("select * from app.sessions");
  return row as Record<string, unknown> & { refresh_token: Uint8Array | null };
}

/** Something that a person does; 401 when his session is over. */
async function act(browser: Browser): Promise<number> {
  const answer = await browser.fetch(`${baseUrl}/api/v1/people`);
  await answer.body?.cancel();
  return answer.status === 401 ? 401 : 200;
}

/** In another process than the one that ended it: within the second that it may remember. */
async function isOver(browser: Browser): Promise<void> {
  await expect.poll(() => act(browser), { timeout: 5_000 }).toBe(401);
}

async function signedIn(): Promise<Browser> {
  const browser = platform.browser();
  await platform.signIn(browser, "anne-allard");
  return browser;
}

describe("a session follows the provider's", () => {
  test("and keeps its refresh token sealed, and no access token at all", async () => {
    await signedIn();
    const row = await sessionRow();
    expect(row.refresh_token?.length).toBeGreaterThan(40);
    const token = platform.identity.seal.open(row.refresh_token ?? new Uint8Array(), String(row.id));
    expect(token).toMatch(/^[\w-]{20,}$/);
    const [dump] = await platform.rows("select string_agg(s::text, ' ') as text from app.sessions s");
    expect(String(dump?.text)).not.toContain(token);
    expect(platform.identity.seal.open(row.refresh_token ?? new Uint8Array(), crypto.randomUUID()))
      .toBeUndefined();
    // What is kept of the provider beside it is the id_token, for its sign-out alone.
    const kept = Object.values(row).filter((value) => typeof value === "string" && value.startsWith("eyJ"));
    expect(kept).toEqual([row.id_token]);
  });

  test("is renewed at half of its life while the person is there, and not before", async () => {
    const browser = await signedIn();
    platform.pass(600);
    await act(browser);
    expect(await refresh()).toEqual({ renewed: 0, ended: 0 });
    platform.pass(400);
    const before = await sessionRow();
    expect(await refresh()).toEqual({ renewed: 1, ended: 0 });
    const after = await sessionRow();
    expect(after.refresh_token).not.toEqual(before.refresh_token);
    expect(await refresh()).toEqual({ renewed: 0, ended: 0 });
    expect(await act(browser)).toBe(200);
  });

  test("whose provider gives no new token keeps the old one", async () => {
    const browser = await signedIn();
    await psc.misbehave({ refreshRotation: "keeps" });
    for (let turn = 0; turn < 3; turn++) {
      platform.pass(1_000);
      expect(await act(browser)).toBe(200);
      expect(await refresh()).toEqual({ renewed: 1, ended: 0 });
    }
  });

  test("is not renewed for somebody who has gone, and loses its tokens when its time is over", async () => {
    const browser = await signedIn();
    platform.pass(1_000);
    expect(await refresh()).toEqual({ renewed: 0, ended: 0 });
    platform.pass(900);
    expect(await refresh()).toEqual({ renewed: 0, ended: 0 });
    expect(await sessionRow()).toMatchObject({ refresh_token: null, id_token: null });
    expect(await act(browser)).toBe(401);
  });

  test("never lives longer than four hours for it", async () => {
    const browser = await signedIn();
    for (let turn = 0; turn < 14; turn++) {
      platform.pass(1_000);
      expect(await act(browser)).toBe(200);
      await refresh();
    }
    platform.pass(500);
    expect(await act(browser)).toBe(401);
    expect(await refresh()).toEqual({ renewed: 0, ended: 0 });
  });

  test("ends when the provider has ended it, with its reason and no token left", async () => {
    const browser = await signedIn();
    platform.pass(1_000);
    expect(await act(browser)).toBe(200);
    await psc.signOutPerson({ person: "anne-allard" });
    expect(await refresh()).toEqual({ renewed: 0, ended: 1 });
    await isOver(browser);
    expect(await sessionRow()).toMatchObject({
      end_reason: "ended-by-provider",
      refresh_token: null,
      id_token: null,
    });
    const [audit] = await platform.rows(
      "select action, after from app.audit_events where action = 'session.end' order by id desc limit 1",
    );
    expect(audit?.after).toMatchObject({ endReason: "ended-by-provider" });
  });

  test.each(["down", "error", "garbage", "slow"] as const)(
    "lives on while the provider is %s, and is asked about again",
    async (mode) => {
      const browser = await signedIn();
      platform.pass(1_000);
      expect(await act(browser)).toBe(200);
      await psc.misbehave({ endpoints: { token: { mode, delayMilliseconds: 3_000 } } });
      expect(await refresh()).toEqual({ renewed: 0, ended: 0 });
      expect(await act(browser)).toBe(200);
      await psc.behave();
      expect(await refresh()).toEqual({ renewed: 0, ended: 0 });
      platform.pass(61);
      expect(await refresh()).toEqual({ renewed: 1, ended: 0 });
    },
  );

  test("lives on while the provider changes its keys", async () => {
    const browser = await signedIn();
    await psc.control("POST", "/rotate-keys");
    platform.pass(1_000);
    expect(await act(browser)).toBe(200);
    expect(await refresh()).toEqual({ renewed: 1, ended: 0 });
  });

  test("ends when the provider answers for somebody else, and not for an answer nobody signed", async () => {
    const browser = await signedIn();
    platform.pass(1_000);
    await act(browser);
    await psc.misbehave({ idToken: { sub: "f:x:899900000029" }, idTokenForm: "unknown-key" });
    expect(await refresh()).toEqual({ renewed: 0, ended: 0 });
    const other = await signedInAgain();
    platform.pass(1_000);
    await act(other);
    await psc.misbehave({ idToken: { sub: "f:x:899900000029" } });
    expect(await refresh()).toMatchObject({ ended: 1 });
    await isOver(other);
  });

  test("is renewed by one of two processes alone", async () => {
    const browser = await signedIn();
    platform.pass(1_000);
    await act(browser);
    const [one, two] = await Promise.all([refresh(), refresh()]);
    expect(one.renewed + two.renewed).toBe(1);
    expect(one.ended + two.ended).toBe(0);
  });

  test("keeps no refresh token after a sign-out", async () => {
    const browser = await signedIn();
    await browser.fetch(`${baseUrl}/auth/sign-out`, {
      method: "POST",
      headers: { "sec-fetch-site": "same-origin" },
    });
    expect(await sessionRow()).toMatchObject({ end_reason: "signed-out", refresh_token: null });
  });
});

async function signedInAgain(): Promise<Browser> {
  await psc.behave();
  await platform.rows("delete from app.sessions");
  return await signedIn();
}
