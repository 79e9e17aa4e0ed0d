/** A code for the first tokens of a family, a refresh token for the next ones. */
import { createHash } from "node:crypto";
import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inSystem, type Tx } from "../database/in-tenant.ts";
import { asPerson, displayNameOf } from "../identity/mod.ts";
import { findClient } from "./client-queries.ts";
import { requireParameters, TokenRefused } from "./failure.ts";
import { forgetGrants, giveAccessToken, giveRefreshToken, noteEnd, type TokenAnswer } from "./grants.ts";
import type { Oauth } from "./oauth.ts";
import {
  type EndedGrant,
  findCodeForUpdate,
  findRefreshTokenForUpdate,
  insertGrant,
  isRefreshTokenUsed,
  noteCodeUsed,
  noteRefreshTokenUsed,
  noteUse,
  revokeGrants,
} from "./queries.ts";
import { readSecret } from "./secrets.ts";
import { graceSeconds, mailScope } from "./settings.ts";

/** What a transaction found: it commits in both cases, since the end of a family must stand although nothing is given. */
type Found = { readonly answer: TokenAnswer } | {
  readonly ended: readonly EndedGrant[];
  readonly reason: string;
};

/** RFC 6749 §4.1.3. A code comes once: its second use ends what the first began. @throws TokenRefused */
export async function redeemCode(
  oauth: Oauth,
  ctx: Context,
  input: {
    readonly code: string | null;
    readonly clientId: string | null;
    readonly redirectUri: string | null;
    readonly verifier: string | null;
  },
): Promise<TokenAnswer> {
  requireParameters({
    code: input.code,
    client_id: input.clientId,
    redirect_uri: input.redirectUri,
    code_verifier: input.verifier,
  });
  const hash = readSecret("code", input.code);
  if (hash === undefined) throw new TokenRefused("invalid_grant", "code-malformed");
  return await giveOrEnd(oauth, async (tx) => {
    const now = oauth.now();
    const client = await findClient(tx, input.clientId ?? "");
    if (client === undefined || client.kind !== "native") {
      throw new TokenRefused("invalid_client", "client-unknown");
    }
    const code = await findCodeForUpdate(tx, hash);
    if (code === undefined) throw new TokenRefused("invalid_grant", "code-unknown");
    // Another program's code is no sign of the first one's bad faith: nothing ends for it.
    if (code.client_id !== client.id) throw new TokenRefused("invalid_grant", "code-other-client");
    if (code.grant_id !== null) {
      const ended = await revokeGrants(tx, { grantId: code.grant_id }, now, "code-reused");
      await noteEnd(tx, ctx, ended, "code-reused");
      return { ended, reason: "code-reused" };
    }
    if (code.expires_at <= now) throw new TokenRefused("invalid_grant", "code-expired");
    if (code.redirect_uri !== input.redirectUri) throw new TokenRefused("invalid_grant", "code-redirect-uri");
    if (!proves(input.verifier, code.code_challenge)) {
      throw new TokenRefused("invalid_grant", "code-verifier");
    }
    if (code.session_ended_at !== null || code.session_expires_at <= now) {
      throw new TokenRefused("invalid_grant", "session-ended");
    }
    if (code.person_status !== "active") throw new TokenRefused("invalid_grant", "person-suspended");
    const limit = new Date(now.getTime() + oauth.settings.grantSeconds * 1_000);
    // The card or phone was shown when the session began: the family does not live longer than the session may.
    const expiresAt = limit < code.session_expires_at ? limit : code.session_expires_at;
    const id = await insertGrant(tx, {
      client_id: client.id,
      person_id: code.person_id,
      scope: code.scope,
      acr: code.acr,
      created_at: now,
      expires_at: expiresAt,
    });
    await noteCodeUsed(tx, hash, id);
    await noteUse(tx, id, now);
    const displayName = displayNameOf(code.given_name, code.family_name);
    await recordAudit(tx, asPerson(ctx, { personId: code.person_id, displayName }), {
      action: "oauth.issue",
      subject: { kind: "oauth-grant", id },
      after: { personId: code.person_id, name: client.name, acr: code.acr ?? undefined },
    });
    const grant = { id, expiresAt };
    const access = await giveAccessToken(tx, oauth, grant, null, now);
    return { answer: { ...access, refresh_token: await giveRefreshToken(tx, oauth, grant) } };
  });
}

/**
 * RFC 6749 §6 with rotation (RFC 9700 §4.14.2). One that was used already ends the family, but for the moment in which its answer
 * may have been lost: then the same successor is given again, as long as nobody has used that.
 *
 * @throws TokenRefused
 */
export async function refreshTokens(
  oauth: Oauth,
  ctx: Context,
  input: {
    readonly refreshToken: string | null;
    readonly clientId: string | null;
    readonly scope: string | null;
  },
): Promise<TokenAnswer> {
  requireParameters({ refresh_token: input.refreshToken, client_id: input.clientId });
  // RFC 6749 §6: nothing beyond what the person gave.
  if (input.scope?.split(" ").some((one) => one !== mailScope)) {
    throw new TokenRefused("invalid_scope", "scope");
  }
  const hash = readSecret("refresh", input.refreshToken);
  if (hash === undefined) throw new TokenRefused("invalid_grant", "refresh-malformed");
  return await giveOrEnd(oauth, async (tx) => {
    const now = oauth.now();
    const client = await findClient(tx, input.clientId ?? "");
    if (client === undefined) throw new TokenRefused("invalid_client", "client-unknown");
    const token = await findRefreshTokenForUpdate(tx, hash);
    if (token === undefined) throw new TokenRefused("invalid_grant", "refresh-unknown");
    if (token.client_id !== client.id) throw new TokenRefused("invalid_grant", "refresh-other-client");
    if (token.revoked_at !== null) throw new TokenRefused("invalid_grant", "grant-revoked");
    if (token.family_expires_at <= now) throw new TokenRefused("invalid_grant", "grant-over");
    if (token.person_status !== "active") throw new TokenRefused("invalid_grant", "person-suspended");
    const grant = { id: token.grant_id, expiresAt: token.family_expires_at };
    if (token.used_at !== null) {
      const again = await sameSuccessor(tx, oauth, token.used_at, token.successor, token.grant_id, now);
      if (again !== undefined) {
        return { answer: { ...await giveAccessToken(tx, oauth, grant, null, now), refresh_token: again } };
      }
      const ended = await revokeGrants(tx, { grantId: token.grant_id }, now, "refresh-reused");
      await noteEnd(tx, ctx, ended, "refresh-reused");
      return { ended, reason: "refresh-reused" };
    }
    if (token.expires_at <= now) throw new TokenRefused("invalid_grant", "refresh-expired");
    const next = await giveRefreshToken(tx, oauth, grant);
    await noteUse(tx, grant.id, now);
    await noteRefreshTokenUsed(tx, hash, now, oauth.seal.seal(next, grant.id));
    return { answer: { ...await giveAccessToken(tx, oauth, grant, null, now), refresh_token: next } };
  });
}

async function sameSuccessor(
  tx: Tx,
  oauth: Oauth,
  usedAt: Date,
  sealed: Uint8Array | null,
  grantId: string,
  now: Date,
): Promise<string | undefined> {
  if (sealed === null || now.getTime() - usedAt.getTime() > graceSeconds * 1_000) return undefined;
  const successor = oauth.seal.open(sealed, grantId);
  const hash = readSecret("refresh", successor);
  if (successor === undefined || hash === undefined || await isRefreshTokenUsed(tx, hash)) return undefined;
  return successor;
}

async function giveOrEnd(oauth: Oauth, run: (tx: Tx) => Promise<Found>): Promise<TokenAnswer> {
  const found = await inSystem(oauth, run);
  if ("answer" in found) return found.answer;
  await forgetGrants(oauth.cache, found.ended);
  throw new TokenRefused("invalid_grant", found.reason);
}

/** RFC 7636 §4.6: S256, and no other. */
function proves(verifier: string | null, challenge: string): boolean {
  if (verifier === null || !/^[A-Za-z0-9._~-]{43,128}$/.test(verifier)) return false;
  return createHash("sha256").update(verifier).digest("base64url") === challenge;
}
