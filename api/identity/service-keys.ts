/**
 * Keys of service accounts: `mss_sk_` and 256 bits of chance, shown once, kept as SHA-256. A request that carries one is
 * the service account's alone: its cookie is not looked at.
 */
import { z } from "zod";
import type { Action } from "../actions.ts";
import type { Context, ServiceActor } from "../context.ts";
import { inSystem } from "../database/in-tenant.ts";
import { serviceScopes } from "./policy.ts";
import { findLiveServiceKey, touchServiceKey } from "./service-key-queries.ts";
import type { SessionCache } from "./session-cache.ts";
import { hashToken, isToken, randomToken } from "./session-token.ts";

const mark = "mss_sk_";
const scheme = `Bearer ${mark}`;
/** Use is written at most this often. */
const touchSeconds = 60;

export interface NewServiceKey {
  readonly secret: string;
  /** By which people recognise the key. */
  readonly prefix: string;
  readonly hash: Uint8Array;
}

export function newServiceKey(): NewServiceKey {
  const token = randomToken();
  return { secret: mark + token, prefix: mark + token.slice(0, 4), hash: hashToken(token) };
}

/** Whether the request says that it comes from a service account. No page of another site can: browsers ask first (CORS). */
export function usesServiceKey(headers: Headers): boolean {
  return headers.get("authorization")?.startsWith(scheme) ?? false;
}

interface ServiceKeyDependencies {
  readonly db: Context["db"];
  readonly cache: SessionCache;
  readonly now: () => Date;
}

const cachedShape = z.object({
  serviceAccountId: z.string(),
  keyId: z.string(),
  structureId: z.string(),
  name: z.string(),
  scopes: z.array(z.string()),
  lastUsedAt: z.coerce.date().nullable(),
  expiresAt: z.coerce.date().nullable(),
});

/** The service account of this request's key; undefined for one that is unknown, revoked or out of time. */
export async function findServiceActor(
  deps: ServiceKeyDependencies,
  headers: Headers,
): Promise<ServiceActor | undefined> {
  const token = headers.get("authorization")?.slice(scheme.length);
  if (!isToken(token)) return undefined;
  const hash = hashToken(token);
  const now = deps.now();
  const cached = cachedShape.safeParse(await deps.cache.get(hash));
  const row = cached.success ? cached.data : await inSystem(deps, (tx) => findLiveServiceKey(tx, hash, now));
  if (row === undefined || (row.expiresAt !== null && row.expiresAt <= now)) return undefined;
  const touchBefore = new Date(now.getTime() - touchSeconds * 1_000);
  if (row.lastUsedAt === null || row.lastUsedAt < touchBefore) {
    await inSystem(deps, (tx) => touchServiceKey(tx, row, now, touchBefore));
    await deps.cache.set(hash, { ...row, lastUsedAt: now });
  } else if (!cached.success) await deps.cache.set(hash, row);
  return {
    kind: "service",
    serviceAccountId: row.serviceAccountId,
    keyId: row.keyId,
    structureId: row.structureId,
    displayName: row.name,
    scopes: row.scopes.filter(isScope),
  };
}

/** An action that is no longer one, or no longer for software, gives nothing. */
function isScope(text: string): text is Action {
  return (serviceScopes as readonly string[]).includes(text);
}
