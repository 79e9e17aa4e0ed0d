/** Who is behind an access token: a person, for JMAP alone, without any role of his. */
import { Buffer } from "node:buffer";
import { z } from "zod";
import type { Context, PersonActor } from "../context.ts";
import { inSystem } from "../database/in-tenant.ts";
import { actingPerson, displayNameOf, type SessionCache } from "../identity/mod.ts";
import { certificateDigestOf } from "./certificate.ts";
import { findLiveToken, type LiveToken, noteUse } from "./queries.ts";
import { marks, readSecret } from "./secrets.ts";
import { useMilliseconds } from "./settings.ts";

/** The name of the scheme in whatever case (RFC 9110 §11.1). */
const bearer = /^bearer +/i;

/** Whether a request comes with a token of ours. No page of another site can send one: browsers ask first (CORS). */
export function usesAccessToken(headers: Headers): boolean {
  return presentedIn(headers)?.startsWith(marks.access) ?? false;
}

function presentedIn(headers: Headers): string | undefined {
  const sent = headers.get("authorization") ?? "";
  return bearer.test(sent) ? sent.replace(bearer, "") : undefined;
}

interface TokenDependencies {
  readonly db: Context["db"];
  readonly cache: SessionCache;
  readonly now: () => Date;
}

const cachedShape = z.object({
  grantId: z.string(),
  personId: z.string(),
  givenName: z.string(),
  familyName: z.string(),
  idNatPs: z.string().nullable(),
  expiresAt: z.coerce.date(),
  certificate: z.string().nullable(),
});

/** The person of this request's token; undefined for one that is unknown, over, revoked, or presented by somebody else. */
export async function findTokenActor(
  deps: TokenDependencies,
  headers: Headers,
  frontKey: string | null,
): Promise<PersonActor | undefined> {
  const hash = readSecret("access", presentedIn(headers));
  if (hash === undefined) return undefined;
  const now = deps.now();
  const key = Buffer.from(hash);
  const cached = cachedShape.safeParse(await deps.cache.get(key));
  const token = cached.success ? cached.data : await readToken(deps, hash, now);
  if (token === undefined || token.expiresAt <= now) return undefined;
  if (!cached.success) await deps.cache.set(key, token);
  if (token.certificate !== null) {
    // RFC 8705 §3: good with the certificate that it was given to, and not even then without the proxy that verified it.
    if (certificateDigestOf(headers, frontKey) !== token.certificate) return undefined;
  }
  return actingPerson({
    personId: token.personId,
    displayName: displayNameOf(token.givenName, token.familyName),
    idNatPs: token.idNatPs,
    // What ends with the family: the streams that it holds open.
    sessionId: token.grantId,
  });
}

async function readToken(
  deps: TokenDependencies,
  hash: Uint8Array,
  now: Date,
): Promise<LiveToken | undefined> {
  return await inSystem(deps, async (tx) => {
    const token = await findLiveToken(tx, hash, now);
    const isStale = token !== undefined &&
      now.getTime() - (token.lastUsedAt?.getTime() ?? 0) >= useMilliseconds;
    if (isStale) await noteUse(tx, token.grantId, now);
    return token;
  });
}
