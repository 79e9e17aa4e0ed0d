/** The refresh token: how the platform asks the provider whether a person's session there still stands. */
import * as client from "openid-client";
import type { Log } from "../context.ts";
import { verifyIdToken } from "./id-token.ts";
import type { IdentityProviderConfig } from "./provider-config.ts";
import type { ProviderMetadata } from "./provider-metadata.ts";
import { SignInRefused } from "./refusal.ts";

export interface Renewal {
  /** The next one; null when the provider keeps the same. */
  readonly refreshToken: string | null;
  readonly refreshSeconds: number;
  /** The newer id_token, when there is one, for the provider's own sign-out. */
  readonly idToken: string | null;
}

export type Refreshed =
  | { readonly outcome: "renewed"; readonly renewal: Renewal }
  /** The session has ended there: so does ours (SC.MSS/CONF.10). */
  | { readonly outcome: "ended" }
  /** Nothing is known: the session lives on, and is asked about later. */
  | { readonly outcome: "unavailable" };

/** What ANS writes of its refresh tokens, for an answer that does not say. */
const usualRefreshSeconds = 1_790;

/** Life of a refresh token by the token response: absent, zero or absurd means the usual. */
export function refreshSecondsOf(tokens: Readonly<Record<string, unknown>>): number {
  const said = tokens.refresh_expires_in;
  return typeof said === "number" && said > 0 && said <= 86_400 ? said : usualRefreshSeconds;
}

export function createRefresh(config: IdentityProviderConfig, metadata: ProviderMetadata, log: Log) {
  return async (refreshToken: string, subject: string): Promise<Refreshed> => {
    try {
      const configuration = await metadata.configuration(false);
      const tokens = await client.refreshTokenGrant(configuration, refreshToken);
      if (tokens.id_token !== undefined) {
        const verified = await verifyIdToken(tokens.id_token, {
          issuer: config.issuer,
          clientId: config.clientId,
          nonce: null,
          acceptedAcr: config.acceptedAcr,
          keys: metadata.keys(configuration.serverMetadata().jwks_uri ?? ""),
        });
        if (verified.subject !== subject) throw new SignInRefused("identity-conflict");
      }
      // The access token is not looked at and not kept (SC.MSS/CONF.28).
      return {
        outcome: "renewed",
        renewal: {
          refreshToken: tokens.refresh_token ?? null,
          refreshSeconds: refreshSecondsOf(tokens),
          idToken: tokens.id_token ?? null,
        },
      };
    } catch (cause) {
      if (cause instanceof client.ResponseBodyError && cause.error === "invalid_grant") {
        return { outcome: "ended" };
      }
      const reason = cause instanceof SignInRefused ? cause.reason : undefined;
      log.warn("session-refresh.failed", {
        reason: reason ?? (cause instanceof Error ? cause.name : "unknown"),
      });
      // Proved to be somebody else's, or too weak: what the provider then says of this session is not our person's.
      const isProved = reason === "identity-conflict" || reason === "acr-not-accepted";
      return { outcome: isProved ? "ended" : "unavailable" };
    }
  };
}
