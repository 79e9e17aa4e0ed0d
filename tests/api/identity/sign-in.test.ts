import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { personShape } from "../../../infra/simulated/pro-sante-connect/people.ts";
import { host, openPlatform, type Platform } from "./platform.ts";
import { baseUrl, clientSecret, simulate, type SimulatedPsc } from "./simulated-psc.ts";

/** Signs in in one test only. */
const newcomer = personShape.parse({
  key: "nadia-nouvelle",
  idNat: "899900000045",
  registry: "RPPS",
  givenName: "Nadia",
  familyName: "NOUVELLE",
});

/** Signs in from two tabs at once. */
const twice = personShape.parse({
  key: "denis-double",
  idNat: "899900000052",
  registry: "RPPS",
  givenName: "Denis",
  familyName: "DOUBLE",
});

let psc: SimulatedPsc;
let platform: Platform;

beforeAll(async () => {
  psc = await simulate([newcomer, twice]);
  platform = await openPlatform(psc);
});
afterAll(async () => {
  await platform.close();
  await psc.close();
});

const sameOrigin = { headers: { "sec-fetch-site": "same-origin" } };

describe("a sign-in", () => {
  test("opens a session, makes the person, and brings him back where he wanted to go", async () => {
    const browser = platform.browser();
    const landed = await platform.signIn(browser, "anne-allard", "/mail/inbox?thread=4");
    expect(landed.href).toBe(`${baseUrl}/mail/inbox?thread=4`);
    const answer = await platform.session(browser);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(await answer.json()).toMatchObject({
      person: { givenName: "Anne", familyName: "ALLARD", displayName: "Anne ALLARD", rpps: "99900000011" },
      roles: [],
      mailboxes: [],
      mailServer: "unavailable",
    });
    const rows = await platform.rows(
      "select issuer, subject, id_nat_ps, last_signed_in_at is not null as signed_in from app.people where id_nat_ps = '899900000011'",
    );
    expect(rows).toEqual([{
      issuer: psc.issuer,
      subject: "f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:899900000011",
      id_nat_ps: "899900000011",
      signed_in: true,
    }]);
  });

  test("gives the browser one opaque cookie of this host alone, and keeps its digest only", async () => {
    const browser = platform.browser();
    await platform.signIn(browser, "bruno-bernard");
    const token = browser.cookie(host, "__Host-mss_session") ?? "";
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const attributes = browser.attributesOf("__Host-mss_session")?.split("; ").sort();
    expect(attributes).toEqual(["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]);
    const rows = await platform.rows(
      "select token_hash = sha256($1::bytea) as is_digest, row_to_json(s)::text as row from app.sessions s",
      [new TextEncoder().encode(token)],
    );
    expect(rows.filter((row) => row.is_digest)).toHaveLength(1);
    // Binary columns are shown in hexadecimal.
    for (const kept of [token, new TextEncoder().encode(token).toHex()]) {
      expect(rows.some(({ row }) => String(row).includes(kept))).toBe(false);
    }
  });

  test("leaves the audit who came, how strongly, and no secret", async () => {
    await platform.signIn(platform.browser(), "nadia-nouvelle");
    const rows = await platform.rows(
      `select action, actor_kind, actor_label, after from app.audit_events
       where actor_label = 'Nadia NOUVELLE' order by id`,
    );
    expect(rows.map((row) => row.action)).toEqual(["person.create", "session.start"]);
    expect(rows[0]).toMatchObject({ actor_kind: "person", after: { idNatPs: "899900000045" } });
    expect(rows[1]?.after).toMatchObject({ acr: "eidas1" });
  });

  test("knows an EDIT identity without RPPS, and a minimal one", async () => {
    const claire = platform.browser();
    await platform.signIn(claire, "claire-corbeau");
    expect((await (await platform.session(claire)).json()).person).toMatchObject({
      familyName: "CORBEAU",
      rpps: null,
    });
    const djibril = platform.browser();
    await platform.signIn(djibril, "djibril-audit");
    expect((await (await platform.session(djibril)).json()).person).toMatchObject({
      familyName: "AUDIT",
      rpps: "99900000037",
    });
  });

  test("attaches the account to the person an administrator has noted beforehand", async () => {
    const [noted] = await platform.rows(
      "insert into app.people (id_nat_ps, family_name) values ('ANS20261121000003', 'Admin') returning id",
    );
    const browser = platform.browser();
    await platform.signIn(browser, "alice-admin");
    const { person } = await (await platform.session(browser)).json();
    expect(person).toMatchObject({ id: noted?.id, givenName: "Alice", familyName: "ADMIN" });
    await platform.signIn(platform.browser(), "alice-admin");
    const rows = await platform.rows(
      "select count(*)::int as n from app.people where id_nat_ps = 'ANS20261121000003'",
    );
    expect(rows[0]?.n).toBe(1);
  });

  test("refuses the same national identity under another account", async () => {
    await platform.rows(
      `insert into app.people (id_nat_ps, issuer, subject) values ('ANS20261121000002', 'https://elsewhere.test', 'somebody')`,
    );
    const landed = await platform.signIn(platform.browser(), "olivier-operateur");
    expect(landed.searchParams.get("reason")).toBe("sign-in-refused");
    expect(await platform.lastRefusal()).toBe("identity-conflict");
    await platform.rows("delete from app.people where id_nat_ps = 'ANS20261121000002'");
  });

  test("is refused to a suspended person, and ends his sessions' rights", async () => {
    const browser = platform.browser();
    await platform.signIn(browser, "djibril-audit");
    await platform.rows("update app.people set status = 'suspended' where id_nat_ps = '899900000037'");
    await expect.poll(async () => (await platform.session(browser)).status, { timeout: 6_000 }).toBe(401);
    const landed = await platform.signIn(platform.browser(), "djibril-audit");
    expect(landed.searchParams.get("reason")).toBe("sign-in-refused");
    expect(await platform.lastRefusal()).toBe("person-suspended");
    await platform.rows("update app.people set status = 'active' where id_nat_ps = '899900000037'");
  });

  test("of the same new person in two tabs at once ends in one person and two good sessions", async () => {
    const browser = platform.browser();
    const first = await platform.reachCallback(browser, "denis-double", "/first");
    const second = await platform.reachCallback(browser, "denis-double", "/second");
    const [one, two] = await Promise.all([browser.fetch(first.href), browser.fetch(second.href)]);
    expect([one.headers.get("location"), two.headers.get("location")]).toEqual(["/first", "/second"]);
    expect((await platform.session(browser)).status).toBe(200);
    const rows = await platform.rows(
      "select count(*)::int as n from app.people where id_nat_ps = '899900000052'",
    );
    expect(rows[0]?.n).toBe(1);
  });

  test("never continues the session a browser came with", async () => {
    const browser = platform.browser();
    await platform.signIn(browser, "anne-allard");
    const before = browser.cookie(host, "__Host-mss_session") ?? "";
    await platform.signIn(browser, "anne-allard");
    const after = browser.cookie(host, "__Host-mss_session") ?? "";
    expect(after).not.toBe(before);
    const old = platform.browser();
    old.set(host, "__Host-mss_session", before);
    expect((await platform.session(old)).status).toBe(401);
    const planted = platform.browser();
    planted.set(host, "__Host-mss_session", "A".repeat(43));
    await platform.signIn(planted, "anne-allard");
    expect(planted.cookie(host, "__Host-mss_session")).not.toBe("A".repeat(43));
  });

  test("given up by the person says so and is no offence", async () => {
    const browser = platform.browser();
    const before = await platform.lastRefusal();
    const begun = await browser.fetch(`${baseUrl}/auth/sign-in?returnTo=%2Fmail`);
    const callback = await psc.refuse(browser, begun.headers.get("location") ?? "");
    const done = await browser.fetch(callback.href);
    expect(done.headers.get("location")).toBe("/sign-in?reason=sign-in-cancelled&returnTo=%2Fmail");
    expect(await platform.lastRefusal()).toBe(before);
  });

  test("is not begun by another site", async () => {
    const answer = await platform.browser().fetch(`${baseUrl}/auth/sign-in?returnTo=/mail`, {
      headers: { "sec-fetch-site": "cross-site" },
    });
    expect(answer.headers.get("location")).toBe("/sign-in?returnTo=%2Fmail");
  });
});

describe("a callback", () => {
  test.each([
    "https://evil.test/",
    "//evil.test",
    "/\\evil.test",
    "/auth/sign-in",
    "javascript:alert(1)",
    "/\t/evil.test",
  ])("never leads to %j", async (returnTo) => {
    const landed = await platform.signIn(platform.browser(), "anne-allard", returnTo);
    expect(landed.href).toBe(`${baseUrl}/`);
  });

  test("used twice is refused the second time, and the first session lives on", async () => {
    const browser = platform.browser();
    const callback = await platform.reachCallback(browser, "anne-allard");
    expect((await browser.fetch(callback.href)).headers.get("location")).toBe("/");
    const again = await browser.fetch(callback.href);
    expect(again.headers.get("location")).toBe("/sign-in?reason=sign-in-expired");
    expect(await platform.lastRefusal()).toBe("attempt-unknown");
    expect((await platform.session(browser)).status).toBe(200);
  });

  test("used twice at once opens one session", async () => {
    const browser = platform.browser();
    const callback = await platform.reachCallback(browser, "anne-allard");
    const answers = await Promise.all([browser.fetch(callback.href), browser.fetch(callback.href)]);
    expect(answers.map((answer) => answer.headers.get("location")).sort()).toEqual([
      "/",
      "/sign-in?reason=sign-in-expired",
    ]);
  });

  test("in another browser is refused and spoils nothing", async () => {
    const victim = platform.browser();
    const callback = await platform.reachCallback(victim, "anne-allard");
    const bare = await platform.browser().fetch(callback.href);
    expect(bare.headers.get("location")).toBe("/sign-in?reason=sign-in-expired");
    expect(await platform.lastRefusal()).toBe("attempt-other-browser");
    const other = platform.browser();
    await platform.reachCallback(other, "bruno-bernard");
    expect((await other.fetch(callback.href)).headers.get("location")).toBe(
      "/sign-in?reason=sign-in-expired",
    );
    expect(await platform.lastRefusal()).toBe("attempt-other-browser");
    expect((await victim.fetch(callback.href)).headers.get("location")).toBe("/");
  });

  test("with the code of one attempt and the state of another is refused", async () => {
    const browser = platform.browser();
    const one = await platform.reachCallback(browser, "anne-allard");
    const two = await platform.reachCallback(browser, "anne-allard");
    one.searchParams.set("state", two.searchParams.get("state") ?? "");
    expect((await browser.fetch(one.href)).headers.get("location")).toBe("/sign-in?reason=sign-in-refused");
    expect(await platform.lastRefusal()).toBe("code-refused");
  });

  test("with a code that another service was given is refused", async () => {
    const browser = platform.browser();
    const begun = await browser.fetch(`${baseUrl}/auth/sign-in`);
    const request = new URL(begun.headers.get("location") ?? "");
    request.searchParams.set("client_id", "another-service");
    const callback = await psc.choose(browser, request.href, "anne-allard");
    expect(callback.searchParams.get("code")).toBeTruthy();
    expect((await browser.fetch(callback.href)).headers.get("location")).toBe(
      "/sign-in?reason=sign-in-refused",
    );
    expect(await platform.lastRefusal()).toBe("code-refused");
  });

  test("later than ten minutes is refused", async () => {
    const browser = platform.browser();
    const callback = await platform.reachCallback(browser, "anne-allard");
    platform.pass(601);
    expect((await browser.fetch(callback.href)).headers.get("location")).toBe(
      "/sign-in?reason=sign-in-expired",
    );
    expect(await platform.lastRefusal()).toBe("attempt-expired");
  });

  test("that never comes leaves nothing behind", async () => {
    await platform.rows("delete from app.sign_in_attempts");
    await platform.reachCallback(platform.browser(), "anne-allard");
    platform.pass(601);
    await Promise.all(Array.from({ length: 5 }, () => platform.browser().fetch(`${baseUrl}/auth/sign-in`)));
    const [left] = await platform.rows("select count(*)::int as n from app.sign_in_attempts");
    expect(left?.n).toBe(5);
  });

  test.each(["", "?code=x", "?state=x&code=x", `?state=${"A".repeat(43)}&code=x`, "?error=login_required"])(
    "that nobody asked for (%j) is refused",
    async (query) => {
      const answer = await platform.browser().fetch(`${baseUrl}/auth/callback${query}`);
      expect([answer.status, answer.headers.get("location")]).toEqual([
        303,
        "/sign-in?reason=sign-in-expired",
      ]);
    },
  );
});

describe("a sign-out", () => {
  test("ends the session everywhere at once and at the provider too", async () => {
    const browser = platform.browser();
    await platform.signIn(browser, "anne-allard");
    const copy = platform.browser();
    copy.set(host, "__Host-mss_session", browser.cookie(host, "__Host-mss_session") ?? "");
    expect((await platform.session(copy)).status).toBe(200);
    const answer = await browser.fetch(`${baseUrl}/auth/sign-out`, { method: "POST", ...sameOrigin });
    expect(answer.status).toBe(200);
    expect(browser.cookie(host, "__Host-mss_session")).toBeFalsy();
    expect((await platform.session(copy)).status).toBe(401);
    const { endSessionUrl } = await answer.json();
    const back = await psc.endSession(browser, endSessionUrl);
    expect(`${back.origin}${back.pathname}`).toBe(`${baseUrl}/auth/signed-out`);
    const goodbye = await browser.fetch(back.href, { headers: { "sec-fetch-site": "cross-site" } });
    expect(goodbye.headers.get("location")).toBe("/sign-in?reason=signed-out");
    const begun = await browser.fetch(`${baseUrl}/auth/sign-in`);
    const asked = await browser.fetch(begun.headers.get("location") ?? "");
    expect(asked.headers.get("location")).toContain("/auth/connexion/");
  });

  test("repeated, or without a session, changes nothing", async () => {
    const answer = await platform.browser().fetch(`${baseUrl}/auth/sign-out`, {
      method: "POST",
      ...sameOrigin,
    });
    expect([answer.status, await answer.json()]).toEqual([200, { endSessionUrl: null }]);
  });

  test("forgets the id_token", async () => {
    const browser = platform.browser();
    await platform.signIn(browser, "anne-allard");
    await browser.fetch(`${baseUrl}/auth/sign-out`, { method: "POST", ...sameOrigin });
    const rows = await platform.rows(
      "select count(*)::int as n from app.sessions where ended_at is not null and id_token is not null",
    );
    expect(rows[0]?.n).toBe(0);
  });

  test.each([
    ["another site", { "sec-fetch-site": "cross-site" }],
    ["a sibling host", { "sec-fetch-site": "same-site", origin: baseUrl }],
    ["another origin", { origin: "https://evil.test" }],
    ["nowhere", {}],
  ])("asked by %s is refused", async (_name, headers) => {
    const browser = platform.browser();
    await platform.signIn(browser, "anne-allard");
    const answer = await browser.fetch(`${baseUrl}/auth/sign-out`, { method: "POST", headers });
    expect(answer.status).toBe(403);
    expect((await platform.session(browser)).status).toBe(200);
  });
});

test("no log line holds a token, a code, a state or a secret", async () => {
  const browser = platform.browser();
  const callback = await platform.reachCallback(browser, "anne-allard");
  await psc.misbehave({ idTokenForm: "tampered" });
  await browser.fetch(callback.href);
  await psc.behave();
  await platform.signIn(browser, "anne-allard");
  const lines = platform.harness.logLines.join("\n");
  expect(lines).toContain("id-token-signature");
  const secrets = [
    clientSecret,
    callback.searchParams.get("code"),
    callback.searchParams.get("state"),
    browser.cookie(host, "__Host-mss_session"),
    browser.cookie(host, "__Host-mss_sign_in"),
  ];
  for (const secret of secrets) expect(lines).not.toContain(secret);
  expect(lines).not.toMatch(/eyJ[A-Za-z0-9_-]{10}/);
});
