/**
 * Tokens that somebody hostile or broken presents in the place of an access token, wherever one opens something (IMAP, submission, the
 * exchange of software): each with the reason that stands inside. Outside all are one.
 */
import { SignJWT } from "jose";
import type { SimulatedPsc } from "./simulated-psc.ts";

export type HostileToken = readonly [what: string, reason: string, make: () => Promise<string>];

/** @param pscNow of a platform that takes tokens of `lps-de-test` alone; only while it runs can they be made */
export function hostileTokens(pscNow: () => SimulatedPsc): HostileToken[] {
  type Mint = Parameters<SimulatedPsc["mint"]>[0];
  const mint = (wish: Partial<Mint> = {}) => pscNow().mint({ person: "anne-allard", ...wish });
  const claims = () => ({
    iss: pscNow().issuer,
    sub: "f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:899900000011",
    typ: "Bearer",
    azp: "lps-de-test",
    acr: "eidas1",
    exp: Math.floor(Date.now() / 1_000) + 60,
  });
  const encode = (value: object) =>
    new TextEncoder().encode(JSON.stringify(value)).toBase64({ alphabet: "base64url", omitPadding: true });
  return [
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
        const { jwks_uri } = await (await fetch(pscNow().discoveryUrl)).json();
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
    ["that is our own session's cookie", "token-unreadable", () => Promise.resolve("A".repeat(43))],
  ];
}
