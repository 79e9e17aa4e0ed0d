/**
 * The tokens as Pro Santé Connect shapes them. oidc-provider keeps opaque ones inside; what leaves is a JWT whose `jti`
 * is that opaque value, and what comes back (userinfo, introspection, revocation) is translated again.
 */
import { decodeProtectedHeader, importJWK, jwtVerify, SignJWT, UnsecuredJWT } from "jose";
import { createHash, randomUUID } from "node:crypto";
import { lifetimes } from "./discovery.ts";
import { type Keys, strangersKey } from "./keys.ts";
import { type Misbehaviour, replaceClaims } from "./misbehaviour.ts";
import { accessTokenIdentity, type Person, subjectOf } from "./people.ts";

/** What a token is about: taken from the authorisation code or the refresh token that was redeemed. */
export interface Grounds {
  readonly issuer: string;
  readonly clientId: string;
  readonly person: Person;
  readonly scope: string;
  /** Seconds since 1970. */
  readonly authenticatedAt: number;
  readonly nonce?: string | undefined;
  readonly sessionId: string;
}

/** No `aud`: `azp` alone names the client, as in every public access token of the real service. */
export async function signAccessToken(keys: Keys, grounds: Grounds, jti: string): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const key = keys.newest();
  return await new SignJWT({
    exp: now + lifetimes.accessToken,
    iat: now,
    auth_time: grounds.authenticatedAt,
    jti,
    iss: grounds.issuer,
    sub: subjectOf(grounds.person),
    typ: "Bearer",
    azp: grounds.clientId,
    nonce: grounds.nonce ?? "",
    session_state: grounds.sessionId,
    acr: grounds.person.acr,
    scope: grounds.scope,
    sid: grounds.sessionId,
    ...accessTokenIdentity(grounds.person),
  }).setProtectedHeader({ alg: "RS256", typ: "JWT", kid: key.kid }).sign(key.privateKey);
}

/** The opaque value inside one of our access tokens, whether expired or not; undefined for anything else. */
export async function openAccessToken(
  keys: Keys,
  token: string,
): Promise<{ opaque: string; claims: Record<string, unknown> } | undefined> {
  try {
    const key = keys.withId(decodeProtectedHeader(token).kid);
    if (!key) return undefined;
    // Expiry is the library's to judge, by what it keeps under the opaque value.
    const { payload } = await jwtVerify(token, key.publicKey, {
      algorithms: ["RS256"],
      currentDate: new Date(0),
    });
    return payload.typ === "Bearer" && payload.jti ? { opaque: payload.jti, claims: payload } : undefined;
  } catch {
    // Not a token of ours: the caller refuses it, and why makes no difference to the one who presents it.
    return undefined;
  }
}

/** Userinfo as a signed JWT: what the service may be set to answer. */
export async function signUserinfo(
  keys: Keys,
  issuer: string,
  clientId: string,
  claims: Record<string, unknown>,
  form: "jwt" | "jwt-of-unknown-key",
): Promise<string> {
  const key = keys.newest();
  const { privateKey } = form === "jwt" ? key : await strangersKey();
  return await new SignJWT({ ...claims, iss: issuer, aud: clientId })
    .setProtectedHeader({ alg: "RS256", kid: key.kid }).sign(privateKey);
}

/** The id_token, minimal as the real one, and wrong in the way that was asked for. Undefined = not sent. */
export async function signIdToken(
  keys: Keys,
  grounds: Grounds,
  accessToken: string,
  wrong: Misbehaviour,
): Promise<string | undefined> {
  const now = Math.floor(Date.now() / 1_000);
  const hash = createHash("sha256").update(accessToken).digest();
  const relative = Object.fromEntries(
    Object.entries(wrong.idToken).map(([name, value]) => [
      name,
      ["exp", "iat", "nbf"].includes(name) && typeof value === "number" ? now + value : value,
    ]),
  );
  const claims = replaceClaims({
    exp: now + lifetimes.idToken,
    iat: now,
    auth_time: grounds.authenticatedAt,
    jti: randomUUID(),
    iss: grounds.issuer,
    aud: grounds.clientId,
    sub: subjectOf(grounds.person),
    typ: "ID",
    azp: grounds.clientId,
    ...(grounds.nonce === undefined ? {} : { nonce: grounds.nonce }),
    session_state: grounds.sessionId,
    at_hash: hash.subarray(0, hash.byteLength / 2).toString("base64url"),
    acr: grounds.person.acr,
    sid: grounds.sessionId,
    preferred_username: grounds.person.idNat,
  }, relative);
  return await signAs(keys, claims, accessToken, wrong.idTokenForm);
}

async function signAs(
  keys: Keys,
  claims: Record<string, unknown>,
  accessToken: string,
  form: Misbehaviour["idTokenForm"],
): Promise<string | undefined> {
  const key = keys.newest();
  const right = () =>
    new SignJWT(claims).setProtectedHeader({ alg: "RS256", typ: "JWT", kid: key.kid }).sign(key.privateKey);
  switch (form) {
    case "right":
      return await right();
    case "missing":
      return undefined;
    case "access-token":
      return accessToken;
    case "none":
      return new UnsecuredJWT(claims).encode();
    case "hs256":
      return await new SignJWT(claims).setProtectedHeader({ alg: "HS256", typ: "JWT", kid: key.kid })
        .sign(new TextEncoder().encode(JSON.stringify(key.publicJwk)));
    case "unknown-key":
      return await new SignJWT(claims).setProtectedHeader({ alg: "RS256", typ: "JWT", kid: key.kid })
        .sign((await strangersKey()).privateKey);
    case "embedded-key": {
      const { publicJwk, privateKey } = await strangersKey();
      const jku = `${claims.iss}/keys-of-somebody-else`;
      return await new SignJWT(claims)
        .setProtectedHeader({ alg: "RS256", typ: "JWT", kid: key.kid, jwk: publicJwk, jku }).sign(privateKey);
    }
    case "rs512": {
      const privateKey = await importJWK(key.privateJwk, "RS512");
      return await new SignJWT(claims).setProtectedHeader({ alg: "RS512", typ: "JWT", kid: key.kid }).sign(
        privateKey,
      );
    }
    case "tampered": {
      const [header, , signature] = (await right()).split(".");
      const other = Buffer.from(JSON.stringify({ ...claims, preferred_username: "899900000045" })).toString(
        "base64url",
      );
      return `${header}.${other}.${signature}`;
    }
  }
}
