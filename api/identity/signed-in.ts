import type { VerifiedIdToken } from "./id-token.ts";

/** What the provider has given for a sign-in, checked. */
export interface SignedIn {
  readonly idToken: string;
  readonly verified: VerifiedIdToken;
  /** Body of userinfo, its `sub` being that of the id_token. */
  readonly userinfo: unknown;
  /** Null when the provider gives none: the session then ends by our own clock alone. */
  readonly refreshToken: string | null;
  readonly refreshSeconds: number;
}
