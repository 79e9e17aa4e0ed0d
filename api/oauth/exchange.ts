/**
 * Software of a health structure exchanges a token of Pro Santé Connect for one of ours: RFC 8693 in the profile of the CI-SIS
 * (mssante.md 6.4). The certificate is the software, the token is the person; ours is good with that certificate alone (RFC 8705).
 */
import { recordAudit } from "../audit/mod.ts";
import type { ReadCertificate } from "../client-access/mod.ts";
import type { Context } from "../context.ts";
import { inSystem } from "../database/in-tenant.ts";
import {
  asPerson,
  displayNameOf,
  findAccount,
  hashProviderSession,
  isLoggedOut,
  SignInRefused,
} from "../identity/mod.ts";
import { findClientByCertificate, statusOf } from "./client-queries.ts";
import { TokenRefused } from "./failure.ts";
import { giveAccessToken, type TokenAnswer } from "./grants.ts";
import type { Oauth } from "./oauth.ts";
import { insertGrant, noteUse } from "./queries.ts";
import { isOurs, mailScope } from "./settings.ts";

export const tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange";
export const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";
const jwtType = "urn:ietf:params:oauth:token-type:jwt";

export interface Exchange {
  readonly subjectToken: string | null;
  readonly subjectTokenType: string | null;
  readonly requestedTokenType: string | null;
  readonly scope: string | null;
  /** RFC 8693 §2.1: what the token is wanted for. */
  readonly targets: readonly string[];
  /** The CI-SIS has it in the request, RFC 8705 in the answer. */
  readonly confirmation: string | null;
  readonly clientId: string | null;
  readonly hasActorToken: boolean;
  readonly certificate: ReadCertificate | undefined;
}

/** @throws TokenRefused */
export async function exchangeToken(oauth: Oauth, ctx: Context, input: Exchange): Promise<TokenAnswer> {
  const { certificate, subjectToken } = input;
  if (certificate === undefined) throw new TokenRefused("invalid_client", "certificate-missing");
  const { sha256 } = certificate;
  const client = await inSystem(oauth, (tx) => findClientByCertificate(tx, certificate));
  if (client === undefined) throw new TokenRefused("invalid_client", "certificate-unknown");
  if (statusOf(client) !== "active") throw new TokenRefused("invalid_client", "client-suspended");
  if (input.clientId !== null && input.clientId !== client.client_id) {
    throw new TokenRefused("invalid_client", "certificate-other-client");
  }
  // What is not understood is refused, and not passed over: the software would believe that it was heard.
  if (input.hasActorToken) throw new TokenRefused("invalid_request", "actor-token");
  if (input.requestedTokenType !== null && input.requestedTokenType !== accessTokenType) {
    throw new TokenRefused("invalid_request", "requested-token-type");
  }
  const thumbprint = sha256.toBase64({ alphabet: "base64url", omitPadding: true });
  if (input.confirmation !== null && confirmed(input.confirmation) !== thumbprint) {
    throw new TokenRefused("invalid_request", "confirmation-other-certificate");
  }
  if (!input.targets.every((target) => isOurs(oauth, target))) {
    throw new TokenRefused("invalid_target", "target");
  }
  if (subjectToken === null) {
    throw new TokenRefused("invalid_request", "subject-token-missing");
  }
  if (input.subjectTokenType !== accessTokenType && input.subjectTokenType !== jwtType) {
    throw new TokenRefused("invalid_request", "subject-token-type");
  }
  // Mandatory in this profile.
  if (input.scope === null) throw new TokenRefused("invalid_scope", "scope-missing");
  if (!input.scope.split(" ").includes(mailScope)) throw new TokenRefused("invalid_scope", "scope");
  const subject = await introspect(oauth, subjectToken);
  return await inSystem(oauth, async (tx) => {
    const now = oauth.now();
    const person = await findAccount(tx, oauth.provider.issuer, subject.subject);
    if (person === undefined) throw new TokenRefused("invalid_grant", "person-unknown");
    if (person.status !== "active") throw new TokenRefused("invalid_grant", "person-suspended");
    // A clock of the provider that is ahead makes nothing newer.
    const issuedAt = subject.issuedAt < now ? subject.issuedAt : now;
    const { sessionId } = subject;
    if (await isLoggedOut(tx, person.id, { issuedAt, sessionId })) {
      throw new TokenRefused("invalid_grant", "logged-out");
    }
    // As a session: so long after card or phone was shown nothing is given any more.
    const shownAt = subject.authenticatedAt ?? subject.issuedAt;
    const last = shownAt.getTime() + oauth.settings.grantSeconds * 1_000;
    if (last <= now.getTime()) throw new TokenRefused("invalid_grant", "authentication-too-old");
    // No refresh token: the software holds the person's session and exchanges again.
    const expiresAt = new Date(Math.min(now.getTime() + oauth.settings.accessSeconds * 1_000, last));
    const id = await insertGrant(tx, {
      client_id: client.id,
      person_id: person.id,
      scope: mailScope,
      acr: subject.acr,
      created_at: now,
      expires_at: expiresAt,
      token_issued_at: issuedAt,
      token_session_hash: sessionId === null ? null : hashProviderSession(sessionId),
    });
    await noteUse(tx, id, now, certificate.notAfter);
    const displayName = displayNameOf(person.given_name, person.family_name);
    await recordAudit(tx, asPerson(ctx, { personId: person.id, displayName }), {
      action: "oauth.issue",
      subject: { kind: "oauth-grant", id },
      after: { personId: person.id, name: client.name, acr: subject.acr },
    });
    return {
      ...await giveAccessToken(tx, oauth, { id, expiresAt }, sha256, now),
      issued_token_type: accessTokenType,
      cnf: { "x5t#S256": thumbprint },
    };
  });
}

/** `{"x5t#S256": "…"}`; undefined for anything else. */
function confirmed(text: string): string | undefined {
  try {
    return (JSON.parse(text) as Record<string, string | undefined> | null)?.["x5t#S256"]?.replace(/=+$/, "");
  } catch {
    return undefined;
  }
}

async function introspect(oauth: Oauth, token: string) {
  try {
    const found = await oauth.provider.introspect(token);
    if (found.active) return found;
    throw new TokenRefused("invalid_grant", found.reason);
  } catch (cause) {
    if (cause instanceof SignInRefused) {
      throw new TokenRefused("temporarily_unavailable", cause.reason, { cause, retryAfterSeconds: 5 });
    }
    throw cause;
  }
}
