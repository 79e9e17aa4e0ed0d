/** The provider's metadata and keys, held to what they must be before anything is sent there. */
import type { JWTVerifyGetKey } from "jose";
import * as client from "openid-client";
import type { Log } from "../context.ts";
import { remoteKeys } from "./id-token.ts";
import type { IdentityProviderConfig } from "./provider-config.ts";
import { providerFetch } from "./provider-fetch.ts";
import { SignInRefused } from "./refusal.ts";

/** Metadata older than this is asked for again, so that a provider that is down is known before the browser is sent there. */
const metadataLifetimeMilliseconds = 30_000;

interface Discovered {
  /** Credentials in the form, as at the token endpoint. */
  readonly form: client.Configuration;
  /** Basic credentials, as the provider's documentation shows them for introspection and CIBA. */
  readonly basic: client.Configuration;
  readonly at: number;
}

export interface ProviderMetadata {
  /** @param isFreshNeeded before the browser is sent there: whether the provider answers at all must be known */
  configuration(isFreshNeeded: boolean): Promise<client.Configuration>;
  /** For introspection and CIBA. */
  withBasicCredentials(): Promise<client.Configuration>;
  keys(jwksUri: string): JWTVerifyGetKey;
}

export function createProviderMetadata(config: IdentityProviderConfig, log: Log): ProviderMetadata {
  const isInsecureAllowed = isLoopback(config.issuer);
  const isMutualTls = config.client.method === "mtls";
  // The metadata lists HS256 and others: what this client accepts is one algorithm.
  const metadataOfClient = {
    id_token_signed_response_alg: "RS256",
    [client.clockTolerance]: 10,
    ...(isMutualTls ? { use_mtls_endpoint_aliases: true } : {}),
  };
  const fetchThere = providerFetch(config);
  let discovered: Discovered | undefined;
  let pending: Promise<Discovered> | undefined;
  let keys: { readonly jwksUri: string; readonly get: JWTVerifyGetKey } | undefined;

  async function discover(): Promise<Discovered> {
    let found: client.Configuration;
    try {
      found = await client.discovery(
        new URL(config.discoveryUrl),
        config.clientId,
        metadataOfClient,
        client.None(),
        {
          timeout: config.timeoutSeconds,
          [client.customFetch]: fetchThere,
          ...(isInsecureAllowed ? { execute: [client.allowInsecureRequests] } : {}),
        },
      );
    } catch (cause) {
      throw new SignInRefused("provider-unreachable", { cause });
    }
    const metadata = found.serverMetadata();
    // A path of its own makes the library skip this check (ASVS 10.5.3).
    if (metadata.issuer !== config.issuer || !hasUsableEndpoints(metadata, isInsecureAllowed, isMutualTls)) {
      log.error("identity-provider.metadata-refused", {
        announcedIssuer: String(metadata.issuer).slice(0, 200),
      });
      throw new SignInRefused("provider-metadata");
    }
    const { supportsPKCE: _method, ...plain } = metadata;
    const configure = (authentication: client.ClientAuth) => {
      const configuration = new client.Configuration(
        { ...plain, authorization_response_iss_parameter_supported: config.isResponseIssuerRequired },
        config.clientId,
        metadataOfClient,
        authentication,
      );
      configuration.timeout = config.timeoutSeconds;
      configuration[client.customFetch] = fetchThere;
      if (isInsecureAllowed) client.allowInsecureRequests(configuration);
      return configuration;
    };
    const secret = config.client.method === "secret" ? config.client.secret : null;
    discovered = {
      form: configure(secret === null ? client.TlsClientAuth() : client.ClientSecretPost(secret)),
      basic: configure(secret === null ? client.TlsClientAuth() : client.ClientSecretBasic(secret)),
      at: Date.now(),
    };
    return discovered;
  }

  async function current(isFreshNeeded: boolean): Promise<Discovered> {
    const isFresh = discovered !== undefined && Date.now() - discovered.at < metadataLifetimeMilliseconds;
    if (discovered && (isFresh || !isFreshNeeded)) return discovered;
    pending ??= discover().finally(() => pending = undefined);
    return await pending;
  }

  function publishedKeys(jwksUri: string): JWTVerifyGetKey {
    if (keys?.jwksUri !== jwksUri) {
      keys = { jwksUri, get: remoteKeys(jwksUri, config.timeoutSeconds * 1_000, fetchThere) };
    }
    return keys.get;
  }

  return {
    configuration: async (isFreshNeeded) => (await current(isFreshNeeded)).form,
    withBasicCredentials: async () => (await current(false)).basic,
    keys: publishedKeys,
  };
}

function hasUsableEndpoints(
  metadata: client.ServerMetadata,
  isInsecureAllowed: boolean,
  isMutualTls: boolean,
): boolean {
  const needed = [
    metadata.authorization_endpoint,
    metadata.token_endpoint,
    metadata.userinfo_endpoint,
    metadata.jwks_uri,
    metadata.end_session_endpoint,
    ...(isMutualTls ? Object.values(metadata.mtls_endpoint_aliases ?? {}) : []),
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
