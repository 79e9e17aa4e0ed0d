import type { ProviderClient } from "../config-sign-in.ts";

/** What this platform knows of Pro Santé Connect, and is registered as there. */
export interface IdentityProviderConfig {
  /** Exact issuer, e.g. `https://auth.esw.esante.gouv.fr/auth/realms/esante-wallet`. */
  readonly issuer: string;
  /** The issuer + `/.well-known/wallet-openid-configuration`. */
  readonly discoveryUrl: string;
  readonly clientId: string;
  readonly client: ProviderClient;
  /** PEM text of the authorities of its servers; null = those of the machine. */
  readonly trustPem: string | null;
  /** What is asked for (`eidas1`), which is not what is answered. */
  readonly acrValues: string;
  readonly acceptedAcr: readonly string[];
  /** Whether a callback without `iss` (RFC 9207) is refused. One with a wrong `iss` always is. */
  readonly isResponseIssuerRequired: boolean;
  /** Origin of the platform, e.g. `https://mail.example.fr`: the redirect URI is declared to ANS character for character. */
  readonly baseUrl: string;
  /** Clients of the provider whose access tokens open something here; empty = any of its registered services. */
  readonly acceptedParties: readonly string[];
  /** Off only where test identities carry numbers without a right key. */
  readonly isRppsKeyChecked: boolean;
  /** How long an answer of the provider is waited for. */
  readonly timeoutSeconds: number;
}
