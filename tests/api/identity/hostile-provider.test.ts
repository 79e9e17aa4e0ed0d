import type { z } from "zod";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { misbehaviourShape } from "../../../infra/simulated/pro-sante-connect/misbehaviour.ts";
import { personShape } from "../../../infra/simulated/pro-sante-connect/people.ts";
import { openPlatform, type Platform } from "./platform.ts";
import { baseUrl, simulate, type SimulatedPsc } from "./simulated-psc.ts";

type Misbehaviour = z.input<typeof misbehaviourShape>;

/** A number whose key is wrong, as some test identities have. */
const unlucky = personShape.parse({
  key: "fausse-cle",
  idNat: "899900000012",
  registry: "RPPS",
  givenName: "Fanny",
  familyName: "FAUSSECLE",
});

let psc: SimulatedPsc;
let platform: Platform;

beforeAll(async () => {
  psc = await simulate([unlucky]);
  platform = await openPlatform(psc);
});
afterEach(() => psc.behave());
afterAll(async () => {
  await platform.close();
  await psc.close();
});

const refused = "/sign-in?reason=sign-in-refused&returnTo=%2Fmail";
const unavailable = "/sign-in?reason=identity-provider-unavailable&returnTo=%2Fmail";

/** Where a sign-in ends whose provider misbehaves once the person has pressed his button. */
async function returnWith(how: Misbehaviour, on: Platform = platform, person = "anne-allard") {
  const browser = on.browser();
  const callback = await on.reachCallback(browser, person, "/mail");
  await psc.misbehave(how);
  const answer = await browser.fetch(callback.href);
  const isSignedIn = (await on.session(browser)).status === 200;
  return { location: answer.headers.get("location"), isSignedIn, reason: await on.lastRefusal() };
}

describe("each hostile answer of a provider is refused with its own reason inside and the same words outside", () => {
  const hostile: [string, Misbehaviour, string][] = [
    [
      "an id_token of another issuer",
      { idToken: { iss: "https://auth.evil.test/realms/esante-wallet" } },
      "id-token-issuer",
    ],
    ["an id_token without issuer", { idToken: { iss: null } }, "id-token-issuer"],
    ["an id_token for another client", { idToken: { aud: "somebody-else", azp: null } }, "id-token-audience"],
    [
      "an id_token for several clients",
      { idToken: { aud: ["mss-test", "somebody-else"] } },
      "id-token-audience",
    ],
    ["an id_token authorised to another client", { idToken: { azp: "somebody-else" } }, "id-token-audience"],
    ["an id_token without audience", { idToken: { aud: null } }, "id-token-audience"],
    ["an id_token of another sign-in", { idToken: { nonce: "another" } }, "id-token-nonce"],
    ["an id_token without nonce", { idToken: { nonce: null } }, "id-token-nonce"],
    ["an expired id_token", { idToken: { iat: -3_600, exp: -60 } }, "id-token-expired"],
    ["an id_token without expiry", { idToken: { exp: null } }, "id-token-expired"],
    ["an id_token of tomorrow", { idToken: { nbf: 3_600 } }, "id-token-not-yet-valid"],
    ["an id_token without signature", { idTokenForm: "none" }, "id-token-algorithm"],
    ["an id_token signed with the public key as a secret", { idTokenForm: "hs256" }, "id-token-algorithm"],
    ["an id_token signed by RS512", { idTokenForm: "rs512" }, "id-token-algorithm"],
    ["an id_token signed by an unknown key", { idTokenForm: "unknown-key" }, "id-token-signature"],
    ["an id_token that brings its own key along", { idTokenForm: "embedded-key" }, "id-token-signature"],
    ["an id_token whose payload was changed", { idTokenForm: "tampered" }, "id-token-signature"],
    ["no id_token", { idTokenForm: "missing" }, "id-token-missing"],
    ["the access token in place of the id_token", { idTokenForm: "access-token" }, "id-token-audience"],
    ["an id_token that calls itself a refresh token", { idToken: { typ: "Refresh" } }, "id-token-type"],
    ["an id_token without acr", { idToken: { acr: null } }, "acr-missing"],
    ["an id_token with an empty acr", { idToken: { acr: "" } }, "acr-missing"],
    ["an id_token of a weak sign-in", { idToken: { acr: "0" } }, "acr-not-accepted"],
    ["an id_token without subject", { idToken: { sub: null } }, "id-token-malformed"],
    ["the userinfo of somebody else", { userinfo: { sub: "f:x:899900000029" } }, "userinfo-subject"],
    ["a userinfo without subject", { userinfo: { sub: null } }, "userinfo-malformed"],
    [
      "a userinfo with two identities",
      { userinfo: { SubjectNameID: "899900000029" } },
      "userinfo-contradiction",
    ],
    ["a signed userinfo that somebody else signed", {
      userinfoForm: "jwt-of-unknown-key",
    }, "userinfo-malformed"],
    [
      "a userinfo that names another than the id_token",
      { userinfo: { SubjectNameID: "899900000029", preferred_username: "899900000029" } },
      "userinfo-contradiction",
    ],
  ];
  test.each(hostile)("%s", async (_name, how, reason) => {
    expect(await returnWith(how)).toEqual({ location: refused, isSignedIn: false, reason });
  });

  test.each([
    ["another issuer's name in the answer", { responseIssuer: "wrong" }, "response-issuer"],
    ["no issuer's name in the answer", { responseIssuer: "missing" }, "response-issuer"],
  ] as [string, Misbehaviour, string][])("%s", async (_name, how, reason) => {
    const browser = platform.browser();
    await psc.misbehave(how);
    const callback = await platform.reachCallback(browser, "anne-allard", "/mail");
    expect((await browser.fetch(callback.href)).headers.get("location")).toBe(refused);
    expect(await platform.lastRefusal()).toBe(reason);
  });

  test("a state that was changed or left out", async () => {
    for (const responseState of ["wrong", "missing"] as const) {
      await psc.misbehave({ responseState });
      const browser = platform.browser();
      const callback = await platform.reachCallback(browser, "anne-allard");
      expect((await browser.fetch(callback.href)).headers.get("location")).toBe(
        "/sign-in?reason=sign-in-expired",
      );
      expect(await platform.lastRefusal()).toBe("attempt-unknown");
    }
  });

  test("an RPPS with a wrong key, unless the setting lets test numbers pass", async () => {
    expect(await returnWith({}, platform, "fausse-cle")).toMatchObject({
      location: refused,
      reason: "rpps-forged",
    });
    const lenient = await openPlatform(psc, { proSanteConnect: { rppsKey: "unchecked" } });
    try {
      expect(await returnWith({}, lenient, "fausse-cle")).toMatchObject({
        location: "/mail",
        isSignedIn: true,
      });
    } finally {
      await lenient.close();
    }
  });

  test("a sign-in of yesterday", async () => {
    const yesterday = Math.floor(Date.now() / 1_000) - 86_400;
    expect(await returnWith({ idToken: { auth_time: yesterday } })).toMatchObject({
      location: refused,
      reason: "authentication-too-old",
    });
  });
});

describe("what a provider may do", () => {
  test("leave its name out of the answer, where the setting says so; a wrong name never", async () => {
    const lenient = await openPlatform(psc, { proSanteConnect: { responseIssuer: "optional" } });
    try {
      const browser = lenient.browser();
      await psc.misbehave({ responseIssuer: "missing" });
      expect((await lenient.signIn(browser, "anne-allard", "/mail")).pathname).toBe("/mail");
      await psc.misbehave({ responseIssuer: "wrong" });
      expect((await lenient.signIn(lenient.browser(), "anne-allard")).searchParams.get("reason")).toBe(
        "sign-in-refused",
      );
      expect(await lenient.lastRefusal()).toBe("response-issuer");
    } finally {
      await lenient.close();
    }
  });

  test("sign its userinfo", async () => {
    expect(await returnWith({ userinfoForm: "jwt" })).toMatchObject({ location: "/mail", isSignedIn: true });
  });

  test("sign more strongly than asked", async () => {
    expect(await returnWith({ idToken: { acr: "eidas3" } })).toMatchObject({
      location: "/mail",
      isSignedIn: true,
    });
  });

  test("say no time of authentication", async () => {
    expect(await returnWith({ idToken: { auth_time: null } })).toMatchObject({
      location: "/mail",
      isSignedIn: true,
    });
  });

  test("change its key between two sign-ins", async () => {
    expect(await returnWith({})).toMatchObject({ isSignedIn: true });
    await psc.control("POST", "/rotate-keys");
    expect(await returnWith({})).toMatchObject({ isSignedIn: true });
    await psc.control("POST", "/rotate-keys");
    expect(await returnWith({})).toMatchObject({ isSignedIn: true });
  });
});

describe("a provider that is down", () => {
  test.each(
    [
      ["refuses connections", "down"],
      ["answers 503", "error"],
      ["answers a page of HTML", "garbage"],
      ["hangs", "slow"],
      ["answers half a text", "truncated"],
      ["answers without end", "huge"],
      ["sends round in a circle", "redirect"],
      ["answers a picture", "wrong-type"],
      ["calls its error a success", "error-with-200"],
      ["says nothing", "empty"],
    ] as const,
  )("and %s is said plainly at the first step, while sessions live on", async (_name, mode) => {
    // A platform of its own: it has not asked for the provider's metadata yet.
    const fresh = await openPlatform(psc);
    try {
      const earlier = fresh.browser();
      await fresh.signIn(earlier, "anne-allard");
      const waiting = await openPlatform(psc);
      try {
        await psc.misbehave({ endpoints: { discovery: { mode, delayMilliseconds: 3_000 } } });
        const begun = await waiting.browser().fetch(`${baseUrl}/auth/sign-in?returnTo=/mail`);
        expect(begun.headers.get("location")).toBe(unavailable);
        expect((await fresh.session(earlier)).status).toBe(200);
        await psc.behave();
        expect((await waiting.signIn(waiting.browser(), "anne-allard", "/mail")).pathname).toBe("/mail");
      } finally {
        await waiting.close();
      }
    } finally {
      await fresh.close();
    }
  });

  const modes = [
    "down",
    "error",
    "garbage",
    "slow",
    "truncated",
    "huge",
    "redirect",
    "wrong-type",
    "error-with-200",
    "empty",
  ] as const;
  const places = ["token", "userinfo", "jwks"] as const;
  /** What is well-formed and yet no answer is the provider's own fault, not its absence; nobody comes in by either. */
  const faults: Record<string, string> = {
    "token error-with-200": "token-response",
    "token redirect": "token-response",
    "userinfo error-with-200": "userinfo-malformed",
    "userinfo redirect": "userinfo-malformed",
    "userinfo truncated": "userinfo-malformed",
    "userinfo empty": "userinfo-malformed",
  };
  test.each(places.flatMap((place) => modes.map((mode) => ({ place, mode }))))(
    "at $place ($mode) opens nothing at the return, and says so within its time",
    async ({ place, mode }) => {
      const earlier = platform.browser();
      await platform.signIn(earlier, "claire-corbeau");
      // A new key, so that those known do not help.
      if (place === "jwks") await psc.control("POST", "/rotate-keys");
      const reason = faults[`${place} ${mode}`] ?? "provider-unreachable";
      const begun = Date.now();
      expect(await returnWith({ endpoints: { [place]: { mode, delayMilliseconds: 3_000 } } })).toEqual({
        location: reason === "provider-unreachable" ? unavailable : refused,
        isSignedIn: false,
        reason,
      });
      expect(Date.now() - begun).toBeLessThan(2_500);
      expect((await platform.session(earlier)).status).toBe(200);
    },
  );

  test.each(modes)("where an access token is asked about (%s) is later, never no", async (mode) => {
    const token = await psc.mint({ person: "anne-allard" });
    await psc.misbehave({ endpoints: { introspection: { mode, delayMilliseconds: 3_000 } } });
    await expect(platform.identity.provider.introspect(token)).rejects.toMatchObject({
      reason: "provider-unreachable",
    });
  });

  test.each(modes)("where a session is renewed (%s) ends no session", async (mode) => {
    await psc.misbehave({ endpoints: { token: { mode, delayMilliseconds: 3_000 } } });
    expect(await platform.identity.provider.refresh("a-refresh-token", "f:x:1")).toEqual({
      outcome: "unavailable",
    });
  });

  test("is asked for its keys a few times, however many tokens of unknown keys come at once", async () => {
    const fresh = await openPlatform(psc);
    try {
      expect((await fresh.signIn(fresh.browser(), "anne-allard", "/mail")).pathname).toBe("/mail");
      const before = await psc.asked("jwks");
      const forged = await Promise.all(
        Array.from({ length: 100 }, () => psc.signOutPerson({ person: "anne-allard", form: "unknown-key" })),
      );
      const answers = await Promise.all(
        forged.map((token) =>
          fresh.identity.provider.readLogoutToken(token, "logout+jwt").catch(({ reason }) => reason)
        ),
      );
      expect(new Set(answers)).toEqual(new Set(["logout-token-signature"]));
      // One after another, too: each waits for an answer that others share.
      for (const token of forged.slice(0, 3)) {
        await fresh.identity.provider.readLogoutToken(token, "logout+jwt").catch(() => undefined);
      }
      expect((await psc.asked("jwks")) - before).toBeLessThanOrEqual(5);
    } finally {
      await fresh.close();
    }
  });

  test("lets people sign out all the same", async () => {
    const other = await openPlatform(psc);
    try {
      const browser = other.browser();
      await other.signIn(browser, "anne-allard");
      await psc.misbehave({ endpoints: { discovery: { mode: "down" }, "end-session": { mode: "down" } } });
      const answer = await browser.fetch(`${baseUrl}/auth/sign-out`, {
        method: "POST",
        headers: { "sec-fetch-site": "same-origin" },
      });
      expect(answer.status).toBe(200);
      expect((await other.session(browser)).status).toBe(401);
    } finally {
      await other.close();
    }
  });

  test("or another provider that answers in its place is never believed", async () => {
    const fresh = await openPlatform(psc);
    try {
      await psc.misbehave({ discoveryIssuer: "https://auth.evil.test/auth/realms/esante-wallet" });
      const begun = await fresh.browser().fetch(`${baseUrl}/auth/sign-in?returnTo=/mail`);
      expect(begun.headers.get("location")).toBe(unavailable);
      expect(fresh.harness.logLines.join("\n")).toContain("provider-metadata");
    } finally {
      await fresh.close();
    }
  });
});
