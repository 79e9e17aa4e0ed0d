/**
 * The id_token, verified by hand: openid-client checks its claims in the code flow but not its signature, and says
 * nothing of `acr` (ASVS 6.8.2, 6.8.4, 9.1.2).
 */
import {
  createRemoteJWKSet,
  customFetch,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyGetKey,
} from "jose";
import { type RefusalReason, SignInRefused } from "./refusal.ts";

/** Tolerated difference between the two clocks. */
const clockToleranceSeconds = 10;

export interface IdTokenExpectations {
  readonly issuer: string;
  readonly clientId: string;
  /** Null where no browser carried one: after a refresh, and in CIBA. */
  readonly nonce: string | null;
  /** Levels that open the platform. Presence is required: absent is refused, whatever was asked for. */
  readonly acceptedAcr: readonly string[];
  readonly keys: JWTVerifyGetKey;
}

export interface VerifiedIdToken {
  readonly subject: string;
  readonly acr: string;
  /** Session at the provider, for its back-channel logout. */
  readonly providerSessionId: string | null;
  /** When the card or the phone was presented; null when the provider does not say. */
  readonly authenticatedAt: Date | null;
  readonly username: string | undefined;
}

/** Between two fetches of the keys, however many tokens name one that is not known. */
const keysPauseMilliseconds = 500;

/**
 * The provider's published keys. One that was changed a moment ago must be known, and whoever sends tokens of keys that nobody has (the
 * back-channel logout is open to all) makes us ask twice in a second and no more: the library lets all wait for one answer.
 */
export function remoteKeys(
  jwksUri: string,
  timeoutMilliseconds: number,
  fetchThere: typeof fetch = fetch,
): JWTVerifyGetKey {
  let askedAt = 0;
  const unhurried: typeof fetch = async (...request) => {
    const wait = askedAt + keysPauseMilliseconds - Date.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, Math.min(wait, keysPauseMilliseconds)));
    askedAt = Date.now();
    return await fetchThere(...request);
  };
  return createRemoteJWKSet(new URL(jwksUri), {
    [customFetch]: unhurried,
    timeoutDuration: timeoutMilliseconds,
    cooldownDuration: 0,
    cacheMaxAge: 600_000,
  });
}

/** @throws SignInRefused with the reason that fits; "provider-unreachable" when the keys cannot be had */
export async function verifyIdToken(token: string, expected: IdTokenExpectations): Promise<VerifiedIdToken> {
  let claims: JWTPayload;
  try {
    // Looked at first so that a wrong algorithm has its own name; RS256 is pinned again in the verification itself.
    if (decodeProtectedHeader(token).alg !== "RS256") throw new SignInRefused("id-token-algorithm");
    ({ payload: claims } = await jwtVerify(token, expected.keys, {
      algorithms: ["RS256"],
      issuer: expected.issuer,
      audience: expected.clientId,
      clockTolerance: clockToleranceSeconds,
      requiredClaims: ["iss", "sub", "aud", "exp", "iat"],
    }));
  } catch (cause) {
    if (cause instanceof SignInRefused) throw cause;
    throw new SignInRefused(reasonOf(cause), { cause });
  }
  if (expected.nonce !== null && claims.nonce !== expected.nonce) throw new SignInRefused("id-token-nonce");
  // Several audiences or another authorised party: a token made for someone else (OpenID Connect Core §3.1.3.7).
  if (Array.isArray(claims.aud) && claims.aud.length > 1) throw new SignInRefused("id-token-audience");
  if (claims.azp !== undefined && claims.azp !== expected.clientId) {
    throw new SignInRefused("id-token-audience");
  }
  // Keycloak names its kinds of token: an access token or a refresh token is no proof of sign-in.
  if (claims.typ !== undefined && claims.typ !== "ID") throw new SignInRefused("id-token-type");
  if (typeof claims.acr !== "string" || claims.acr === "") throw new SignInRefused("acr-missing");
  if (!expected.acceptedAcr.includes(claims.acr)) throw new SignInRefused("acr-not-accepted");
  return {
    subject: claims.sub ?? "",
    acr: claims.acr,
    providerSessionId: typeof claims.sid === "string" ? claims.sid : null,
    authenticatedAt: typeof claims.auth_time === "number" ? new Date(claims.auth_time * 1_000) : null,
    username: typeof claims.preferred_username === "string" ? claims.preferred_username : undefined,
  };
}

function reasonOf(cause: unknown): RefusalReason {
  if (cause instanceof errors.JWTExpired) return "id-token-expired";
  if (cause instanceof errors.JWTClaimValidationFailed) {
    return reasonOfClaim(cause.claim);
  }
  if (cause instanceof errors.JWSSignatureVerificationFailed || cause instanceof errors.JWKSNoMatchingKey) {
    return "id-token-signature";
  }
  if (cause instanceof errors.JOSEAlgNotAllowed) return "id-token-algorithm";
  if (cause instanceof errors.JWKSTimeout || cause instanceof errors.JWKSInvalid) {
    return "provider-unreachable";
  }
  if (cause instanceof errors.JWSInvalid || cause instanceof errors.JWTInvalid) return "id-token-malformed";
  // What jose throws for an unreadable answer of the key endpoint is the bare class; what fetch throws is a TypeError.
  if (cause instanceof errors.JOSEError) {
    return cause.code === "ERR_JOSE_GENERIC" ? "provider-unreachable" : "id-token-malformed";
  }
  return cause instanceof TypeError ? "provider-unreachable" : "id-token-malformed";
}

/** The reason for a claim that is absent or wrong. */
export function reasonOfClaim(claim: string): RefusalReason {
  switch (claim) {
    case "iss":
      return "id-token-issuer";
    case "aud":
    case "azp":
      return "id-token-audience";
    case "nonce":
      return "id-token-nonce";
    case "exp":
      return "id-token-expired";
    case "nbf":
    case "iat":
      return "id-token-not-yet-valid";
    default:
      return "id-token-malformed";
  }
}
