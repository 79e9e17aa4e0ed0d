import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Browser } from "./browser.ts";
import { openPlatform, type Platform } from "./platform.ts";
import { baseUrl, simulate, type SimulatedPsc } from "./simulated-psc.ts";

let psc: SimulatedPsc;
let platform: Platform;

beforeAll(async () => {
  psc = await simulate();
  platform = await openPlatform(psc);
});
beforeEach(() => platform.rows("update app.people set situation_key = null"));
afterEach(() => psc.behave());
afterAll(async () => {
  await platform.close();
  await psc.close();
});

interface Read {
  readonly situations: readonly { readonly key: string; readonly structureName: string | null }[];
  readonly situationKey: string | null;
}

async function read(browser: Browser): Promise<Read> {
  return await (await platform.session(browser)).json();
}

async function choose(browser: Browser, situationKey: string): Promise<Response> {
  return await browser.fetch(`${baseUrl}/api/v1/session/situation`, {
    method: "PUT",
    headers: { "content-type": "application/json", "sec-fetch-site": "same-origin" },
    body: JSON.stringify({ situationKey }),
  });
}

const asks = "/sign-in?step=situation&returnTo=%2Fmail";

describe("a person", () => {
  test("with one situation works in it without being asked", async () => {
    const browser = platform.browser();
    expect((await platform.signIn(browser, "anne-allard", "/mail")).pathname).toBe("/mail");
    const { situations, situationKey } = await read(browser);
    expect(situations).toMatchObject([{ structureName: "CABINET MEDICAL ALPHA", professionCode: "10" }]);
    expect(situationKey).toBe(situations[0]?.key);
  });

  test("without any is not asked either", async () => {
    const browser = platform.browser();
    expect((await platform.signIn(browser, "djibril-audit", "/mail")).pathname).toBe("/mail");
    expect(await read(browser)).toMatchObject({ situations: [], situationKey: null });
  });

  test("with several is asked once, none being taken for him; his choice stays and can be changed", async () => {
    const first = platform.browser();
    const landed = await platform.signIn(first, "bruno-bernard", "/mail");
    expect(`${landed.pathname}${landed.search}`).toBe(asks);
    const { situations, situationKey } = await read(first);
    expect([situations.length, situationKey]).toEqual([2, null]);
    const [one, two] = situations.map((situation) => situation.key);
    const answer = await choose(first, two ?? "");
    expect([answer.status, (await answer.json()).situationKey]).toEqual([200, two]);
    expect((await read(first)).situationKey).toBe(two);

    const second = platform.browser();
    expect((await platform.signIn(second, "bruno-bernard", "/mail")).pathname).toBe("/mail");
    expect((await read(second)).situationKey).toBe(two);
    await choose(second, one ?? "");
    // Another place, another browser: the session that is open there stays where it was.
    expect((await read(first)).situationKey).toBe(two);
    expect((await read(second)).situationKey).toBe(one);
    const [audit] = await platform.rows(
      `select before, after, actor_label from app.audit_events
       where action = 'session.choose-situation' order by id desc limit 1`,
    );
    expect(audit).toMatchObject({ before: { situationKey: two }, after: { situationKey: one } });
  });

  test("is asked again when the situation he chose is gone", async () => {
    const browser = platform.browser();
    await platform.signIn(browser, "bruno-bernard", "/mail");
    const { situations } = await read(browser);
    await choose(browser, situations[0]?.key ?? "");
    const moved = [1, 2].map((number) => ({
      codeProfession: "60",
      activities: [{
        raisonSocialeSite: `AILLEURS ${number}`,
        identifiantTechniqueDeLaStructure: `T${number}`,
      }],
    }));
    const again = platform.browser();
    const callback = await platform.reachCallback(again, "bruno-bernard", "/mail");
    await psc.misbehave({ userinfo: { SubjectRefPro: { exercices: moved } } });
    expect((await again.fetch(callback.href)).headers.get("location")).toBe(asks);
    expect(await read(again)).toMatchObject({ situationKey: null });
  });

  test("chooses among his own alone", async () => {
    const browser = platform.browser();
    await platform.signIn(browser, "bruno-bernard");
    const anne = platform.browser();
    await platform.signIn(anne, "anne-allard");
    const foreign = (await read(anne)).situations[0]?.key ?? "";
    for (const key of [foreign, "unknown"]) {
      const answer = await choose(browser, key);
      expect(answer.status).toBe(422);
      expect((await answer.json()).errors).toMatchObject([{ pointer: "/situationKey" }]);
    }
  });
});
