/**
 * Why a sign-in failed. Inside (log, audit) each cause has its own name; outside a person reads one of five neutral
 * sentences, so that an attacker learns nothing from trying.
 */
export type RefusalReason =
  // The request itself.
  | "attempt-unknown"
  | "attempt-expired"
  | "attempt-other-browser"
  | "response-malformed"
  | "response-error"
  | "response-issuer"
  | "cancelled"
  // The identity provider.
  | "provider-unreachable"
  | "provider-metadata"
  | "code-refused"
  | "token-response"
  // The id_token.
  | "id-token-missing"
  | "id-token-algorithm"
  | "id-token-signature"
  | "id-token-issuer"
  | "id-token-audience"
  | "id-token-nonce"
  | "id-token-expired"
  | "id-token-not-yet-valid"
  | "id-token-type"
  | "id-token-malformed"
  | "acr-missing"
  | "acr-not-accepted"
  | "authentication-too-old"
  | "decoupled-other-person"
  | "confirmed-by-other-person"
  | "authentication-not-fresh"
  // An access token presented as a proof.
  | "token-algorithm"
  | "token-unreadable"
  | "token-malformed"
  | "token-inactive"
  | "token-issuer"
  | "token-type"
  | "token-expired"
  | "token-not-yet-valid"
  | "token-party"
  // The person.
  | "userinfo-malformed"
  | "userinfo-subject"
  | "userinfo-contradiction"
  | "rpps-forged"
  | "person-suspended"
  | "identity-conflict";

/** What the person may know, and the web explains (`/sign-in?reason=…`). */
export type PublicReason =
  | "identity-provider-unavailable"
  | "sign-in-cancelled"
  | "sign-in-expired"
  | "card-not-asked"
  | "sign-in-refused";

/** A sign-in that ends here. Its message never holds a token, a code, a secret or a name. */
export class SignInRefused extends Error {
  override readonly name = "SignInRefused";

  constructor(readonly reason: RefusalReason, options?: ErrorOptions) {
    super(`sign-in refused: ${reason}`, options);
  }

  /** The neutral sentence's code: only what the person can do about it differs. */
  get publicReason(): PublicReason {
    return publicReasons[this.reason] ?? "sign-in-refused";
  }
}

const publicReasons: Partial<Record<RefusalReason, PublicReason>> = {
  "provider-unreachable": "identity-provider-unavailable",
  "provider-metadata": "identity-provider-unavailable",
  "cancelled": "sign-in-cancelled",
  "authentication-not-fresh": "card-not-asked",
  "attempt-unknown": "sign-in-expired",
  "attempt-expired": "sign-in-expired",
  "attempt-other-browser": "sign-in-expired",
};
