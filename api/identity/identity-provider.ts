/**
 * Pro Santé Connect as an OpenID Provider, by openid-client. Its ways that differ from the standard are held here: a
 * discovery path of its own, metadata whose issuer the library then does not check, `iss` announced in the authorisation
 * response but not seen in the service's examples, algorithms announced that no client gets.
 */
import type { JWTVerifyGetKey } from "jose";
import * as client from "openid-client";
import type { Log } from "../context.ts";
import { reasonOfClaim, remoteKeys, type VerifiedIdToken, verifyIdToken } from "./id-token.ts";
import { type RefusalReason, SignInRefused } from "./refusal.ts";

export interface IdentityProviderConfig {
  /** Exact issuer, e.g. `https://auth.esw.esante.gouv.fr/auth/realms/esante-wallet`. */
  readonly issuer: string;
  /** The issuer + `/.well-known/wallet-openid-configuration`. */
  readonly discoveryUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What is asked for (`eidas1`), which is not what is answered. */
  readonly acrValues: string;
  readonly acceptedAcr: readonly string[];
  /** Whether a callback without `iss` (RFC 9207) is refused. One with a wrong `iss` always is. */
  readonly isResponseIssuerRequired: boolean;
  /** Origin of the platform, e.g. `https://mail.example.fr`: the redirect URI is declared to ANS character for character. */
  readonly baseUrl: string;
  /** How long an answer of the provider is waited for. */
  readonly timeoutSeconds: number;
}

/** What one sign-in must prove at its return. */
export interface SignInProof {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

export interface SignedIn {
  readonly idToken: string;
  readonly verified: VerifiedIdToken;
  /** Body of userinfo, its `sub` being that of the id_token. */
  readonly userinfo: unknown;
}

export interface IdentityProvider {
  readonly issuer: string;
  /** Where the browser goes. @throws SignInRefused "provider-unreachable" | "provider-metadata" */
  authorizationUrl(proof: SignInProof): Promise<URL>;
  /** Exchanges the code of this callback and checks all that comes back. @throws SignInRefused */
  redeem(callback: URL, proof: SignInProof): Promise<SignedIn>;
  /** Where the browser ends its session at the provider; undefined when the provider cannot be reached. */
  endSessionUrl(idToken: string | null): Promise<URL | undefined>;
}

/** Metadata older than this is asked for again, so that a provider that is down is known before the browser is sent there. */
const metadataLifetimeMilliseconds = 30_000;

export function redirectUriOf(baseUrl: string): string {
  return new URL("/auth/callback", baseUrl).href;
}

/** Where the provider sends the browser back after its own sign-out: declared to ANS like the redirect URI. */
export function signedOutUriOf(baseUrl: string): string {
  return new URL("/auth/signed-out", baseUrl).href;
}

interface Discovered {
  readonly configuration: client.Configuration;
  readonly at: number;
}

export function createIdentityProvider(config: IdentityProviderConfig, log: Log): IdentityProvider {
  const isInsecureAllowed = isLoopback(config.issuer);
  // The metadata lists HS256 and others: what this client accepts is one algorithm.
  const metadataOfClient = { id_token_signed_response_alg: "RS256", [client.clockTolerance]: 10 };
  const authentication = client.ClientSecretPost(config.clientSecret);
  let discovered: Discovered | undefined;
  let pending: Promise<client.Configuration> | undefined;
  let keys: { readonly jwksUri: string; readonly get: JWTVerifyGetKey } | undefined;

  async function discover(): Promise<client.Configuration> {
    let found: client.Configuration;
    try {
      found = await client.discovery(
        new URL(config.discoveryUrl),
        config.clientId,
        metadataOfClient,
        authentication,
        {
          timeout: config.timeoutSeconds,
          ...(isInsecureAllowed ? { execute: [client.allowInsecureRequests] } : {}),
        },
      );
    } catch (cause) {
      throw new SignInRefused("provider-unreachable", { cause });
    }
    const metadata = found.serverMetadata();
    // A path of its own makes the library skip this check (ASVS 10.5.3).
    if (metadata.issuer !== config.issuer || !hasUsableEndpoints(metadata, isInsecureAllowed)) {
      log.error("identity-provider.metadata-refused", {
        announcedIssuer: String(metadata.issuer).slice(0, 200),
      });
      throw new SignInRefused("provider-metadata");
    }
    const { supportsPKCE: _method, ...plain } = metadata;
    const configuration = new client.Configuration(
      { ...plain, authorization_response_iss_parameter_supported: config.isResponseIssuerRequired },
      config.clientId,
      metadataOfClient,
      authentication,
    );
    configuration.timeout = config.timeoutSeconds;
    if (isInsecureAllowed) client.allowInsecureRequests(configuration);
    discovered = { configuration, at: Date.now() };
    return configuration;
  }

  async function configuration(isFreshNeeded: boolean): Promise<client.Configuration> {
    const isFresh = discovered !== undefined && Date.now() - discovered.at < metadataLifetimeMilliseconds;
    if (discovered && (isFresh || !isFreshNeeded)) return discovered.configuration;
    pending ??= discover().finally(() => pending = undefined);
    return await pending;
  }

  function publishedKeys(jwksUri: string): JWTVerifyGetKey {
    if (keys?.jwksUri !== jwksUri) {
      keys = { jwksUri, get: remoteKeys(jwksUri, config.timeoutSeconds * 1_000) };
    }
    return keys.get;
  }

  return {
    issuer: config.issuer,

    async authorizationUrl({ state, nonce, codeVerifier }) {
      return client.buildAuthorizationUrl(await configuration(true), {
        response_type: "code",
        redirect_uri: redirectUriOf(config.baseUrl),
        scope: "openid scope_all",
        acr_values: config.acrValues,
        state,
        nonce,
        code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: "S256",
      });
    },

    async redeem(callback, proof) {
      const known = await configuration(false);
      try {
        const tokens = await client.authorizationCodeGrant(known, callback, {
          pkceCodeVerifier: proof.codeVerifier,
          expectedState: proof.state,
          expectedNonce: proof.nonce,
          idTokenExpected: true,
        });
        const idToken = tokens.id_token;
        if (idToken === undefined) throw new SignInRefused("id-token-missing");
        const verified = await verifyIdToken(idToken, {
          issuer: config.issuer,
          clientId: config.clientId,
          nonce: proof.nonce,
          acceptedAcr: config.acceptedAcr,
          keys: publishedKeys(known.serverMetadata().jwks_uri ?? ""),
        });
        // At once: the access token lives two minutes and is kept nowhere (SC.MSS/CONF.28).
        const userinfo = await readUserinfo(known, tokens.access_token, verified.subject);
        return { idToken, verified, userinfo };
      } catch (cause) {
        if (cause instanceof SignInRefused) throw cause;
        throw new SignInRefused(reasonOf(cause), { cause });
      }
    },

    async endSessionUrl(idToken) {
      try {
        return client.buildEndSessionUrl(await configuration(false), {
          post_logout_redirect_uri: signedOutUriOf(config.baseUrl),
          state: client.randomState(),
          ...(idToken === null ? {} : { id_token_hint: idToken }),
        });
      } catch (cause) {
        // The platform's own session has ended all the same; the provider's ends by itself within 4 hours.
        if (cause instanceof SignInRefused) return undefined;
        throw cause;
      }
    },
  };
}

async function readUserinfo(
  configuration: client.Configuration,
  accessToken: string,
  subject: string,
): Promise<unknown> {
  try {
    return await client.fetchUserInfo(configuration, accessToken, subject);
  } catch (cause) {
    if (isUnreachable(cause)) throw new SignInRefused("provider-unreachable", { cause });
    const code = cause instanceof client.ClientError ? cause.code : undefined;
    const isSubject = code === "OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED";
    throw new SignInRefused(isSubject ? "userinfo-subject" : "userinfo-malformed", { cause });
  }
}

function hasUsableEndpoints(metadata: client.ServerMetadata, isInsecureAllowed: boolean): boolean {
  const needed = [
    metadata.authorization_endpoint,
    metadata.token_endpoint,
    metadata.userinfo_endpoint,
    metadata.jwks_uri,
    metadata.end_session_endpoint,
  ];
  return needed.every((address) => {
    if (typeof address !== "string" || !URL.canParse(address)) return false;
    return new URL(address).protocol === "https:" || (isInsecureAllowed && isLoopback(address));
  });
}

/** Without TLS only on this machine: the simulated provider of development and tests. */
function isLoopback(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  return protocol === "http:" && ["127.0.0.1", "localhost", "[::1]"].includes(hostname);
}

/** No answer, or one that is no answer of this protocol: an error page of a front end, a time-out, a broken connection. */
function isUnreachable(cause: unknown): boolean {
  if (cause instanceof client.ClientError) {
    if (
      ["OAUTH_TIMEOUT", "OAUTH_ABORT", "OAUTH_RESPONSE_IS_NOT_JSON", "OAUTH_PARSE_ERROR"].includes(
        cause.code ?? "",
      )
    ) {
      return true;
    }
    return cause.code === "OAUTH_RESPONSE_IS_NOT_CONFORM" && cause.cause instanceof Response &&
      cause.cause.status >= 500;
  }
  if (cause instanceof client.ResponseBodyError) return cause.status >= 500;
  return cause instanceof TypeError && !("code" in cause && String(cause.code).startsWith("ERR_"));
}

/** The one name for what the library refused. Its own messages are kept as cause and shown to nobody. */
function reasonOf(cause: unknown): RefusalReason {
  if (cause instanceof client.AuthorizationResponseError) {
    if (cause.error === "access_denied") return "cancelled";
    return cause.error === "temporarily_unavailable" || cause.error === "server_error"
      ? "provider-unreachable"
      : "response-error";
  }
  if (isUnreachable(cause)) return "provider-unreachable";
  if (cause instanceof client.ResponseBodyError) {
    return cause.error === "invalid_grant" ? "code-refused" : "token-response";
  }
  if (!(cause instanceof client.ClientError)) return "token-response";
  const inner = cause.cause instanceof Error ? cause.cause : undefined;
  const detail = inner?.cause as
    | { claim?: unknown; parameters?: unknown; alg?: unknown; header?: unknown }
    | undefined;
  const said = `${cause.message} ${inner?.message ?? ""}`;
  switch (cause.code) {
    case "OAUTH_JWT_CLAIM_COMPARISON_FAILED":
      return typeof detail?.claim === "string" ? reasonOfClaim(detail.claim) : "id-token-malformed";
    case "OAUTH_JWT_TIMESTAMP_CHECK_FAILED":
      return detail?.claim === "exp" ? "id-token-expired" : "id-token-not-yet-valid";
    case "OAUTH_UNSUPPORTED_OPERATION":
      return "id-token-algorithm";
    case "OAUTH_INVALID_RESPONSE":
      return reasonOfResponse(said);
    default:
      return "token-response";
  }
}

/** The library has one code for many faults of a response; its sentence tells them apart. */
function reasonOfResponse(said: string): RefusalReason {
  if (said.includes('"iss"') && said.includes("response parameter")) return "response-issuer";
  if (said.includes('"iss"') && !said.includes("JWT")) return "response-issuer";
  if (said.includes("response parameter")) return "response-malformed";
  if (said.includes('"alg"')) return "id-token-algorithm";
  const claim = /JWT "(\w+)"/.exec(said)?.[1];
  if (claim) return claim === "header" ? "id-token-malformed" : reasonOfClaim(claim);
  if (said.includes('"id_token"')) return "id-token-missing";
  return said.includes("JWT") ? "id-token-malformed" : "token-response";
}
