import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Browser } from "./browser.ts";
import { host, openPlatform, type Platform } from "./platform.ts";
import { baseUrl, simulate, type SimulatedPsc } from "./simulated-psc.ts";

let psc: SimulatedPsc;
let platform: Platform;

beforeAll(async () => {
  psc = await simulate();
  platform = await openPlatform(psc);
});
beforeEach(async () => {
  await psc.misbehave({ decoupledIntervalSeconds: 0 });
  await platform.deps.redis.flushdb();
  await platform.rows("delete from app.decoupled_sign_ins");
});
afterEach(async () => {
  await psc.behave();
  platform.resetClock();
});
afterAll(async () => {
  await platform.close();
  await psc.close();
});

const anne = "99900000011";
const unknown = "99900000060";

async function start(browser: Browser, nationalId = anne, returnTo = "/mail/inbox"): Promise<Response> {
  return await browser.fetch(`${baseUrl}/auth/phone`, {
    method: "POST",
    headers: { "content-type": "application/json", "sec-fetch-site": "same-origin" },
    body: JSON.stringify({ nationalId, returnTo }),
  });
}

async function state(browser: Browser): Promise<Record<string, unknown>> {
  const answer = await browser.fetch(`${baseUrl}/auth/phone/state`, {
    method: "POST",
    headers: { "sec-fetch-site": "same-origin" },
  });
  expect(answer.status).toBe(200);
  return await answer.json();
}

/** What the phone shows now. */
async function ringing() {
  const [request] = (await psc.phones()).slice(-1);
  if (!request) throw new Error("no phone rings");
  return request;
}

async function lastRefusal() {
  return await platform.lastRefusal();
}

describe("a sign-in by phone", () => {
  test("shows the number that the phone shows, waits, and opens the session of who confirmed", async () => {
    const browser = platform.browser();
    const answer = await start(browser);
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([200, "no-store"]);
    const { bindingMessage } = await answer.json();
    expect(bindingMessage).toMatch(/^\d{2}$/);
    const request = await ringing();
    expect(request).toMatchObject({ person: "anne-allard", bindingMessage, channel: "MOBILE" });
    platform.pass(3);
    expect(await state(browser)).toEqual({ state: "waiting" });
    expect((await platform.session(browser)).status).toBe(401);
    await psc.answerPhone(request.id, "confirm");
    platform.pass(3);
    expect(await state(browser)).toEqual({ state: "signed-in", returnTo: "/mail/inbox" });
    expect((await (await platform.session(browser)).json()).person.familyName).toBe("ALLARD");
    expect(browser.cookie(host, "__Host-mss_phone")).toBeUndefined();
    const attributes = browser.attributesOf("__Host-mss_session")?.split("; ").sort();
    expect(attributes).toEqual(["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]);
    const [row] = await platform.rows(
      "select acr, refresh_token is not null as follows from app.sessions order by created_at desc limit 1",
    );
    expect(row).toEqual({ acr: "eidas1", follows: true });
  });

  test.each(["99900000011", "899900000011", "9990 0000 011", "999.000.000-11"])(
    "takes the number as people type it: %s",
    async (typed) => {
      await start(platform.browser(), typed);
      expect((await ringing()).person).toBe("anne-allard");
    },
  );

  test("opens nothing in another browser, whatever it sends", async () => {
    const [mine, theirs] = [platform.browser(), platform.browser()];
    await start(mine);
    const { id } = await ringing();
    await psc.answerPhone(id, "confirm");
    platform.pass(3);
    expect(await state(theirs)).toEqual({ state: "refused", reason: "sign-in-expired" });
    theirs.set(host, "__Host-mss_phone", "A".repeat(43));
    expect(await state(theirs)).toEqual({ state: "refused", reason: "sign-in-expired" });
    expect(await state(mine)).toMatchObject({ state: "signed-in" });
  });

  test("is opened once, even when two tabs ask at once", async () => {
    const browser = platform.browser();
    await start(browser);
    await psc.answerPhone((await ringing()).id, "confirm");
    platform.pass(3);
    const answers = await Promise.all([state(browser), state(browser)]);
    expect(answers.filter((one) => one.state === "signed-in")).toHaveLength(1);
  });

  test("says of a number that nobody has exactly what it says of another, until its time is over", async () => {
    const [known, nobody] = [platform.browser(), platform.browser()];
    const shapeOf = (body: Record<string, unknown>) => ({
      ...body,
      bindingMessage: String(body.bindingMessage).length,
      expiresAt: typeof body.expiresAt,
    });
    const one = await (await start(known)).json();
    const two = await (await start(nobody, unknown)).json();
    expect(shapeOf(two)).toEqual(shapeOf(one));
    expect(Math.abs(Date.parse(two.expiresAt) - Date.parse(one.expiresAt))).toBeLessThan(5_000);
    platform.pass(60);
    expect(await state(nobody)).toEqual(await state(known));
    platform.pass(61);
    // The provider's own clock is the time of day: for it the first request still stands, for us it is over.
    expect(await state(nobody)).toEqual({ state: "refused", reason: "sign-in-expired" });
    expect(await state(known)).toEqual({ state: "refused", reason: "sign-in-expired" });
  });

  test("refused on the phone says so, and ends", async () => {
    const browser = platform.browser();
    await start(browser);
    await psc.answerPhone((await ringing()).id, "refuse");
    platform.pass(3);
    expect(await state(browser)).toEqual({ state: "refused", reason: "sign-in-cancelled" });
    expect(await state(browser)).toEqual({ state: "refused", reason: "sign-in-expired" });
  });

  test("asks the provider at its pace, and slower when told so", async () => {
    const browser = platform.browser();
    await start(browser);
    const { id } = await ringing();
    await psc.misbehave({ decoupledIntervalSeconds: 60 });
    platform.pass(3);
    expect(await state(browser)).toEqual({ state: "waiting" });
    platform.pass(3);
    expect(await state(browser)).toEqual({ state: "waiting" });
    const [row] = await platform.rows("select interval_seconds from app.decoupled_sign_ins");
    expect(row?.interval_seconds).toBe(7);
    await psc.misbehave({ decoupledIntervalSeconds: 0 });
    await psc.answerPhone(id, "confirm");
    platform.pass(3);
    expect(await state(browser)).toEqual({ state: "waiting" });
    platform.pass(5);
    expect(await state(browser)).toMatchObject({ state: "signed-in" });
  });

  test("confirmed by somebody else than was asked opens nothing", async () => {
    const browser = platform.browser();
    await start(browser);
    await psc.answerPhone((await ringing()).id, "confirm");
    const other = { sub: "f:x:899900000029", preferred_username: "899900000029" };
    await psc.misbehave({
      decoupledIntervalSeconds: 0,
      idToken: other,
      userinfo: { ...other, SubjectNameID: "899900000029" },
    });
    platform.pass(3);
    expect(await state(browser)).toEqual({ state: "refused", reason: "sign-in-refused" });
    expect(await lastRefusal()).toBe("decoupled-other-person");
  });

  test.each(
    [
      ["a weak sign-in", { idToken: { acr: "0" } }, "acr-not-accepted"],
      ["another client's id_token", { idToken: { aud: "somebody-else", azp: null } }, "id-token-audience"],
      ["an id_token nobody signed", { idTokenForm: "none" }, "id-token-algorithm"],
      ["no id_token", { idTokenForm: "missing" }, "id-token-missing"],
    ] as const,
  )("with %s opens nothing", async (_name, how, reason) => {
    const browser = platform.browser();
    await start(browser);
    await psc.answerPhone((await ringing()).id, "confirm");
    await psc.misbehave({ decoupledIntervalSeconds: 0, ...how });
    platform.pass(3);
    expect(await state(browser)).toEqual({ state: "refused", reason: "sign-in-refused" });
    expect(await lastRefusal()).toBe(reason);
  });

  test("goes on waiting while the provider is away, and ends well when it is back", async () => {
    const browser = platform.browser();
    await start(browser);
    await psc.answerPhone((await ringing()).id, "confirm");
    for (const mode of ["down", "error", "garbage"] as const) {
      await psc.misbehave({ decoupledIntervalSeconds: 0, endpoints: { token: { mode } } });
      platform.pass(3);
      expect(await state(browser)).toEqual({ state: "waiting" });
    }
    await psc.misbehave({ decoupledIntervalSeconds: 0 });
    platform.pass(3);
    expect(await state(browser)).toMatchObject({ state: "signed-in" });
  });

  test("that cannot begin says so plainly", async () => {
    await psc.misbehave({ endpoints: { ciba: { mode: "down" } } });
    expect(await (await start(platform.browser())).json()).toEqual({
      state: "refused",
      reason: "identity-provider-unavailable",
    });
  });

  test("rings no phone again and again: not from one browser, and not from many, with Redis or without", async () => {
    const statuses: number[] = [];
    for (let turn = 0; turn < 5; turn++) statuses.push((await start(platform.browser())).status);
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    // The requests run out; who has been asking all the time waits longer.
    platform.pass(130);
    await start(platform.browser());
    const answer = await start(platform.browser());
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    // Somebody else from the same address is not touched.
    expect((await start(platform.browser(), "99900000029")).status).toBe(200);
  });

  test.each(["", "1", "999000000111", "ABC", "8999", "<script>"])("refuses %j as a number", async (typed) => {
    const answer = await start(platform.browser(), typed);
    expect(answer.status).toBe(422);
    expect((await answer.json()).errors).toMatchObject([{ pointer: "/nationalId" }]);
  });

  test("is begun by no other site, and leads to no other site", async () => {
    const answer = await platform.browser().fetch(`${baseUrl}/auth/phone`, {
      method: "POST",
      headers: { "content-type": "application/json", "sec-fetch-site": "cross-site" },
      body: JSON.stringify({ nationalId: anne }),
    });
    expect(answer.status).toBe(403);
    const browser = platform.browser();
    await start(browser, anne, "https://evil.test/");
    await psc.answerPhone((await ringing()).id, "confirm");
    platform.pass(3);
    expect(await state(browser)).toEqual({ state: "signed-in", returnTo: "/" });
  });

  test("is not there where the setting does not offer it", async () => {
    const without = await openPlatform(psc, { proSanteConnect: { isCibaOffered: false } });
    try {
      const offered = await without.browser().fetch(`${baseUrl}/auth/phone`);
      expect(await offered.json()).toEqual({ isOffered: false });
      expect((await start(without.browser())).status).toBe(404);
    } finally {
      await without.close();
    }
  });

  test("that nobody answers, for one number after another, is told as an attack", async () => {
    const browsers = [];
    for (let number = 0; number < 30; number++) {
      const browser = platform.browser();
      const { status } = await start(browser, `999${String(number).padStart(8, "0")}`);
      if (status === 200) browsers.push(browser);
    }
    platform.pass(121);
    for (const browser of browsers) {
      expect(await state(browser)).toEqual({ state: "refused", reason: "sign-in-expired" });
    }
    const told = platform.harness.logLines.filter((line) => line.includes("guard.spraying"));
    expect(told.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ way: "phone", reason: "attempt-expired" }),
    );
  });

  test("keeps no number and no request in clear, in the database or the log", async () => {
    await start(platform.browser());
    const { id } = await ringing();
    const [dump] = await platform.rows(
      "select string_agg(d::text, ' ') as text from app.decoupled_sign_ins d",
    );
    const lines = platform.harness.logLines.join("\n");
    for (const secret of [anne, id]) {
      expect(String(dump?.text)).not.toContain(secret);
      expect(lines).not.toContain(secret);
    }
  });
});
