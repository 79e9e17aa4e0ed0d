/** Tokens that somebody hostile or broken presents: each is refused with its own reason inside, and all alike outside. */
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newAddress, openStage, type Stage } from "./stage.ts";

describe("hostile tokens at the edge", () => {
  let stage: Stage;
  let own: { id: string; address: string };
  beforeAll(async () => {
    stage = await openStage({ proSanteConnect: { acceptedParties: ["lps-de-test"] } });
    const anne = await stage.person("anne-allard");
    own = await stage.box(await stage.tenant(), { type: "PER", holderIdNatPs: anne.idNatPs });
  });
  afterAll(async () => await stage.close());

  type Mint = Parameters<Stage["psc"]["mint"]>[0];
  const mint = (wish: Partial<Mint> = {}) => stage.psc.mint({ person: "anne-allard", ...wish });
  const claims = () => ({
    iss: stage.psc.issuer,
    sub: "f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:899900000011",
    typ: "Bearer",
    azp: "lps-de-test",
    acr: "eidas1",
    exp: Math.floor(Date.now() / 1_000) + 60,
  });
  const encode = (value: object) =>
    new TextEncoder().encode(JSON.stringify(value)).toBase64({ alphabet: "base64url", omitPadding: true });
  const present = async (secret: string, mech = "XOAUTH2") => {
    const before = (await stage.refusals()).length;
    const { status, text } = await stage.signIn({ username: own.address, secret, mech, ip: newAddress() });
    const [refusal, ...more] = (await stage.refusals()).slice(before);
    expect(more).toEqual([]);
    return { status, text, reason: refusal?.reason };
  };

  it("a token that is right opens the box, or the rest proves nothing", async () => {
    for (const mech of ["XOAUTH2", "OAUTHBEARER"]) {
      expect((await present(await mint(), mech)).status).toBe(200);
    }
  });

  const faults: [string, string, () => Promise<string>][] = [
    ["of another issuer", "token-issuer", () => mint({ fault: "other-issuer" })],
    ["for another service (azp)", "token-party", () => mint({ authorizedParty: "another-lps" })],
    ["for no service", "token-malformed", () => mint({ fault: "no-party" })],
    ["with a key that is not published", "token-inactive", () => mint({ fault: "unknown-key" })],
    [
      "with alg none",
      "token-algorithm",
      () => Promise.resolve(`${encode({ alg: "none" })}.${encode(claims())}.`),
    ],
    [
      "with HS256 and the public key as its secret",
      "token-algorithm",
      async () => {
        const { jwks_uri } = await (await fetch(stage.psc.discoveryUrl)).json();
        const keys = await (await fetch(jwks_uri)).text();
        return await new SignJWT(claims()).setProtectedHeader({ alg: "HS256" }).sign(
          new TextEncoder().encode(keys),
        );
      },
    ],
    ["that has expired", "token-expired", () => mint({ fault: "expired" })],
    [
      "past its end that the provider still calls active",
      "token-expired",
      () => mint({ fault: "past-expiry" }),
    ],
    ["that is not valid yet", "token-not-yet-valid", () => mint({ fault: "not-yet-valid" })],
    ["that was revoked", "token-inactive", () => mint({ fault: "revoked" })],
    ["without a level", "acr-missing", () => mint({ fault: "no-acr" })],
    ["of a level that does not suffice", "acr-not-accepted", () => mint({ fault: "weak-acr" })],
    ["without a person", "token-malformed", () => mint({ fault: "no-subject" })],
    ["that is an id_token", "token-type", () => mint({ fault: "id-token" })],
    ["that is a refresh token", "token-type", () => mint({ fault: "refresh-token" })],
    ["that names two people", "userinfo-contradiction", () => mint({ fault: "two-identities" })],
    ["with a forged RPPS", "rpps-forged", () => mint({ fault: "forged-rpps" })],
    ["of a person who is unknown here", "person-unknown", () => mint({ person: "helene-henry" })],
    ["of a person who may not open the box", "not-entitled", async () => {
      await stage.person("bruno-bernard");
      return await mint({ person: "bruno-bernard" });
    }],
    [
      "with one letter of its signature changed",
      "token-inactive",
      async () =>
        (await mint()).replace(/.(.{9})$/, (whole, rest) => (whole.startsWith("A") ? "B" : "A") + rest),
    ],
    ["with its payload changed", "token-inactive", async () => {
      const [header, , signature] = (await mint()).split(".");
      return [header, encode({ ...claims(), acr: "eidas3" }), signature].join(".");
    }],
    ["cut short", "token-inactive", async () => (await mint()).slice(0, -40)],
    ["with a line break in it", "token-malformed", async () => `${await mint()}\r\nX-Other: 1`],
    ["of seventeen thousand characters", "token-malformed", () => mint({ bytes: 17_000 })],
    ["that is nothing", "secret-missing", () => Promise.resolve("")],
    ["that is our own session's cookie", "token-unreadable", () => Promise.resolve("A".repeat(43))],
  ];
  it.each(faults)("a token %s", async (_what, reason, make) => {
    expect(await present(await make())).toEqual({ status: 403, text: "", reason });
  });

  it.each([700, 1_500, 5_000, 12_000])("one of %d characters that is right is taken", async (bytes) => {
    expect((await present(await mint({ bytes }))).status).toBe(200);
  });

  it("neither token nor part of one stands in the log, the trail or Redis", async () => {
    const { logLines } = stage.platform.harness;
    const token = await mint({ bytes: 2_000 });
    await present(token);
    await present(await mint({ fault: "weak-acr" }));
    const { redis } = stage.platform.deps;
    const kept = [
      logLines.join("\n"),
      JSON.stringify(await stage.platform.rows("select e::text from app.audit_events e")),
      JSON.stringify(await redis.keys("mss:*")),
    ].join("\n");
    for (const part of token.split(".")) expect(kept.includes(part)).toBe(false);
    expect(kept).not.toMatch(/eyJ[A-Za-z0-9_-]{20}/);
  });
});
