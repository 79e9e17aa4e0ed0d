/**
 * Pro Santé Connect as an OpenID Provider, by openid-client. Its ways that differ from the standard are held here: a
 * discovery path of its own, metadata whose issuer the library then does not check, `iss` announced in the authorisation
 * response but not seen in the service's examples, algorithms announced that no client gets.
 */
import * as client from "openid-client";
import type { Log } from "../context.ts";
import { verifyIdToken } from "./id-token.ts";
import { createIntrospection, type Introspected } from "./introspection.ts";
import { type LogoutOrder, LogoutTokenRefused, verifyLogoutToken } from "./logout-token.ts";
import { createDecoupled } from "./provider-ciba.ts";
import type { IdentityProviderConfig } from "./provider-config.ts";
import { reasonOf } from "./provider-errors.ts";
import { createProviderMetadata } from "./provider-metadata.ts";
import { createRefresh, type Refreshed, refreshSecondsOf } from "./provider-refresh.ts";
import { readUserinfo } from "./provider-userinfo.ts";
import { SignInRefused } from "./refusal.ts";
import type { SignedIn } from "./signed-in.ts";

/** What one sign-in must prove at its return. */
export interface SignInProof {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

export interface AuthorizationRequest extends SignInProof {
  /** Whether card or phone is to be asked for even where the provider remembers the person. */
  readonly isFresh: boolean;
}

export interface IdentityProvider {
  readonly issuer: string;
  /** Where the browser goes. @throws SignInRefused "provider-unreachable" | "provider-metadata" */
  authorizationUrl(request: AuthorizationRequest): Promise<URL>;
  /** Exchanges the code of this callback and checks all that comes back. @throws SignInRefused */
  redeem(callback: URL, proof: SignInProof): Promise<SignedIn>;
  /**
   * What the provider says of an access token that somebody presents as his proof (RFC 7662).
   *
   * @throws SignInRefused "provider-unreachable": nothing is known, to be tried again; never a reason to refuse for good
   */
  introspect(accessToken: string): Promise<Introspected>;
  /** Asks whether the person's session at the provider still stands, and renews it. Never throws. */
  refresh(refreshToken: string, subject: string): Promise<Refreshed>;
  /** A sign-in that is confirmed on the person's phone. */
  readonly decoupled: ReturnType<typeof createDecoupled>;
  /** @throws LogoutTokenRefused */
  readLogoutToken(token: string, type: string): Promise<LogoutOrder>;
  /** Where the browser ends its session at the provider; undefined when the provider cannot be reached. */
  endSessionUrl(idToken: string | null): Promise<URL | undefined>;
}

export function redirectUriOf(baseUrl: string): string {
  return new URL("/auth/callback", baseUrl).href;
}

/** Where the provider sends the browser back after its own sign-out: declared to ANS like the redirect URI. */
export function signedOutUriOf(baseUrl: string): string {
  return new URL("/auth/signed-out", baseUrl).href;
}

export function createIdentityProvider(config: IdentityProviderConfig, log: Log): IdentityProvider {
  const metadata = createProviderMetadata(config, log);
  return {
    issuer: config.issuer,

    async authorizationUrl({ state, nonce, codeVerifier, isFresh }) {
      return client.buildAuthorizationUrl(await metadata.configuration(true), {
        response_type: "code",
        redirect_uri: redirectUriOf(config.baseUrl),
        scope: "openid scope_all",
        acr_values: config.acrValues,
        state,
        nonce,
        code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: "S256",
        // Two words for the same: it is not known which of them the service hears; what it did is read in `auth_time`.
        ...(isFresh ? { prompt: "login", max_age: "0" } : {}),
      });
    },

    async redeem(callback, proof) {
      const known = await metadata.configuration(false);
      try {
        const tokens = await client.authorizationCodeGrant(known, callback, {
          pkceCodeVerifier: proof.codeVerifier,
          expectedState: proof.state,
          expectedNonce: proof.nonce,
          idTokenExpected: true,
        });
        const idToken = tokens.id_token;
        if (idToken === undefined) throw new SignInRefused("id-token-missing");
        const keys = metadata.keys(known.serverMetadata().jwks_uri ?? "");
        const verified = await verifyIdToken(idToken, {
          issuer: config.issuer,
          clientId: config.clientId,
          nonce: proof.nonce,
          acceptedAcr: config.acceptedAcr,
          keys,
        });
        // At once: the access token lives two minutes and is kept nowhere (SC.MSS/CONF.28).
        const userinfo = await readUserinfo(known, tokens.access_token, {
          issuer: config.issuer,
          clientId: config.clientId,
          subject: verified.subject,
          keys,
        });
        return {
          idToken,
          verified,
          userinfo,
          refreshToken: tokens.refresh_token ?? null,
          refreshSeconds: refreshSecondsOf(tokens),
        };
      } catch (cause) {
        if (cause instanceof SignInRefused) throw cause;
        throw new SignInRefused(reasonOf(cause), { cause });
      }
    },

    introspect: createIntrospection(config, metadata, log),
    refresh: createRefresh(config, metadata, log),
    decoupled: createDecoupled(config, metadata),

    async readLogoutToken(token, type) {
      let jwksUri: string;
      try {
        jwksUri = (await metadata.configuration(false)).serverMetadata().jwks_uri ?? "";
      } catch (cause) {
        throw new LogoutTokenRefused("provider-unreachable", { cause });
      }
      const { issuer, clientId } = config;
      return await verifyLogoutToken(token, { issuer, clientId, type, keys: metadata.keys(jwksUri) });
    },

    async endSessionUrl(idToken) {
      try {
        return client.buildEndSessionUrl(await metadata.configuration(false), {
          post_logout_redirect_uri: signedOutUriOf(config.baseUrl),
          // The library adds client_id: with the hint these are the four parameters that the service reads.
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
