import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import type { z } from "zod";
import { sessionsEndedChannel } from "../../../api/identity/mod.ts";
import type { logoutShape } from "../../../infra/simulated/pro-sante-connect/logout.ts";
import { until } from "../../support/until.ts";
import { openPlatform, type Platform } from "./platform.ts";
import { baseUrl, simulate, type SimulatedPsc } from "./simulated-psc.ts";

type Wish = Partial<z.input<typeof logoutShape>>;

let psc: SimulatedPsc;
let platform: Platform;

beforeAll(async () => {
  psc = await simulate();
  platform = await openPlatform(psc);
});
afterEach(() => psc.behave());
afterAll(async () => {
  await platform.close();
  await psc.close();
});

async function tell(logoutToken: string, on: Platform = platform): Promise<Response> {
  // As the provider's server sends it: no cookie, no origin, no Sec-Fetch-Site.
  return await on.harness.app.request(`${baseUrl}/auth/back-channel-logout`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ logout_token: logoutToken }).toString(),
  });
}

async function signIn(person = "anne-allard") {
  const browser = platform.browser();
  await platform.signIn(browser, person);
  return browser;
}

const isOpen = async (browser: Awaited<ReturnType<typeof signIn>>) =>
  (await platform.session(browser)).status === 200;

describe("the provider's back-channel logout", () => {
  test("ends the session that it names, at once, and no other", async () => {
    const [one, two, other] = [await signIn(), await signIn(), await signIn("claire-corbeau")];
    expect([await isOpen(one), await isOpen(two), await isOpen(other)]).toEqual([true, true, true]);
    const answer = await tell(await psc.signOutPerson({ person: "anne-allard", names: "session" }));
    expect([answer.status, answer.headers.get("cache-control"), await answer.text()]).toEqual([
      200,
      "no-store",
      "",
    ]);
    expect([await isOpen(one), await isOpen(two), await isOpen(other)]).toEqual([true, false, true]);
    const [row] = await platform.rows(
      "select end_reason from app.sessions where ended_at is not null order by ended_at desc limit 1",
    );
    expect(row?.end_reason).toBe("ended-by-provider");
  });

  test("that names the person ends all that he has", async () => {
    const [one, two, other] = [await signIn(), await signIn(), await signIn("claire-corbeau")];
    expect((await tell(await psc.signOutPerson({ person: "anne-allard", names: "person" }))).status).toBe(
      200,
    );
    expect([await isOpen(one), await isOpen(two), await isOpen(other)]).toEqual([false, false, true]);
  });

  test("tells every process, so that open event streams close", async () => {
    await platform.rows("delete from app.sessions");
    await signIn();
    const [{ id } = {}] = await platform.rows("select id from app.sessions");
    const ended: string[] = [];
    const subscriber = new Redis(inject("redisUrl"));
    try {
      await subscriber.subscribe(sessionsEndedChannel);
      subscriber.on("message", (_channel, sessionId) => ended.push(sessionId));
      await tell(await psc.signOutPerson({ person: "anne-allard" }));
      await until("the end of the session is told", () => ended.includes(String(id)));
    } finally {
      subscriber.disconnect();
    }
  });

  test("of a session that is not open here changes nothing and is no error", async () => {
    const token = await psc.signOutPerson({ person: "helene-henry", claims: { sid: "elsewhere" } });
    expect((await tell(token)).status).toBe(200);
  });

  test("is obeyed once: the same token again is refused", async () => {
    await signIn();
    const token = await psc.signOutPerson({ person: "anne-allard" });
    expect((await tell(token)).status).toBe(200);
    const again = await signIn();
    expect((await tell(token)).status).toBe(400);
    expect(await isOpen(again)).toBe(true);
    expect(platform.harness.logLines.join("\n")).toContain("logout-token-replayed");
  });

  const hostile: [string, Wish, string][] = [
    ["of another issuer", { claims: { iss: "https://auth.attacker.test" } }, "logout-token-issuer"],
    ["for another client", { claims: { aud: "somebody-else" } }, "logout-token-audience"],
    ["without audience", { claims: { aud: null } }, "logout-token-audience"],
    ["without signature", { form: "none" }, "logout-token-algorithm"],
    ["signed with the public key as a secret", { form: "hs256" }, "logout-token-algorithm"],
    ["signed by RS512", { form: "rs512" }, "logout-token-algorithm"],
    ["signed by an unknown key", { form: "unknown-key" }, "logout-token-signature"],
    ["of ten minutes ago", { claims: { iat: -600, exp: 600 } }, "logout-token-expired"],
    ["that has expired", { claims: { iat: -100, exp: -50 } }, "logout-token-expired"],
    ["without a time", { claims: { iat: null } }, "logout-token-expired"],
    ["of another type", { type: "JWT" }, "logout-token-type"],
    ["without its event", { claims: { events: null } }, "logout-token-event"],
    ["with another event", { claims: { events: { "https://other.test": {} } } }, "logout-token-event"],
    ["with a nonce, which is an id_token", { claims: { nonce: "n" } }, "logout-token-nonce"],
    ["without a number of its own", { claims: { jti: null } }, "logout-token-malformed"],
    ["that names nobody", { claims: { sid: null, sub: null } }, "logout-token-subject"],
  ];
  test.each(hostile)("%s ends nothing", async (_name, wish, reason) => {
    const browser = await signIn();
    const answer = await tell(await psc.signOutPerson({ person: "anne-allard", ...wish }));
    expect([answer.status, await answer.json()]).toEqual([400, { error: "invalid_request" }]);
    expect(platform.harness.logLines.at(-1)).toContain(reason);
    expect(await isOpen(browser)).toBe(true);
  });

  test.each([["nothing", ""], ["words", "not a token"], ["too much", "x".repeat(40_000)]])(
    "with %s in place of a token ends nothing",
    async (_name, text) => {
      expect([400, 413]).toContain((await tell(text)).status);
    },
  );

  test("takes another type where the setting says so", async () => {
    const lenient = await openPlatform(psc, { proSanteConnect: { logoutTokenType: "any" } });
    try {
      const token = await psc.signOutPerson({ person: "anne-allard", type: "JWT" });
      expect((await tell(token, lenient)).status).toBe(200);
    } finally {
      await lenient.close();
    }
  });

  test("is not there where the setting does not listen to it", async () => {
    const deaf = await openPlatform(psc, { proSanteConnect: { logoutTokenType: null } });
    try {
      const answer = await tell(await psc.signOutPerson({ person: "anne-allard" }), deaf);
      expect([403, 404]).toContain(answer.status);
    } finally {
      await deaf.close();
    }
  });

  test("is put off while the provider's keys cannot be had", async () => {
    await psc.control("POST", "/rotate-keys");
    const token = await psc.signOutPerson({ person: "anne-allard" });
    await psc.misbehave({ endpoints: { jwks: { mode: "down" } } });
    expect((await tell(token)).status).toBe(503);
    await psc.behave();
    expect((await tell(token)).status).toBe(200);
  });
});
