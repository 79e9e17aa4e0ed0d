/** oidc-provider, set as strictly as the real service and reshaped at its edges to speak as it does. */
import Provider, { errors, interactionPolicy } from "oidc-provider";
import { decoupledGrant, lifetimes, paths } from "./discovery.ts";
import { createMemoryAdapter } from "./memory-adapter.ts";
import type { ProviderOptions } from "./options.ts";
import { errorPage, signedOutPage, signOutPage } from "./pages.ts";
import { subjectOf } from "./people.ts";
import { reshape } from "./reshape.ts";

// The library has no types; these name what is used of them.
// deno-lint-ignore no-explicit-any
type Any = any;

/**
 * The person's answer on his phone.
 *
 * @param provider the library's own
 */
export async function answerDecoupled(provider: OidcProvider, id: string, answer: "confirm" | "refuse") {
  const library: Any = provider;
  const request = await library.BackchannelAuthenticationRequest.find(id);
  if (!request) return;
  if (answer === "refuse") {
    return await library.backchannelResult(request, new errors.AccessDenied("the person refused"));
  }
  const grant = new library.Grant({ clientId: request.clientId, accountId: request.accountId });
  grant.addOIDCScope(request.scope);
  await grant.save();
  await library.backchannelResult(request, await grant.jti, {
    authTime: Math.floor(Date.now() / 1_000),
    sessionUid: crypto.randomUUID(),
  });
}

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
      grant_types: ["authorization_code", "refresh_token", decoupledGrant],
      backchannel_token_delivery_mode: "poll",
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
      ciba: {
        enabled: true,
        deliveryModes: ["poll"],
        processLoginHint: (_ctx: unknown, hint: string) => {
          const person = options.people.find((one) => one.idNat === hint);
          return person && subjectOf(person);
        },
        verifyUserCode: () => undefined,
        validateRequestContext: () => undefined,
        validateBindingMessage: (_ctx: unknown, message: string | undefined) => {
          if (!/^\d{2}$/.test(message ?? "")) throw new errors.InvalidBindingMessage("two digits");
        },
        triggerAuthenticationDevice: (_ctx: Any, request: Any, account: Any) => {
          const person = bySubject.get(account.accountId);
          if (!person) return;
          options.phones.ring({
            id: request.jti,
            person,
            bindingMessage: String(request.params.binding_message),
            channel: String(request.params.channel ?? ""),
            expiresAt: Date.now() + lifetimes.decoupled * 1_000,
          });
        },
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
    rotateRefreshToken: () => options.misbehaviour().refreshRotation === "rotates",
    extraParams: ["channel"],
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
      backchannel_authentication: paths.ciba,
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
      BackchannelAuthenticationRequest: lifetimes.decoupled,
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
