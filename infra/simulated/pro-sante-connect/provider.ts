/** oidc-provider, set as strictly as the real service and reshaped at its edges to speak as it does. */
import Provider, { interactionPolicy } from "oidc-provider";
import { lifetimes, paths } from "./discovery.ts";
import { createMemoryAdapter } from "./memory-adapter.ts";
import { type Misbehaviour, replaceClaims } from "./misbehaviour.ts";
import type { MintedTokens } from "./minted.ts";
import { errorPage, signedOutPage, signOutPage } from "./pages.ts";
import { type Person, subjectOf, userinfoOf } from "./people.ts";
import type { Keys } from "./keys.ts";
import { type Grounds, openAccessToken, signAccessToken, signIdToken } from "./tokens.ts";

/** A registered client. URIs are compared character for character. */
export interface SimulatedClient {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
}

export interface ProviderOptions {
  readonly issuer: string;
  readonly clients: readonly SimulatedClient[];
  readonly people: readonly Person[];
  readonly keys: Keys;
  readonly cookieKey: string;
  readonly misbehaviour: () => Misbehaviour;
  /** Access tokens made by the control port. */
  readonly minted: MintedTokens;
}

// The library has no types; these name what is used of them.
// deno-lint-ignore no-explicit-any
type Any = any;

/** What the simulator uses of oidc-provider's Provider. */
export interface OidcProvider {
  callback(): (request: unknown, response: unknown) => void;
  interactionDetails(request: unknown, response: unknown): Promise<{ params: Record<string, unknown> }>;
  interactionFinished(request: unknown, response: unknown, result: unknown): Promise<void>;
}

const scopes = [
  "openid",
  "scope_all",
  "identity",
  "profile",
  "email",
  "rpps",
  "referentiel",
  "interop",
  "eidas1",
  "eidas2",
  "offline_access",
];

/** The library's session rolls with each use (idle end); this check ends it 4 hours after the card was presented. */
function promptsWithAbsoluteEnd(): Any {
  const policy = interactionPolicy.base();
  policy.remove("consent");
  policy.get("login").checks.add(
    new interactionPolicy.Check("session_too_old", "End-User authentication is required", (ctx: Any) => {
      const { session, result } = ctx.oidc;
      const old = session.accountId && !result?.login && session.past(lifetimes.session);
      return old ? interactionPolicy.Check.REQUEST_PROMPT : interactionPolicy.Check.NO_NEED_TO_PROMPT;
    }),
  );
  return policy;
}

/** Storage is given from outside so that it outlives a change of keys, which needs a new Provider. */
export function createStorage(): ReturnType<typeof createMemoryAdapter> {
  return createMemoryAdapter(() => Date.now());
}

export function createProvider(
  options: ProviderOptions,
  adapter: ReturnType<typeof createStorage>,
): OidcProvider {
  const bySubject = new Map(options.people.map((person) => [subjectOf(person), person]));
  const provider: Any = new Provider(options.issuer, {
    adapter,
    jwks: options.keys.all(),
    clients: options.clients.map((client) => ({
      client_id: client.clientId,
      client_secret: client.clientSecret,
      redirect_uris: [...client.redirectUris],
      post_logout_redirect_uris: [...client.postLogoutRedirectUris],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "client_secret_post",
      id_token_signed_response_alg: "RS256",
    })),
    allowOmittingSingleRegisteredRedirectUri: false,
    clientAuthMethods: ["client_secret_post"],
    responseTypes: ["code"],
    acrValues: ["eidas1", "eidas2", "eidas3"],
    scopes,
    pkce: { required: () => true },
    cookies: {
      keys: [options.cookieKey],
      names: { interaction: "psc_interaction", resume: "psc_resume", session: "PSC_IDENTITY" },
    },
    features: {
      devInteractions: { enabled: false },
      // Any registered service may introspect; only its own tokens may a service revoke.
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx: unknown, client: Any, token: Any) => token.clientId === client.clientId,
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: renderSignOut,
        postLogoutSuccessSource: renderSignedOut,
      },
    },
    findAccount: (_ctx: unknown, subject: string) =>
      bySubject.has(subject) ? { accountId: subject, claims: () => ({ sub: subject }) } : undefined,
    interactions: {
      policy: promptsWithAbsoluteEnd(),
      url: (_ctx: unknown, interaction: Any) => `${paths.signInPage}/${interaction.uid}`,
    },
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    // Whoever signs in has agreed: the real service has no page of consent.
    loadExistingGrant: async (ctx: Any) => {
      const { clientId } = ctx.oidc.client;
      const { accountId } = ctx.oidc.session;
      // The grant of the session is kept: a new one would void the codes that another tab is about to redeem.
      const known = ctx.oidc.session.grantIdFor(clientId);
      const grant = (known && await ctx.oidc.provider.Grant.find(known)) ||
        new ctx.oidc.provider.Grant({ clientId, accountId });
      grant.addOIDCScope([...ctx.oidc.requestParamOIDCScopes].join(" "));
      await grant.save();
      return grant;
    },
    renderError: (ctx: Any, out: { error: string; error_description?: string }) => {
      ctx.type = "html";
      ctx.body = errorPage(out.error, out.error_description ?? "");
    },
    routes: {
      authorization: paths.authorization,
      token: paths.token,
      userinfo: paths.userinfo,
      jwks: `${paths.jwks}/internal`,
      introspection: paths.introspection,
      revocation: paths.revocation,
      end_session: paths.endSession,
    },
    ttl: {
      AccessToken: lifetimes.accessToken,
      AuthorizationCode: lifetimes.code,
      IdToken: lifetimes.idToken,
      RefreshToken: lifetimes.refreshToken,
      Session: lifetimes.sessionIdle,
      Grant: lifetimes.session,
      Interaction: 600,
    },
  });
  // A client that hangs up is no error of the simulator's.
  provider.silent = true;
  provider.use((ctx: Any, next: () => Promise<void>) => reshape(ctx, next, options, bySubject));
  provider.on("authorization.success", (_ctx: unknown, out: Record<string, unknown>) => {
    const { responseIssuer, responseState } = options.misbehaviour();
    if (responseIssuer === "wrong") out.iss = "https://auth.attacker.test/auth/realms/esante-wallet";
    if (responseIssuer === "missing") delete out.iss;
    if (responseState === "wrong") out.state = `${out.state}x`;
    if (responseState === "missing") delete out.state;
  });
  return provider;
}

function renderSignOut(ctx: Any, form: string): void {
  ctx.body = signOutPage(form, ctx.oidc.entities.IdTokenHint === undefined);
}

function renderSignedOut(ctx: Any): void {
  ctx.type = "html";
  ctx.body = signedOutPage();
}

/** Around the library: both ways of client authentication, JWT access tokens in and out, claims as the real service's. */
async function reshape(
  ctx: Any,
  next: () => Promise<void>,
  options: ProviderOptions,
  bySubject: ReadonlyMap<string, Person>,
): Promise<void> {
  const { keys } = options;
  let claims: Record<string, unknown> | undefined;
  let mintedAnswer: Record<string, unknown> | undefined;
  if (ctx.path === paths.userinfo) {
    const presented = /^Bearer (.+)$/i.exec(ctx.get("authorization"))?.[1];
    const person = presented ? options.minted.personOf(presented) : undefined;
    if (person !== undefined) {
      if (person === "inactive") ctx.throw(401);
      ctx.body = replaceClaims(userinfoOf(person as Person), options.misbehaviour().userinfo);
      return;
    }
    if (presented) {
      ctx.req.headers.authorization = `Bearer ${
        (await openAccessToken(keys, presented))?.opaque ?? "unknown"
      }`;
    }
  } else if (
    ctx.method === "POST" && [paths.token, paths.introspection, paths.revocation].includes(ctx.path)
  ) {
    const form = await readForm(ctx);
    if (form.token && ctx.path === paths.introspection) mintedAnswer = options.minted.introspect(form.token);
    const opened = form.token ? await openAccessToken(keys, form.token) : undefined;
    if (opened) form.token = opened.opaque;
    // A JWT that is no access token of ours: the library would call the request wrong, the real service says inactive.
    else if (ctx.path === paths.introspection) form.token = "unknown";
    claims = opened?.claims;
    ctx.request.body = form;
  }
  await next();
  if (ctx.status !== 200 || ctx.body === null || typeof ctx.body !== "object") return;
  if (ctx.path === paths.userinfo) {
    const person = bySubject.get(ctx.body.sub);
    if (person) ctx.body = replaceClaims(userinfoOf(person), options.misbehaviour().userinfo);
  } else if (ctx.path === paths.token) {
    await reshapeTokens(ctx, options, bySubject);
  } else if (ctx.path === paths.introspection) {
    // The library has judged the caller; a token of the control port is unknown to it.
    if (mintedAnswer) ctx.body = mintedAnswer;
    else if (ctx.body.active && claims) {
      ctx.body = {
        ...claims,
        SubjectNameID: claims.preferred_username,
        client_id: ctx.body.client_id,
        username: claims.preferred_username,
        active: true,
      };
    }
    ctx.body = replaceClaims(ctx.body, options.misbehaviour().introspection);
  }
}

async function reshapeTokens(
  ctx: Any,
  options: ProviderOptions,
  bySubject: ReadonlyMap<string, Person>,
): Promise<void> {
  const { AuthorizationCode, RotatedRefreshToken, RefreshToken, AccessToken } = ctx.oidc.entities;
  const source = AuthorizationCode ?? RotatedRefreshToken ?? RefreshToken;
  const person = bySubject.get(source?.accountId);
  if (!person) return;
  const grounds: Grounds = {
    issuer: options.issuer,
    clientId: source.clientId,
    person,
    scope: AccessToken?.scope ?? source.scope,
    authenticatedAt: source.authTime ?? Math.floor(Date.now() / 1_000),
    nonce: source.nonce,
    sessionId: source.sessionUid,
  };
  const accessToken = await signAccessToken(options.keys, grounds, ctx.body.access_token);
  const { id_token: _replaced, ...rest } = ctx.body;
  const idToken = await signIdToken(options.keys, grounds, accessToken, options.misbehaviour());
  ctx.body = {
    ...rest,
    access_token: accessToken,
    refresh_expires_in: lifetimes.refreshToken,
    "not-before-policy": 0,
    session_state: grounds.sessionId,
    ...(idToken === undefined ? {} : { id_token: idToken }),
  };
}

/** The form of a back-channel request. Basic credentials are moved into it: the real service takes both spellings. */
async function readForm(ctx: Any): Promise<Record<string, string>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of ctx.req) {
    size += chunk.length;
    if (size > 65_536) ctx.throw(413);
    chunks.push(chunk);
  }
  const form: Record<string, string> = Object.fromEntries(
    new URLSearchParams(Buffer.concat(chunks).toString()),
  );
  const basic = /^Basic (.+)$/i.exec(ctx.get("authorization"))?.[1];
  if (basic) {
    const [id = "", ...secret] = Buffer.from(basic, "base64").toString().split(":");
    form.client_id = decodeURIComponent(id.replaceAll("+", " "));
    form.client_secret = decodeURIComponent(secret.join(":").replaceAll("+", " "));
    delete ctx.req.headers.authorization;
  }
  return form;
}
