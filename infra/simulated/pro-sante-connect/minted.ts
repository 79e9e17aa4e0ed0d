/**
 * Access tokens made on demand by the control port, as if their person had signed in at some registered service: what a
 * test of XOAUTH2 or of token exchange presents. Any person, any size, any fault.
 */
import { randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import { z } from "zod";
import { lifetimes } from "./discovery.ts";
import type { Keys } from "./keys.ts";
import { strangersKey } from "./keys.ts";
import { replaceClaims } from "./misbehaviour.ts";
import { accessTokenIdentity, type Person, subjectOf } from "./people.ts";

export const mintShape = z.strictObject({
  /** Key or idNat of one of the simulator's people. */
  person: z.string().min(1),
  /** Length of the token in characters, filled up by a claim without meaning; absent = what it comes to (some 1 000). */
  bytes: z.int().min(700).max(100_000).optional(),
  /** Client that the token was made for (`azp`): the software of the person. */
  authorizedParty: z.string().min(1).default("lps-de-test"),
  lifetimeSeconds: z.int().min(1).max(14_400).default(lifetimes.accessToken),
  /**
   * What is wrong with it. `expired`, `revoked`, `unknown-key` are answered `active: false`; the others are active as far
   * as the provider says, and it is the platform's to refuse them. `none`: nothing.
   */
  fault: z.enum([
    "none",
    "expired",
    "revoked",
    "unknown-key",
    "id-token",
    "refresh-token",
    "other-issuer",
    "weak-acr",
    "no-acr",
    "no-subject",
    "no-party",
    "not-yet-valid",
    "past-expiry",
    "two-identities",
    "forged-rpps",
    "no-identity",
  ]).default("none"),
  /** More claims replaced, or removed by `null`. `iat`, `exp`, `nbf` are seconds relative to now. */
  claims: z.record(z.string(), z.unknown()).default({}),
});
export type Mint = z.output<typeof mintShape>;

/** What is inactive is so by the provider's word, whatever the token itself says. */
const inactive = new Set<Mint["fault"]>(["expired", "revoked", "unknown-key"]);
/** A token this small has room for its own number and nothing else; introspection says the rest all the same. */
const smallBytes = 1_400;

export interface MintedTokens {
  mint(wish: Mint, person: Person): Promise<{ accessToken: string; expiresAt: number }>;
  /** Answer of the introspection for this token; undefined when it was not made here. */
  introspect(accessToken: string): Record<string, unknown> | undefined;
  /** Whose token this is, while it is active; undefined when it was not made here. */
  personOf(accessToken: string): Person | "inactive" | undefined;
  /** As when the person signs out, or the provider withdraws the token. */
  revoke(accessToken: string): boolean;
}

interface Minted {
  readonly claims: Record<string, unknown>;
  readonly person: Person;
  isActive: boolean;
  readonly expiresAt: number;
}

export function createMintedTokens(issuer: string, keys: Keys): MintedTokens {
  const minted = new Map<string, Minted>();

  function find(accessToken: string): Minted | "inactive" | undefined {
    const known = minted.get(accessToken);
    if (!known) return undefined;
    return known.isActive && known.expiresAt > Date.now() / 1_000 ? known : "inactive";
  }

  return {
    mint: async (wish, person) => {
      const now = Math.floor(Date.now() / 1_000);
      const claims = claimsOf(wish, person, now, issuer);
      const { jti, exp } = claims;
      const own = wish.bytes !== undefined && wish.bytes < smallBytes
        ? { jti, exp, typ: claims.typ }
        : claims;
      const key = wish.fault === "unknown-key" ? await strangersKey() : keys.newest();
      const sign = (padding: string) =>
        new SignJWT(padding === "" ? own : { ...own, padding })
          .setProtectedHeader({ alg: "RS256", typ: "JWT", kid: key.kid }).sign(key.privateKey);
      const accessToken = await fill(sign, wish.bytes);
      minted.set(accessToken, {
        claims,
        person,
        isActive: !inactive.has(wish.fault),
        // One whose claims are past their end while the provider calls it active: ours to notice.
        expiresAt: wish.fault === "past-expiry" ? Infinity : Number(exp),
      });
      return { accessToken, expiresAt: Number(exp) };
    },
    introspect: (accessToken) => {
      const known = find(accessToken);
      if (known === undefined) return undefined;
      if (known === "inactive") return { active: false };
      const { claims } = known;
      return {
        SubjectNameID: claims.preferred_username,
        ...claims,
        client_id: claims.azp,
        username: claims.preferred_username,
        active: true,
      };
    },
    personOf: (accessToken) => {
      const known = find(accessToken);
      return known === undefined || known === "inactive" ? known : known.person;
    },
    revoke: (accessToken) => {
      const known = minted.get(accessToken);
      if (known) known.isActive = false;
      return known !== undefined;
    },
  };
}

function claimsOf(wish: Mint, person: Person, now: number, issuer: string): Record<string, unknown> {
  const session = randomUUID();
  const right: Record<string, unknown> = {
    exp: now + wish.lifetimeSeconds,
    iat: now,
    auth_time: now,
    jti: randomUUID(),
    iss: issuer,
    sub: subjectOf(person),
    typ: "Bearer",
    azp: wish.authorizedParty,
    nonce: "",
    session_state: session,
    acr: person.acr,
    scope: "openid scope_all",
    sid: session,
    ...accessTokenIdentity(person),
  };
  const relative = Object.fromEntries(
    Object.entries(wish.claims).map(([name, value]) => [
      name,
      ["exp", "iat", "nbf"].includes(name) && typeof value === "number" ? now + value : value,
    ]),
  );
  return replaceClaims(replaceClaims(right, faultyClaims(wish.fault, now)), relative);
}

function faultyClaims(fault: Mint["fault"], now: number): Record<string, unknown> {
  switch (fault) {
    case "expired":
      return { iat: now - 240, exp: now - 120 };
    case "past-expiry":
      return { iat: now - 240, exp: now - 120 };
    case "id-token":
      return { typ: "ID", aud: "mss-test" };
    case "refresh-token":
      return { typ: "Refresh" };
    case "other-issuer":
      return { iss: "https://auth.attacker.test/auth/realms/esante-wallet" };
    case "weak-acr":
      return { acr: "0" };
    case "no-acr":
      return { acr: null };
    case "no-subject":
      return { sub: null };
    case "no-party":
      return { azp: null };
    case "not-yet-valid":
      return { iat: now + 3_600, nbf: now + 3_600, exp: now + 7_200 };
    case "two-identities":
      return { preferred_username: "899900000029", SubjectNameID: "899900000011" };
    case "forged-rpps":
      return { preferred_username: "899900000012" };
    case "no-identity":
      return { preferred_username: null, otherIds: null };
    default:
      return {};
  }
}

/** Signs until the token has the wanted length, or one character more: base64 cannot have every length. */
async function fill(sign: (padding: string) => Promise<string>, bytes: number | undefined): Promise<string> {
  const bare = await sign("");
  if (bytes === undefined || bare.length >= bytes) return bare;
  let padding = Math.max(0, Math.floor((bytes - bare.length) * 3 / 4) - 20);
  let token = await sign("x".repeat(padding));
  while (token.length < bytes) token = await sign("x".repeat(++padding));
  return token;
}
