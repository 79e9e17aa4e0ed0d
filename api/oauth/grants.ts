/** Families of tokens: their beginning, what is given from them, their end. */
import { Buffer } from "node:buffer";
import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import type { Tx } from "../database/in-tenant.ts";
import type { SessionCache } from "../identity/mod.ts";
import type { Oauth } from "./oauth.ts";
import { type EndedGrant, insertAccessToken, insertRefreshToken } from "./queries.ts";
import { newSecret } from "./secrets.ts";
import { mailScope } from "./settings.ts";

/** RFC 6749 §5.1, and RFC 8693 §2.2.1 where a token was exchanged. */
export interface TokenAnswer {
  readonly access_token: string;
  readonly token_type: "Bearer";
  readonly expires_in: number;
  readonly scope: string;
  readonly refresh_token?: string;
  readonly issued_token_type?: string;
  /** RFC 8705 §3.1: the certificate that it is good with. */
  readonly cnf?: { readonly "x5t#S256": string };
}

export async function giveAccessToken(
  tx: Tx,
  oauth: Oauth,
  grant: { readonly id: string; readonly expiresAt: Date },
  certificate: Uint8Array | null,
  now: Date,
): Promise<TokenAnswer> {
  const secret = newSecret("access");
  const expiresAt = earlier(new Date(now.getTime() + oauth.settings.accessSeconds * 1_000), grant.expiresAt);
  await insertAccessToken(tx, {
    token_hash: secret.hash,
    grant_id: grant.id,
    created_at: now,
    expires_at: expiresAt,
    certificate_sha256: certificate,
  });
  return {
    access_token: secret.text,
    token_type: "Bearer",
    expires_in: Math.floor((expiresAt.getTime() - now.getTime()) / 1_000),
    scope: mailScope,
  };
}

/** @returns the token, of which the database keeps the digest */
export async function giveRefreshToken(
  tx: Tx,
  oauth: Oauth,
  grant: { readonly id: string; readonly expiresAt: Date },
): Promise<string> {
  const now = oauth.now();
  const secret = newSecret("refresh");
  await insertRefreshToken(tx, {
    token_hash: secret.hash,
    grant_id: grant.id,
    created_at: now,
    expires_at: earlier(new Date(now.getTime() + oauth.settings.refreshSeconds * 1_000), grant.expiresAt),
  });
  return secret.text;
}

export async function noteEnd(
  tx: Tx,
  ctx: Context,
  ended: readonly EndedGrant[],
  reason: string,
): Promise<void> {
  for (const one of ended) {
    await recordAudit(tx, ctx, {
      action: "oauth.revoke",
      subject: { kind: "oauth-grant", id: one.id },
      after: { personId: one.person_id, endReason: reason },
    });
  }
}

/** Tells every process: what a family holds open is closed, and its tokens are asked for anew. */
export async function forgetGrants(cache: SessionCache, ended: readonly EndedGrant[]): Promise<void> {
  for (const { id, token_hashes } of ended) {
    const hashes = token_hashes.length === 0 ? [new Uint8Array(32)] : token_hashes;
    await cache.end(hashes.map((hash) => ({ tokenHash: Buffer.from(hash), sessionId: id })));
  }
}

function earlier(one: Date, other: Date): Date {
  return one < other ? one : other;
}
