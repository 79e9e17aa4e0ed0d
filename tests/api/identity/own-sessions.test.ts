import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { tellOfNewPlace } from "../../../api/identity/mod.ts";
import type { Notice } from "../../../api/mail-server/mod.ts";
import { newMailbox, newTenant } from "../../support/tenants.ts";
import type { Browser } from "./browser.ts";
import { host, openPlatform, type Platform } from "./platform.ts";
import { baseUrl, simulate, type SimulatedPsc } from "./simulated-psc.ts";

const firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0";
const safari =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";

interface OwnSession {
  readonly id: string;
  readonly isCurrent: boolean;
  readonly browser: string | null;
  readonly isNewPlace: boolean;
  readonly factor: string;
}

let psc: SimulatedPsc;
let platform: Platform;

beforeAll(async () => {
  psc = await simulate();
  platform = await openPlatform(psc);
});
beforeEach(async () => {
  platform.resetClock();
  await platform.rows("delete from app.sessions");
  await platform.rows("delete from app.known_places");
});
afterAll(async () => {
  await platform.close();
  await psc.close();
});

async function signedIn(userAgent: string, person = "anne-allard"): Promise<Browser> {
  const browser = platform.browser(userAgent);
  await platform.signIn(browser, person);
  return browser;
}

async function sessionsOf(browser: Browser): Promise<OwnSession[]> {
  const answer = await browser.fetch(`${baseUrl}/api/v1/sessions`);
  expect(answer.status).toBe(200);
  return (await answer.json()).items;
}

const act = (browser: Browser, method: string, path: string) =>
  browser.fetch(`${baseUrl}${path}`, {
    method,
    headers: { "sec-fetch-site": "same-origin", origin: baseUrl },
  });

describe("one's own sessions", () => {
  test("say where somebody is signed in, with which factor, and which one asks", async () => {
    await signedIn(safari);
    platform.pass(5);
    const here = await signedIn(firefox);
    const sessions = await sessionsOf(here);
    expect(sessions.map(({ browser, isCurrent, factor }) => ({ browser, isCurrent, factor }))).toEqual([
      { browser: "Firefox, Windows", isCurrent: true, factor: "psc" },
      { browser: "Safari, iOS", isCurrent: false, factor: "psc" },
    ]);
    expect(JSON.stringify(sessions)).not.toMatch(/token|130/);
  });

  test("are no one else's to see or to end", async () => {
    const anne = await signedIn(firefox);
    const bruno = await signedIn(firefox, "bruno-bernard");
    const [session] = await sessionsOf(anne);
    expect(await sessionsOf(bruno)).toHaveLength(1);
    expect((await act(bruno, "DELETE", `/api/v1/sessions/${session?.id}`)).status).toBe(404);
    expect((await platform.session(anne)).status).toBe(200);
  });

  test("end at once when they are ended elsewhere, one or all others", async () => {
    const [phone, ward, here] = [await signedIn(safari), await signedIn(firefox), await signedIn(firefox)];
    const lost = (await sessionsOf(phone)).find((one) => one.isCurrent);
    expect((await act(here, "DELETE", `/api/v1/sessions/${lost?.id}`)).status).toBe(204);
    expect((await platform.session(phone)).status).toBe(401);
    expect((await platform.session(ward)).status).toBe(200);
    const answer = await act(here, "POST", "/api/v1/sessions/ending");
    expect(await answer.json()).toEqual({ ended: 1 });
    expect((await platform.session(ward)).status).toBe(401);
    expect((await platform.session(here)).status).toBe(200);
    expect(await (await act(here, "POST", "/api/v1/sessions/ending")).json()).toEqual({ ended: 0 });
  });
});

describe("a session's cookie that was taken elsewhere", () => {
  const curl = "curl/8.14.1";
  test.each([
    ["another browser", safari],
    ["a tool", curl],
    ["a program that says nothing of itself", undefined],
  ])("ends the session when %s carries it, with its reason", async (_what, userAgent) => {
    const here = await signedIn(firefox);
    // A newer version of the same browser is the same browser.
    const cookie = here.cookie(host, "__Host-mss_session");
    const carry = (agent: string | undefined) =>
      platform.harness.app.request(`${baseUrl}/api/v1/sessions`, {
        headers: { cookie: `__Host-mss_session=${cookie}`, ...(agent && { "user-agent": agent }) },
      });
    expect((await carry(firefox.replaceAll("130", "131"))).status).toBe(200);
    expect((await carry(userAgent)).status).toBe(401);
    expect((await platform.session(here)).status).toBe(401);
    const [row] = await platform.rows("select end_reason from app.sessions");
    expect(row?.end_reason).toBe("other-program");
    const [event] = await platform.rows(
      "select after from app.audit_events where action = 'session.end' order by id desc limit 1",
    );
    expect(event?.after).toMatchObject({ endReason: "other-program" });
  });
});

describe("a sign-in from a new place", () => {
  test("is told once, and neither the first one ever nor a place that is known", async () => {
    expect((await sessionsOf(await signedIn(firefox)))[0]?.isNewPlace).toBe(false);
    expect((await sessionsOf(await signedIn(firefox.replace("130", "131"))))[0]?.isNewPlace).toBe(false);
    const phone = await signedIn(safari);
    expect((await sessionsOf(phone)).find((one) => one.isCurrent)?.isNewPlace).toBe(true);
    const again = await signedIn(safari);
    expect((await sessionsOf(again)).find((one) => one.isCurrent)?.isNewPlace).toBe(false);
  });

  test("is forgotten when nobody came from there for half a year", async () => {
    await signedIn(firefox);
    platform.pass(5);
    await signedIn(safari);
    await platform.rows(
      "update app.known_places set last_seen_at = now() - interval '181 days' where first_seen_at = (select min(first_seen_at) from app.known_places)",
    );
    const back = await signedIn(firefox);
    expect((await sessionsOf(back)).find((one) => one.isCurrent)?.isNewPlace).toBe(true);
  });

  test("puts a notice into the person's own boxes, that names the program and no address", async () => {
    await signedIn(firefox);
    const phone = await signedIn(safari);
    const session = (await sessionsOf(phone)).find((one) => one.isCurrent);
    const [job] = await platform.rows("select key from graphile_worker.jobs where key = $1", [
      `new-place:${session?.id}`,
    ]);
    expect(job).toBeDefined();
    const tenant = await newTenant(platform.harness);
    const [person] = await platform.rows("select id_nat_ps from app.people where given_name = 'Anne'");
    const box = await newMailbox(platform.harness, tenant, {
      type: "PER",
      holderIdNatPs: String(person?.id_nat_ps),
    });
    const notices: Notice[] = [];
    await tellOfNewPlace(
      platform.harness.system,
      { sessionId: session?.id ?? "" },
      "no-reply@operateur.mssante.test",
      (notice) => Promise.resolve(void notices.push(notice)),
    );
    expect(notices.map((one) => one.address)).toEqual([box.address]);
    expect(notices[0]?.text).toContain("Safari, iOS");
    expect(notices[0]?.text).not.toMatch(/127\.0\.0\.1|https?:/);
  });
});
