/** Settings of the sign-in and of sessions (api/identity). Part of api/config.ts, which alone reads the environment. */
import { z } from "zod";
import { http, seconds, words } from "./config-shapes.ts";

/** How the platform proves to Pro Santé Connect that it is itself. */
export type ProviderClient =
  | { readonly method: "secret"; readonly secret: string }
  | { readonly method: "mtls"; readonly certificatePem: string; readonly keyPem: string };

export interface ProviderConfig {
  readonly issuer: string;
  readonly discoveryUrl: string;
  readonly clientId: string;
  readonly client: ProviderClient;
  /** PEM text of the authorities of its servers' certificates; null = those of the machine. */
  readonly trustPem: string | null;
  readonly acrValues: readonly string[];
  readonly acceptedAcr: readonly string[];
  /** Its clients whose access tokens open something here; empty = any. */
  readonly acceptedParties: readonly string[];
  /** Whether the answer must name its issuer (RFC 9207). */
  readonly responseIssuer: "required" | "optional";
  /** Whether the RPPS number's own key is verified. */
  readonly rppsKey: "checked" | "unchecked";
  readonly timeoutSeconds: number;
  /** Whether a sign-in may be confirmed on a phone: ANS activates it service by service. */
  readonly isCibaOffered: boolean;
  /** `typ` of its logout tokens, `any` to take each; null = its back-channel logout is not listened to. */
  readonly logoutTokenType: string | null;
}

export interface SessionConfig {
  readonly idleSeconds: number;
  readonly absoluteSeconds: number;
  /** Keys that seal what is kept of the provider, in base64: the first seals, all open. */
  readonly keys: readonly string[];
}

export const signInVariables = {
  MSS_PSC_ISSUER: http.describe("Issuer of Pro Santé Connect, as its tokens say it"),
  MSS_PSC_DISCOVERY_URL: http.describe("Its discovery document"),
  MSS_PSC_CLIENT_ID: z.string().min(1).describe("Our client id there"),
  MSS_PSC_CLIENT_AUTHENTICATION: z.enum(["secret", "mtls"]).default("secret").describe(
    "How we prove there who we are: secret or mtls (certificate IGC-Santé ORG AUTH_CLI)",
  ),
  MSS_PSC_CLIENT_SECRET_FILE: z.string().optional().describe("secret: file of our client secret there"),
  MSS_PSC_CLIENT_CERTIFICATE_FILE: z.string().optional().describe("mtls: PEM file of our certificate"),
  MSS_PSC_CLIENT_KEY_FILE: z.string().optional().describe("mtls: PEM file of its private key"),
  MSS_PSC_TRUST_FILE: z.string().optional().describe(
    "PEM file of the authorities of its servers, where they are not the machine's",
  ),
  MSS_PSC_ACR_VALUES: words.default(["eidas1"]).describe("Levels asked for, separated by commas"),
  MSS_PSC_ACCEPTED_ACR: words.default(["eidas1", "eidas2", "eidas3"]).describe("Levels accepted"),
  MSS_PSC_ACCEPTED_PARTIES: words.optional().describe(
    "Its clients whose access tokens open a box (XOAUTH2), separated by commas; absent = any",
  ),
  MSS_PSC_RESPONSE_ISSUER: z.enum(["required", "optional"]).default("required")
    .describe("Whether its answer must name its issuer (RFC 9207)"),
  MSS_PSC_RPPS_KEY: z.enum(["checked", "unchecked"]).default("checked").describe(
    "Whether an RPPS number's key is verified",
  ),
  MSS_PSC_TIMEOUT_SECONDS: seconds.default(5).describe("Longest wait for one of its answers"),
  MSS_PSC_CIBA: z.enum(["on", "off"]).default("off").describe(
    "Whether a sign-in may be confirmed on a phone without a reader (CIBA, activated by ANS service by service)",
  ),
  MSS_PSC_BACK_CHANNEL_LOGOUT: z.enum(["on", "off"]).default("off").describe(
    "Whether it may end sessions by itself at /auth/back-channel-logout",
  ),
  MSS_PSC_LOGOUT_TOKEN_TYPE: z.string().min(1).default("logout+jwt").describe(
    "typ of its logout tokens; any = whatever it says (older Keycloak)",
  ),
  MSS_SESSION_KEY_FILE: z.string().describe(
    "File of the key that seals what is kept of the provider and the staff's secrets: 32 bytes in base64, older keys on further lines",
  ),
  MSS_SESSION_IDLE_SECONDS: seconds.default(1800).describe("A session without activity ends after"),
  MSS_SESSION_ABSOLUTE_SECONDS: seconds.default(14_400).describe("Any session ends after"),
};

const shape = z.object(signInVariables);

/** @param faults receives what is missing beside what is there */
export function signInConfig(
  values: z.infer<typeof shape>,
  read: (name: string) => string,
  faults: string[],
): { readonly proSanteConnect: ProviderConfig; readonly session: SessionConfig } {
  const keys = read("MSS_SESSION_KEY_FILE").split(/\s+/).filter(Boolean);
  if (keys.some((key) => !/^[A-Za-z0-9+/_-]{43}=?$/.test(key))) {
    faults.push("MSS_SESSION_KEY_FILE: each line must be 32 bytes in base64");
  }
  return {
    proSanteConnect: {
      issuer: values.MSS_PSC_ISSUER,
      discoveryUrl: values.MSS_PSC_DISCOVERY_URL,
      clientId: values.MSS_PSC_CLIENT_ID,
      client: providerClient(values, read),
      trustPem: values.MSS_PSC_TRUST_FILE === undefined ? null : read("MSS_PSC_TRUST_FILE"),
      acrValues: values.MSS_PSC_ACR_VALUES,
      acceptedAcr: values.MSS_PSC_ACCEPTED_ACR,
      acceptedParties: values.MSS_PSC_ACCEPTED_PARTIES ?? [],
      responseIssuer: values.MSS_PSC_RESPONSE_ISSUER,
      rppsKey: values.MSS_PSC_RPPS_KEY,
      timeoutSeconds: values.MSS_PSC_TIMEOUT_SECONDS,
      isCibaOffered: values.MSS_PSC_CIBA === "on",
      logoutTokenType: values.MSS_PSC_BACK_CHANNEL_LOGOUT === "on" ? values.MSS_PSC_LOGOUT_TOKEN_TYPE : null,
    },
    session: {
      idleSeconds: values.MSS_SESSION_IDLE_SECONDS,
      absoluteSeconds: values.MSS_SESSION_ABSOLUTE_SECONDS,
      keys,
    },
  };
}

function providerClient(values: z.infer<typeof shape>, read: (name: string) => string): ProviderClient {
  return values.MSS_PSC_CLIENT_AUTHENTICATION === "mtls"
    ? {
      method: "mtls",
      certificatePem: read("MSS_PSC_CLIENT_CERTIFICATE_FILE"),
      keyPem: read("MSS_PSC_CLIENT_KEY_FILE"),
    }
    : { method: "secret", secret: read("MSS_PSC_CLIENT_SECRET_FILE") };
}
