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

  /** Before that nothing else will be said; undefined: asking again is of no use. */
  readonly retryAfterSeconds: number | undefined;

  /** @param reason for the trace alone */
  constructor(
    readonly error: OauthError,
    readonly reason: string,
    { retryAfterSeconds, ...options }: ErrorOptions & { readonly retryAfterSeconds?: number } = {},
  ) {
    super(reason, options);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** RFC 6749 §5.2: what must be there and is not is a fault of the request, whatever it asks for. */
export function requireParameters(named: Readonly<Record<string, string | null>>): void {
  for (const [name, value] of Object.entries(named)) {
    if (value === null) throw new TokenRefused("invalid_request", `${name.replaceAll("_", "-")}-missing`);
  }
}
