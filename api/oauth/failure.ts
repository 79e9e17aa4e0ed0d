/** Why nothing is given. Outside one of the words of RFC 6749 §5.2, inside the reason. */
export type OauthError =
  | "invalid_request"
  | "invalid_client"
  | "invalid_grant"
  | "invalid_scope"
  | "invalid_target"
  | "unauthorized_client"
  | "unsupported_grant_type"
  | "temporarily_unavailable"
  | "slow_down";

export class TokenRefused extends Error {
  override readonly name = "TokenRefused";

  /** @param reason for the trace alone */
  constructor(readonly error: OauthError, readonly reason: string, options?: ErrorOptions) {
    super(reason, options);
  }
}
