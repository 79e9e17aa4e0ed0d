import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { z } from "zod";
import { SignInRefused } from "../../../api/identity/mod.ts";
import { createIdentityProvider, type IdentityProvider } from "../../../api/identity/identity-provider.ts";
import type { IdentityProviderConfig } from "../../../api/identity/provider-config.ts";
import type { mintShape } from "../../../infra/simulated/pro-sante-connect/minted.ts";
import { baseUrl, clientSecret, simulate, type SimulatedPsc } from "./simulated-psc.ts";

type Mint = z.input<typeof mintShape>;

let psc: SimulatedPsc;
let provider: IdentityProvider;
const logged: string[] = [];
const note = (event: string, fields?: unknown) => void logged.push(`${event} ${JSON.stringify(fields)}`);
const log = { info: note, warn: note, error: note };

function open(changes: Partial<IdentityProviderConfig> = {}): IdentityProvider {
  return createIdentityProvider({
    issuer: psc.issuer,
    discoveryUrl: psc.discoveryUrl,
    clientId: "mss-test",
    client: { method: "secret", secret: clientSecret },
    trustPem: null,
    acrValues: "eidas1",
    acceptedAcr: ["eidas1", "eidas2", "eidas3"],
    acceptedParties: [],
    isRppsKeyChecked: true,
    isResponseIssuerRequired: true,
    baseUrl,
    timeoutSeconds: 1,
    ...changes,
  }, log);
}

beforeAll(async () => {
  psc = await simulate();
  provider = open();
});
afterEach(() => psc.behave());
afterAll(() => psc.close());

const anne = "anne-allard";

describe("the introspection of an access token", () => {
  test("says who it is, how strongly he signed in, for which software, and until when", async () => {
    const said = await provider.introspect(await psc.mint({ person: anne, authorizedParty: "dpi-alpha" }));
    expect(said).toEqual({
      active: true,
      subject: "f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:899900000011",
      idNatPs: "899900000011",
      acr: "eidas1",
      issuedAt: expect.any(Date),
      authenticatedAt: expect.any(Date),
      authorizedParty: "dpi-alpha",
      expiresAt: expect.any(Date),
      sessionId: expect.any(String),
    });
    if (!said.active) throw new Error("not active");
    const lifeSeconds = (said.expiresAt.getTime() - Date.now()) / 1_000;
    expect(lifeSeconds).toBeGreaterThan(100);
    expect(lifeSeconds).toBeLessThanOrEqual(120);
  });

  test.each([700, 1_100, 5_000, 8_000, 12_000])("knows one of %i characters", async (bytes) => {
    const token = await psc.mint({ person: anne, bytes });
    expect(token.length - bytes).toBeGreaterThanOrEqual(0);
    expect(token.length - bytes).toBeLessThanOrEqual(1);
    expect(await provider.introspect(token)).toMatchObject({ active: true, idNatPs: "899900000011" });
  });

  test("knows who has no RPPS, and who has no national identity at all", async () => {
    expect(await provider.introspect(await psc.mint({ person: "claire-corbeau" }))).toMatchObject({
      active: true,
      idNatPs: expect.stringMatching(/^ANS/),
    });
    expect(await provider.introspect(await psc.mint({ person: anne, fault: "no-identity" }))).toMatchObject({
      active: true,
      idNatPs: null,
    });
  });

  const refused: [Mint["fault"], string][] = [
    ["expired", "token-expired"],
    ["revoked", "token-inactive"],
    ["unknown-key", "token-inactive"],
    ["past-expiry", "token-expired"],
    ["not-yet-valid", "token-not-yet-valid"],
    ["id-token", "token-type"],
    ["refresh-token", "token-type"],
    ["other-issuer", "token-issuer"],
    ["weak-acr", "acr-not-accepted"],
    ["no-acr", "acr-missing"],
    ["no-subject", "token-malformed"],
    ["no-party", "token-malformed"],
    ["two-identities", "userinfo-contradiction"],
    ["forged-rpps", "rpps-forged"],
  ];
  test.each(refused)("refuses one that is %s: %s", async (fault, reason) => {
    expect(await provider.introspect(await psc.mint({ person: anne, fault }))).toEqual({
      active: false,
      reason,
    });
  });

  test("refuses the token of another software where the setting names those that may", async () => {
    const strict = open({ acceptedParties: ["dpi-alpha"] });
    const token = await psc.mint({ person: anne, authorizedParty: "another" });
    expect(await strict.introspect(token)).toEqual({ active: false, reason: "token-party" });
    expect(await strict.introspect(await psc.mint({ person: anne, authorizedParty: "dpi-alpha" })))
      .toMatchObject({ active: true });
  });

  test.each(["", "two words", "a\r\nb", "é", "x".repeat(16_385)])(
    "asks nobody about what cannot be a token (%#)",
    async (token) => {
      await psc.misbehave({ endpoints: { introspection: { mode: "down" } } });
      expect(await provider.introspect(token)).toEqual({ active: false, reason: "token-malformed" });
    },
  );

  test.each([[{ active: "true" }], [{ active: 1 }], [{ active: null }]])(
    "takes %j for no",
    async (introspection) => {
      await psc.misbehave({ introspection });
      const said = provider.introspect(await psc.mint({ person: anne }));
      await expect(said.then((one) => one.active, () => false)).resolves.toBe(false);
    },
  );

  test.each(["down", "error", "garbage", "slow"] as const)(
    "is put off, never refused, while the provider is %s",
    async (mode) => {
      const token = await psc.mint({ person: anne });
      await psc.misbehave({ endpoints: { introspection: { mode, delayMilliseconds: 3_000 } } });
      await expect(provider.introspect(token)).rejects.toMatchObject({ reason: "provider-unreachable" });
      await psc.behave();
      expect(await provider.introspect(token)).toMatchObject({ active: true });
    },
  );

  test("is put off when the provider does not know us: the fault is not the person's", async () => {
    const stranger = open({ client: { method: "secret", secret: "wrong" } });
    const token = await psc.mint({ person: anne });
    await expect(stranger.introspect(token)).rejects.toBeInstanceOf(SignInRefused);
  });

  test("is asked once for connections that come together, and again after some seconds", async () => {
    const token = await psc.mint({ person: anne });
    const answers = await Promise.all(Array.from({ length: 5 }, () => provider.introspect(token)));
    expect(new Set(answers).size).toBe(1);
    await psc.misbehave({ endpoints: { introspection: { mode: "down" } } });
    expect(await provider.introspect(token)).toMatchObject({ active: true });
  });

  test("leaves no token in any log line", async () => {
    const token = await psc.mint({ person: anne });
    await psc.misbehave({ endpoints: { introspection: { mode: "garbage" } } });
    await expect(provider.introspect(token)).rejects.toThrow();
    expect(logged.join("\n")).toContain("introspection.unavailable");
    expect(logged.join("\n")).not.toMatch(/eyJ/);
  });
});
