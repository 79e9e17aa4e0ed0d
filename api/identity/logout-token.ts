/** The logout token of the provider's back-channel logout (OpenID Connect Back-Channel Logout 1.0 §2.4, ASVS 10.5.5). */
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, type JWTVerifyGetKey } from "jose";

export type LogoutTokenFault =
  | "logout-token-malformed"
  | "logout-token-algorithm"
  | "logout-token-signature"
  | "logout-token-issuer"
  | "logout-token-audience"
  | "logout-token-type"
  | "logout-token-expired"
  | "logout-token-event"
  | "logout-token-nonce"
  | "logout-token-subject"
  | "logout-token-replayed"
  | "provider-unreachable";

/** A logout token that ends nothing. Its message names the fault and nothing of the token. */
export class LogoutTokenRefused extends Error {
  override readonly name = "LogoutTokenRefused";

  constructor(readonly reason: LogoutTokenFault, options?: ErrorOptions) {
    super(`logout token refused: ${reason}`, options);
  }
}

export interface LogoutOrder {
  /** `sid`: this session of the provider; null = all of the subject's. */
  readonly providerSessionId: string | null;
  readonly subject: string | null;
  readonly tokenId: string;
  /** From then on the token is refused for its age, and need not be remembered. */
  readonly forgettableAt: Date;
}

const event = "http://schemas.openid.net/event/backchannel-logout";
/** A logout token is used at once or never. */
const maximumAgeSeconds = 120;
const clockToleranceSeconds = 10;

export interface LogoutTokenExpectations {
  readonly issuer: string;
  readonly clientId: string;
  /** Expected `typ`, or `any`. */
  readonly type: string;
  readonly keys: JWTVerifyGetKey;
}

/** @throws LogoutTokenRefused */
export async function verifyLogoutToken(
  token: string,
  expected: LogoutTokenExpectations,
): Promise<LogoutOrder> {
  // Looked at first so that a wrong algorithm has its own name; RS256 is pinned again in the verification itself.
  if (algorithmOf(token) !== "RS256") throw new LogoutTokenRefused("logout-token-algorithm");
  let claims: JWTPayload;
  try {
    ({ payload: claims } = await jwtVerify(token, expected.keys, {
      algorithms: ["RS256"],
      issuer: expected.issuer,
      audience: expected.clientId,
      clockTolerance: clockToleranceSeconds,
      maxTokenAge: maximumAgeSeconds,
      requiredClaims: ["iss", "aud", "iat", "jti", "events"],
      ...(expected.type === "any" ? {} : { typ: expected.type }),
    }));
  } catch (cause) {
    throw new LogoutTokenRefused(faultOf(cause), { cause });
  }
  const { events, jti, sid, sub } = claims;
  const order = typeof events === "object" && events !== null
    ? (events as Record<string, unknown>)[event]
    : undefined;
  if (typeof order !== "object" || order === null) throw new LogoutTokenRefused("logout-token-event");
  // What carries a nonce is an id_token.
  if (claims.nonce !== undefined) throw new LogoutTokenRefused("logout-token-nonce");
  if (typeof jti !== "string" || jti === "" || jti.length > 255) {
    throw new LogoutTokenRefused("logout-token-malformed");
  }
  const providerSessionId = typeof sid === "string" && sid !== "" ? sid : null;
  const subject = typeof sub === "string" && sub !== "" ? sub : null;
  if (providerSessionId === null && subject === null) throw new LogoutTokenRefused("logout-token-subject");
  const forgettableAt = new Date((Number(claims.iat) + maximumAgeSeconds + clockToleranceSeconds) * 1_000);
  return { providerSessionId, subject, tokenId: jti, forgettableAt };
}

function algorithmOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).alg;
  } catch (cause) {
    throw new LogoutTokenRefused("logout-token-malformed", { cause });
  }
}

function faultOf(cause: unknown): LogoutTokenFault {
  if (cause instanceof errors.JWTExpired) return "logout-token-expired";
  if (cause instanceof errors.JWTClaimValidationFailed) {
    switch (cause.claim) {
      case "iss":
        return "logout-token-issuer";
      case "aud":
        return "logout-token-audience";
      case "typ":
        return "logout-token-type";
      case "events":
        return "logout-token-event";
      case "iat":
      case "nbf":
      case "exp":
        return "logout-token-expired";
      default:
        return "logout-token-malformed";
    }
  }
  if (cause instanceof errors.JWSSignatureVerificationFailed || cause instanceof errors.JWKSNoMatchingKey) {
    return "logout-token-signature";
  }
  if (
    cause instanceof errors.JWKSTimeout || cause instanceof errors.JWKSInvalid || cause instanceof TypeError
  ) {
    return "provider-unreachable";
  }
  // What jose throws for an unreadable answer of the key endpoint is the bare class.
  return cause instanceof errors.JOSEError && cause.code === "ERR_JOSE_GENERIC"
    ? "provider-unreachable"
    : "logout-token-malformed";
}
