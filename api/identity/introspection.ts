/**
 * Access tokens of Pro Santé Connect that software presents for a person (XOAUTH2, token exchange): asked of the provider
 * at the moment of sign-in (RFC 7662), since they name no audience and live two minutes. Nothing of them is kept but, for
 * some seconds, the digest of one that was good: a mail client opens several connections with the same token at once.
 */
import { createHash } from "node:crypto";
import * as client from "openid-client";
import { z } from "zod";
import type { Log } from "../context.ts";
import type { IdentityProviderConfig } from "./provider-config.ts";
import { guessInactive } from "./inactive-token.ts";
import { isUnreachable } from "./provider-errors.ts";
import type { ProviderMetadata } from "./provider-metadata.ts";
import { type RefusalReason, SignInRefused } from "./refusal.ts";
import { hasForgedRpps } from "./rpps.ts";

export type Introspected =
  | {
    readonly active: false;
    /** For the trace alone. */
    readonly reason: RefusalReason;
  }
  | {
    readonly active: true;
    /** `sub`: with the issuer, the key of the account. */
    readonly subject: string;
    readonly idNatPs: string | null;
    readonly acr: string;
    /** `azp`: the service that the token was made for. */
    readonly authorizedParty: string;
    readonly expiresAt: Date;
    /** When it was given out; where the provider does not say, the earliest that it may have been. */
    readonly issuedAt: Date;
    /** When card or phone was presented, as far as the provider says. */
    readonly authenticatedAt: Date | null;
    /** Session at the provider, which its back-channel logout names. */
    readonly sessionId: string | null;
  };

/** Real ones have 1 to 5 kB; the mail protocols carry up to 12 kB. */
const maximumLength = 16_384;
/** A token that was good is believed for this long without asking again, and never beyond its own end. */
const cacheMilliseconds = 5_000;
const maximumCached = 5_000;
const clockToleranceSeconds = 10;

const named = z.string().min(1).max(255);
const answer = z.object({
  active: z.literal(true),
  iss: named,
  sub: named,
  azp: named,
  exp: z.number(),
  nbf: z.number().optional(),
  iat: z.number().optional(),
  auth_time: z.number().optional(),
  typ: z.string(),
  acr: z.string().optional(),
  sid: named.optional().catch(undefined),
  preferred_username: z.string().max(64).optional(),
  SubjectNameID: z.string().max(64).optional(),
});

export function createIntrospection(
  config: IdentityProviderConfig,
  metadata: ProviderMetadata,
  log: Log,
): (accessToken: string) => Promise<Introspected> {
  const cached = new Map<string, { readonly result: Introspected; readonly until: number }>();
  const asking = new Map<string, Promise<Introspected>>();

  async function ask(accessToken: string): Promise<Introspected> {
    try {
      const configuration = await metadata.withBasicCredentials();
      if (!configuration.serverMetadata().introspection_endpoint) {
        throw new SignInRefused("provider-metadata");
      }
      const said = await client.tokenIntrospection(configuration, accessToken);
      const judged = judge(said, config, Date.now() / 1_000);
      if (judged.active || judged.reason !== "token-inactive") return judged;
      return { active: false, reason: guessInactive(accessToken, config.issuer, new Date()) };
    } catch (cause) {
      // Whatever is wrong between the provider and us, the person may be right: "later", never "no".
      log.warn("introspection.unavailable", {
        isUnreachable: isUnreachable(cause) || cause instanceof SignInRefused,
        error: cause instanceof Error ? cause.name : "unknown",
      });
      throw new SignInRefused("provider-unreachable", { cause });
    }
  }

  function keep(key: string, result: Introspected): void {
    if (!result.active) return;
    cached.delete(key);
    cached.set(key, {
      result,
      until: Math.min(Date.now() + cacheMilliseconds, result.expiresAt.getTime()),
    });
    const [oldest] = cached.keys();
    if (cached.size > maximumCached && oldest !== undefined) cached.delete(oldest);
  }

  return async (accessToken) => {
    if (accessToken.length > maximumLength || !/^[A-Za-z0-9._~+/-]+=*$/.test(accessToken)) {
      return { active: false, reason: "token-malformed" };
    }
    const key = createHash("sha256").update(accessToken).digest("base64url");
    const known = cached.get(key);
    if (known && known.until > Date.now()) return known.result;
    cached.delete(key);
    const running = asking.get(key) ?? ask(accessToken).finally(() => asking.delete(key));
    asking.set(key, running);
    const result = await running;
    keep(key, result);
    return result;
  };
}

/**
 * The provider's answer, read strictly: what is not said counts against the token, but for `aud`, which its access tokens
 * do not have.
 */
export function judge(said: unknown, config: IdentityProviderConfig, nowSeconds: number): Introspected {
  const refuse = (reason: RefusalReason): Introspected => ({ active: false, reason });
  if ((said as { active?: unknown } | null)?.active !== true) return refuse("token-inactive");
  const parsed = answer.safeParse(said);
  if (!parsed.success) return refuse("token-malformed");
  const claims = parsed.data;
  if (claims.iss !== config.issuer) return refuse("token-issuer");
  // An id_token or a refresh token may be active too, and is no access token (ASVS 9.2.2).
  if (claims.typ !== "Bearer") return refuse("token-type");
  if (claims.exp <= nowSeconds) return refuse("token-expired");
  if (Math.max(claims.nbf ?? 0, claims.iat ?? 0) > nowSeconds + clockToleranceSeconds) {
    return refuse("token-not-yet-valid");
  }
  if (config.acceptedParties.length > 0 && !config.acceptedParties.includes(claims.azp)) {
    return refuse("token-party");
  }
  if (!claims.acr) return refuse("acr-missing");
  if (!config.acceptedAcr.includes(claims.acr)) return refuse("acr-not-accepted");
  const names = new Set(
    [claims.preferred_username, claims.SubjectNameID].filter((name) => name !== undefined && name !== ""),
  );
  if (names.size > 1) return refuse("userinfo-contradiction");
  const [idNatPs = null] = names;
  if (config.isRppsKeyChecked && hasForgedRpps(idNatPs)) return refuse("rpps-forged");
  return {
    active: true,
    subject: claims.sub,
    idNatPs,
    acr: claims.acr,
    authorizedParty: claims.azp,
    expiresAt: new Date(claims.exp * 1_000),
    issuedAt: new Date((claims.iat ?? claims.auth_time ?? 0) * 1_000),
    authenticatedAt: claims.auth_time === undefined ? null : new Date(claims.auth_time * 1_000),
    sessionId: claims.sid ?? null,
  };
}
