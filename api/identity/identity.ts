/** The room's dependencies, made once per process. */
import type { Actor, AppDeps, Log } from "../context.ts";
import { openGuard } from "../guard/mod.ts";
import type { DecoupledDependencies } from "./decoupled-sign-in.ts";
import { createIdentityProvider, type IdentityProvider } from "./identity-provider.ts";
import { findServiceActor, usesServiceKey } from "./service-keys.ts";
import { createSeal } from "./sealed.ts";
import { createSessionCache } from "./session-cache.ts";
import { isOtherProgram } from "./places.ts";
import { endSessions, findSession, type Session } from "./sessions.ts";

/** Name of the session's cookie. `__Host-`: of this host alone, Secure, on every path (RFC 6265bis §4.1.3.2). */
export const sessionCookie = "__Host-mss_session";
/** Binds a sign-in on its way to the browser that began it. */
export const bindingCookie = "__Host-mss_sign_in";

export interface Identity extends DecoupledDependencies {
  readonly log: Log;
  readonly baseUrl: string;
  /** Whether a sign-in may be confirmed on a phone. */
  readonly isCibaOffered: boolean;
  /** Whether the mail server answers, for the page that says so. */
  readonly probeMailServer: (signal: AbortSignal) => Promise<"ready" | "unavailable">;
}

/** @param provider another identity provider, in tests that need one */
export function createIdentity(deps: AppDeps, provider?: IdentityProvider): Identity {
  const { config } = deps;
  const psc = config.proSanteConnect;
  return {
    db: deps.db,
    now: deps.now,
    log: deps.log,
    baseUrl: config.baseUrl,
    cache: createSessionCache(deps.redis, deps.log),
    limits: config.session,
    isRppsKeyChecked: psc.rppsKey === "checked",
    isCibaOffered: psc.isCibaOffered,
    guard: openGuard(deps),
    seal: createSeal(config.session.keys),
    probeMailServer: (signal) => deps.mailServer.probe(signal),
    provider: provider ?? createIdentityProvider({
      issuer: psc.issuer,
      discoveryUrl: psc.discoveryUrl,
      clientId: psc.clientId,
      client: psc.client,
      trustPem: psc.trustPem,
      acrValues: psc.acrValues.join(" "),
      acceptedAcr: psc.acceptedAcr,
      acceptedParties: psc.acceptedParties,
      isRppsKeyChecked: psc.rppsKey === "checked",
      isResponseIssuerRequired: psc.responseIssuer === "required",
      baseUrl: config.baseUrl,
      timeoutSeconds: psc.timeoutSeconds,
    }, deps.log),
  };
}

/** The session of this request's cookie, or undefined. One whose cookie another program carries ends. */
export async function findRequestSession(identity: Identity, request: Request): Promise<Session | undefined> {
  const session = await findSession(identity, readCookie(request.headers, sessionCookie), {
    isActivity: isActivity(request),
  });
  if (session === undefined || !isOtherProgram(session.browser, request.headers.get("user-agent"))) {
    return session;
  }
  const { db, now, log } = identity;
  const actor = { kind: "system", job: "end-taken-session" } as const;
  const ctx = { db, now, log, actor, requestId: crypto.randomUUID() };
  log.warn("session.other-program", { sessionId: session.id });
  await endSessions(identity, ctx, { sessionId: session.id }, "other-program");
  return undefined;
}

/** Who sends this request: the service account of its key, else the person of its session, or nobody. */
export async function findActor(identity: Identity, request: Request): Promise<Actor> {
  if (usesServiceKey(request.headers)) {
    return await findServiceActor(identity, request.headers) ?? { kind: "anonymous" };
  }
  return (await findRequestSession(identity, request))?.actor ?? { kind: "anonymous" };
}

/**
 * Whether a request shows that somebody is there. What a page does by itself does not: its look at the session, its event
 * stream, and what it marks with `X-MSS-Background: 1`.
 */
export function isActivity(request: Request): boolean {
  if (request.headers.get("x-mss-background") === "1") return false;
  const { url } = request;
  // Only these are taken apart: the URL of every other request need not be.
  if (!url.includes("/api/v1/session") && !url.includes("/jmap/eventsource")) return true;
  const { pathname } = new URL(url);
  return pathname !== "/api/v1/session" && pathname !== "/jmap/eventsource";
}

/** The value of a cookie; undefined when it is absent or sent twice, since no browser of ours does that. */
export function readCookie(headers: Headers, name: string): string | undefined {
  const text = headers.get("cookie") ?? "";
  const wanted = `${name}=`;
  // The usual one is alone.
  if (!text.includes(";")) return text.startsWith(wanted) ? text.slice(wanted.length).trim() : undefined;
  const values = text.split(";").map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(wanted)).map((pair) => pair.slice(wanted.length));
  return values.length === 1 ? values[0] : undefined;
}
