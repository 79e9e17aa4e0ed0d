/** What the simulator may be asked to do wrong (control port), so that the platform's refusals are proved one by one. */
import { z } from "zod";

const endpoint = z.enum([
  "discovery",
  "jwks",
  "authorization",
  "token",
  "userinfo",
  "introspection",
  "revocation",
  "end-session",
  "ciba",
]);
export type Endpoint = z.infer<typeof endpoint>;

const endpointFault = z.strictObject({
  mode: z.enum([
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
  ]),
  delayMilliseconds: z.int().min(0).max(60_000).default(2_000),
});
export type EndpointFault = z.infer<typeof endpointFault>;

export const misbehaviourShape = z.strictObject({
  /**
   * How an endpoint fails: `down` closes the connection, `error` answers 503, `garbage` answers 200 with a page of HTML, `truncated` the
   * first half of a JSON text, `huge` JSON without end, `redirect` leads to itself, `wrong-type` JSON called an image, `error-with-200` an error
   * that calls itself a success, `empty` nothing.
   */
  endpoints: z.partialRecord(endpoint, endpointFault).default({}),
  /** Claims of the id_token replaced, or removed by `null`. `iat`, `exp`, `nbf` are seconds relative to now. */
  idToken: z.record(z.string(), z.union([z.string(), z.number(), z.null(), z.array(z.string())])).default({}),
  /**
   * How the id_token is signed: `none` without signature, `hs256` with the public key as secret (the classic confusion),
   * `unknown-key` by a key that is not published, `embedded-key` by one that it brings along in its own header, `tampered` with one byte of the payload changed, `rs512` by another
   * algorithm of the right key, `missing` not sent at all, `access-token` the access token in its place.
   */
  idTokenForm: z.enum([
    "right",
    "none",
    "hs256",
    "unknown-key",
    "embedded-key",
    "tampered",
    "rs512",
    "missing",
    "access-token",
  ]).default("right"),
  /** `iss` of the authorisation response (RFC 9207). */
  responseIssuer: z.enum(["right", "wrong", "missing"]).default("right"),
  responseState: z.enum(["right", "wrong", "missing"]).default("right"),
  /** `issuer` inside the discovery document. */
  discoveryIssuer: z.string().optional(),
  /** Claims of userinfo replaced, or removed by `null`. */
  userinfo: z.record(z.string(), z.unknown()).default({}),
  /** Claims of an introspection's answer replaced, or removed by `null`. */
  introspection: z.record(z.string(), z.unknown()).default({}),
  /** Whether userinfo comes as JSON, as a signed JWT, or as a JWT that somebody else signed. */
  userinfoForm: z.enum(["json", "jwt", "jwt-of-unknown-key"]).default("json"),
  /** Whether a refresh brings a new refresh token. */
  refreshRotation: z.enum(["rotates", "keeps"]).default("rotates"),
  /** Polls that come faster are told to slow down. */
  decoupledIntervalSeconds: z.int().min(0).max(60).default(1),
});

export type Misbehaviour = z.infer<typeof misbehaviourShape>;

export const goodBehaviour: Misbehaviour = misbehaviourShape.parse({});

/** `claims` with the replacements applied; a `null` removes. */
export function replaceClaims(
  claims: Record<string, unknown>,
  replaced: Record<string, unknown>,
): Record<string, unknown> {
  const result: Record<string, unknown> = { ...claims };
  for (const [name, value] of Object.entries(replaced)) {
    if (value === null) delete result[name];
    else result[name] = value;
  }
  return result;
}
