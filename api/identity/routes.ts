/** Sign-in, its return, sign-out, and what a page needs to know of its session. */
import type { Context as HonoContext } from "hono";
import {
  type ApiEnv,
  contextOf,
  createRoute,
  createRoutes,
  problemResponses,
  requires,
} from "../http/openapi.ts";
import { setCookie } from "../http/set-cookie.ts";
import { inPerson } from "../database/in-tenant.ts";
import { answer, operation } from "../http/operation.ts";
import { problem } from "../problems.ts";
import { chooseSituation, readSessionSituations } from "./choose-situation.ts";
import { confirmedPage } from "./confirm.ts";
import { bindingCookie, findRequestSession, type Identity, readCookie, sessionCookie } from "./identity.ts";
import { listOpenableMailboxes } from "./mailboxes-of-person.ts";
import { selectStructureNames } from "./queries.ts";
import { SignInRefused } from "./refusal.ts";
import { defaultReturnTo, toLocalPath } from "./return-to.ts";
import { rppsOf } from "./rpps.ts";
import {
  chosenSituationBody,
  chosenSituationsBody,
  type SessionBody,
  sessionBody,
  signedOutBody,
} from "./schemas.ts";
import { type Session, signOut } from "./sessions.ts";
import { attemptSeconds, completeSignIn, SignInFailed, startSignIn } from "./sign-in.ts";

const readSession = operation("everybody", {
  method: "get",
  path: "/api/v1/session",
  operationId: "readSession",
  tags: ["session"],
  summary: "Who is signed in, with his roles and the boxes he opens",
  responses: {
    200: answer("The session", sessionBody),
  },
});

const endSession = createRoute({
  method: "post",
  path: "/auth/sign-out",
  operationId: "signOut",
  ...requires("everybody"),
  tags: ["session"],
  summary: "Ends the session; repeating it changes nothing",
  responses: {
    200: answer("Ended", signedOutBody),
    ...problemResponses("not-same-origin", "too-many-requests", "internal-error", "service-unavailable"),
  },
});

const putSituation = operation("everybody", {
  method: "put",
  path: "/api/v1/session/situation",
  operationId: "chooseSituation",
  tags: ["session"],
  summary: "Chooses the situation of exercise in which one works, now and at the next sign-ins",
  body: chosenSituationBody,
  responses: { 200: answer("Chosen", chosenSituationsBody) },
});

/** Longest wait for the mail server's own answer: the page must not hang on it. */
const probeMilliseconds = 1_500;

export function identityRoutes(identity: Identity) {
  const routes = createRoutes();

  routes.get("/auth/sign-in", async (c) => {
    const returnTo = c.req.query("returnTo");
    // Another site must not sign anybody in: the person presses the button of our own page first (ASVS 7.6.2).
    if (c.req.header("sec-fetch-site") === "cross-site") {
      return leave(c, toSignInPage(undefined, toLocalPath(returnTo)));
    }
    try {
      const binding = readCookie(c.req.raw.headers, bindingCookie);
      const started = await startSignIn(identity, contextOf(c), { returnTo, binding });
      setCookie(c, bindingCookie, started.binding, attemptSeconds);
      return leave(c, started.authorizationUrl.href, 302);
    } catch (error) {
      if (!(error instanceof SignInRefused)) throw error;
      contextOf(c).log.warn("sign-in.refused", { reason: error.reason, requestId: c.get("requestId") });
      return leave(c, toSignInPage(error, toLocalPath(returnTo)));
    }
  });

  // In a window of its own: the page that asks stays as it is (web/src/lib/sign-in/confirmation.ts).
  routes.get("/auth/confirm", async (c) => {
    const { headers } = c.req.raw;
    if (c.req.header("sec-fetch-site") === "cross-site") {
      return leave(c, toSignInPage(undefined, defaultReturnTo));
    }
    const session = await findRequestSession(identity, c.req.raw);
    if (session === undefined) return leave(c, toSignInPage(undefined, defaultReturnTo));
    try {
      const binding = readCookie(headers, bindingCookie);
      const wish = { returnTo: undefined, binding, confirms: session.id };
      const started = await startSignIn(identity, contextOf(c), wish);
      setCookie(c, bindingCookie, started.binding, attemptSeconds);
      return leave(c, started.authorizationUrl.href, 302);
    } catch (error) {
      if (!(error instanceof SignInRefused)) throw error;
      contextOf(c).log.warn("sign-in.refused", { reason: error.reason, requestId: c.get("requestId") });
      return leave(c, `${confirmedPage}&reason=${error.publicReason}`);
    }
  });

  routes.get("/auth/callback", async (c) => {
    const { headers } = c.req.raw;
    try {
      const signedIn = await completeSignIn(identity, contextOf(c), {
        // The address the provider was given, whatever a proxy in front calls this host.
        callback: new URL(new URL(c.req.url).search, new URL("/auth/callback", identity.baseUrl)),
        binding: readCookie(headers, bindingCookie),
        sessionToken: readCookie(headers, sessionCookie),
      });
      if (signedIn.token !== undefined) setCookie(c, sessionCookie, signedIn.token);
      return leave(c, signedIn.returnTo);
    } catch (error) {
      if (!(error instanceof SignInFailed)) throw error;
      if (error.isConfirmation) return leave(c, `${confirmedPage}&reason=${error.refusal.publicReason}`);
      return leave(c, toSignInPage(error.refusal, error.returnTo));
    }
  });

  // Back from the provider's own sign-out; its `state` says nothing that matters here.
  routes.get("/auth/signed-out", (c) => leave(c, "/sign-in?reason=signed-out"));

  routes.openapi(endSession, async (c) => {
    const ended = await signOut(identity, contextOf(c), readCookie(c.req.raw.headers, sessionCookie));
    setCookie(c, sessionCookie, "", 0);
    const url = ended ? await identity.provider.endSessionUrl(ended.idToken) : undefined;
    c.header("cache-control", "no-store");
    return c.json({ endSessionUrl: url?.href ?? null }, 200);
  });

  routes.openapi(readSession, async (c) => {
    const session = await findRequestSession(identity, c.req.raw);
    if (!session) throw problem("sign-in-required");
    c.header("cache-control", "no-store");
    return c.json(await describeSession(identity, session), 200);
  });

  routes.openapi(putSituation, async (c) => {
    const { situations, situationKey } = await chooseSituation(
      identity,
      contextOf(c),
      c.req.valid("json").situationKey,
    );
    return c.json({ situations: [...situations], situationKey }, 200);
  });

  return routes;
}

async function describeSession(identity: Identity, session: Session): Promise<SessionBody> {
  const { actor } = session;
  const structureIds = [...new Set(actor.memberships.map((one) => one.structureId))];
  const [mailboxes, names, chosen, mailServer] = await Promise.all([
    listOpenableMailboxes(identity, actor.personId),
    structureIds.length === 0
      ? new Map<string, string>()
      : inPerson(identity, actor.personId, (tx) => selectStructureNames(tx, structureIds)),
    readSessionSituations(identity, actor),
    identity.probeMailServer(AbortSignal.timeout(probeMilliseconds)).catch(() => "unavailable" as const),
  ]);
  return {
    person: {
      id: actor.personId,
      givenName: session.givenName,
      familyName: session.familyName,
      displayName: actor.displayName,
      rpps: rppsOf(actor.idNatPs),
    },
    roles: [
      ...actor.operatorRoles.map((role) => ({ role, structureId: null, structureName: null })),
      ...actor.memberships.map(({ role, structureId }) => ({
        role,
        structureId,
        structureName: names.get(structureId) ?? null,
      })),
    ],
    mailboxes: mailboxes.map(({ id, address, displayName, type, structureName }) => ({
      id,
      address,
      displayName,
      type,
      structureName,
      accountId: null,
    })),
    situations: [...chosen.situations],
    situationKey: chosen.situationKey,
    expiresAt: session.expiresAt.toISOString(),
    idleExpiresAt: session.idleExpiresAt.toISOString(),
    mailServer,
  };
}

/** The web's sign-in page, which explains the reason and offers to try again. */
function toSignInPage(refusal: SignInRefused | undefined, returnTo: string): string {
  const query = new URLSearchParams();
  if (refusal) query.set("reason", refusal.publicReason);
  if (returnTo !== defaultReturnTo) query.set("returnTo", returnTo);
  return query.size === 0 ? "/sign-in" : `/sign-in?${query}`;
}

/** A redirect that leaves no trace of codes and states in a cache or a Referer. */
function leave(c: HonoContext<ApiEnv>, to: string, status: 302 | 303 = 303): Response {
  c.header("cache-control", "no-store");
  c.header("referrer-policy", "no-referrer");
  return c.redirect(to, status);
}
