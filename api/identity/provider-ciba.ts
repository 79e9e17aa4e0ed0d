/**
 * Decoupled sign-in (CIBA, poll mode): the browser shows two digits, the person confirms them on his phone (e-CPS), the
 * platform asks at the pace that the provider sets.
 */
import * as client from "openid-client";
import { verifyIdToken } from "./id-token.ts";
import type { IdentityProviderConfig } from "./provider-config.ts";
import type { SignedIn } from "./signed-in.ts";
import { isUnreachable, reasonOf } from "./provider-errors.ts";
import type { ProviderMetadata } from "./provider-metadata.ts";
import { readUserinfo } from "./provider-userinfo.ts";
import { refreshSecondsOf } from "./provider-refresh.ts";
import { SignInRefused } from "./refusal.ts";

export interface DecoupledRequest {
  /** Null: the provider knows nobody of this number. Whoever asked is told the same as if it did. */
  readonly requestId: string | null;
  readonly intervalSeconds: number;
  readonly expiresInSeconds: number;
}

export type DecoupledAnswer =
  | { readonly outcome: "pending"; readonly isTooFast: boolean }
  | { readonly outcome: "signed-in"; readonly signedIn: SignedIn };

/** As the provider's documentation shows them; also what is said of a number that it does not know. */
const usual = { intervalSeconds: 2, expiresInSeconds: 120 };

/** What the provider answers about a number that it does not know, or that cannot be reached by phone. */
const unknownPerson = new Set(["unknown_user_id", "invalid_request", "access_denied", "missing_user_code"]);

export function createDecoupled(config: IdentityProviderConfig, metadata: ProviderMetadata) {
  return {
    /** @throws SignInRefused "provider-unreachable" and whatever is our own fault */
    begin: async (idNatPs: string, bindingMessage: string): Promise<DecoupledRequest> => {
      try {
        const answer = await client.initiateBackchannelAuthentication(await metadata.withBasicCredentials(), {
          scope: "openid scope_all",
          acr_values: config.acrValues,
          login_hint: idNatPs,
          binding_message: bindingMessage,
          channel: "MOBILE",
        });
        return {
          requestId: answer.auth_req_id,
          intervalSeconds: Math.min(Math.max(answer.interval ?? 5, usual.intervalSeconds), 60),
          expiresInSeconds: Math.min(answer.expires_in, usual.expiresInSeconds),
        };
      } catch (cause) {
        if (cause instanceof SignInRefused) throw cause;
        if (cause instanceof client.ResponseBodyError && unknownPerson.has(cause.error)) {
          return { requestId: null, ...usual };
        }
        throw new SignInRefused(isUnreachable(cause) ? "provider-unreachable" : "token-response", { cause });
      }
    },

    /** Asks once. @throws SignInRefused "cancelled", "attempt-expired", or what is wrong with the answer */
    ask: async (requestId: string): Promise<DecoupledAnswer> => {
      const configuration = await metadata.withBasicCredentials();
      try {
        const tokens = await client.genericGrantRequest(
          configuration,
          "urn:openid:params:grant-type:ciba",
          { auth_req_id: requestId },
        );
        if (tokens.id_token === undefined) throw new SignInRefused("id-token-missing");
        const keys = metadata.keys(configuration.serverMetadata().jwks_uri ?? "");
        const verified = await verifyIdToken(tokens.id_token, {
          issuer: config.issuer,
          clientId: config.clientId,
          nonce: null,
          acceptedAcr: config.acceptedAcr,
          keys,
        });
        const userinfo = await readUserinfo(configuration, tokens.access_token, {
          issuer: config.issuer,
          clientId: config.clientId,
          subject: verified.subject,
          keys,
        });
        return {
          outcome: "signed-in",
          signedIn: {
            idToken: tokens.id_token,
            verified,
            userinfo,
            refreshToken: tokens.refresh_token ?? null,
            refreshSeconds: refreshSecondsOf(tokens),
          },
        };
      } catch (cause) {
        if (cause instanceof SignInRefused) throw cause;
        if (cause instanceof client.ResponseBodyError) {
          if (cause.error === "authorization_pending") return { outcome: "pending", isTooFast: false };
          if (cause.error === "slow_down") return { outcome: "pending", isTooFast: true };
          if (cause.error === "expired_token") throw new SignInRefused("attempt-expired", { cause });
          if (cause.error === "access_denied") throw new SignInRefused("cancelled", { cause });
        }
        throw new SignInRefused(reasonOf(cause), { cause });
      }
    },
  };
}
