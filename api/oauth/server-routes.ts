/** What programs ask: RFC 6749, 7009, 8414, 8693. Form-encoded as these say, and so apart from `/api/v1`. */
import type { Context as HonoContext } from "hono";
import { bodyLimit } from "hono/body-limit";
import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inSystem } from "../database/in-tenant.ts";
import { callerOf } from "../http/caller-address.ts";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { problem } from "../problems.ts";
import { answerTo, giveCode, readRequest } from "./authorise.ts";
import { certificateOf } from "./certificate.ts";
import { consentPage } from "./consent-page.ts";
import { exchangeToken, tokenExchange } from "./exchange.ts";
import { type OauthError, TokenRefused } from "./failure.ts";
import { forgetGrants, noteEnd, type TokenAnswer } from "./grants.ts";
import type { Oauth } from "./oauth.ts";
import { findGrantOfToken, revokeGrants } from "./queries.ts";
import { redeemCode, refreshTokens } from "./redeem.ts";
import { readSecret } from "./secrets.ts";
import { mailScope } from "./settings.ts";

/** A token of Pro Santé Connect and room. */
const maxBodyBytes = 65_536;
const statusOf: Partial<Record<OauthError, 401 | 429 | 503>> = {
  invalid_client: 401,
  slow_down: 429,
  temporarily_unavailable: 503,
};

export function oauthServerRoutes(oauth: Oauth) {
  const routes = createRoutes();
  const { baseUrl, settings } = oauth;
  const limit = bodyLimit({
    maxSize: maxBodyBytes,
    onError: () => {
      throw problem("request-too-large", { limitBytes: maxBodyBytes });
    },
  });

  routes.get("/.well-known/oauth-authorization-server", (c) =>
    c.json({
      issuer: baseUrl,
      authorization_endpoint: `${baseUrl}/oauth/authorize`,
      token_endpoint: `${baseUrl}/oauth/token`,
      revocation_endpoint: `${baseUrl}/oauth/revoke`,
      response_types_supported: ["code"],
      response_modes_supported: ["query"],
      grant_types_supported: [
        "authorization_code",
        "refresh_token",
        ...(settings.frontKey === null ? [] : [tokenExchange]),
      ],
      code_challenge_methods_supported: ["S256"],
      token_endpoint_auth_methods_supported: [
        "none",
        ...(settings.frontKey === null ? [] : ["tls_client_auth"]),
      ],
      tls_client_certificate_bound_access_tokens: settings.frontKey !== null,
      authorization_response_iss_parameter_supported: true,
      scopes_supported: [mailScope],
    }));

  routes.get("/oauth/authorize", async (c) => {
    const query = new URL(c.req.url).searchParams;
    const read = await readRequest(oauth, query);
    if (read.kind !== "asks") return await refuseRequest(c, read);
    const { actor } = contextOf(c);
    if (actor.kind !== "person") {
      return away(c, `/sign-in?${new URLSearchParams({ returnTo: `/oauth/authorize?${query}` })}`);
    }
    c.header("cache-control", "no-store");
    c.header("referrer-policy", "no-referrer");
    // The answer of the form leads to the program: its address must be named, or browsers stop there.
    const { origin } = new URL(read.request.redirectUri);
    c.header(
      "content-security-policy",
      `default-src 'none'; style-src 'unsafe-inline'; form-action 'self' ${
        origin === "null" ? new URL(read.request.redirectUri).protocol : origin
      }; frame-ancestors 'none'; base-uri 'none'`,
    );
    return c.html(consentPage(read.request, actor.displayName, query, c.req.header("accept-language")));
  });

  // Of our own page alone (api/app.ts asks for the origin).
  routes.post("/oauth/authorize", limit, async (c) => {
    const form = await readForm(c);
    const decision = form.get("decision");
    form.delete("decision");
    const read = await readRequest(oauth, form);
    if (read.kind !== "asks") return await refuseRequest(c, read);
    const ctx = contextOf(c);
    if (ctx.actor.kind !== "person") {
      return away(c, `/sign-in?${new URLSearchParams({ returnTo: `/oauth/authorize?${form}` })}`);
    }
    const { request } = read;
    if (decision !== "yes") {
      return away(c, answerTo(oauth, request.redirectUri, request.state, { error: "access_denied" }).href);
    }
    return away(c, (await giveCode(oauth, ctx, ctx.actor, request)).href);
  });

  routes.post("/oauth/token", limit, (c) => answering(c, async (ctx) => await give(c, ctx)));

  routes.post("/oauth/revoke", limit, (c) =>
    answering(c, async (ctx) => {
      const form = await readForm(c);
      const token = form.get("token");
      const hash = readSecret("refresh", token) ?? readSecret("access", token);
      if (hash !== undefined) await revoke(ctx, hash, form.get("client_id"));
      return undefined; // RFC 7009 §2.2: what is not there is revoked.
    }));

  async function give(c: HonoContext<ApiEnv>, ctx: Context): Promise<TokenAnswer> {
    const form = await readForm(c);
    for (const name of new Set(form.keys())) {
      if (form.getAll(name).length > 1) throw new TokenRefused("invalid_request", "parameter-twice");
    }
    const grantType = form.get("grant_type");
    const account = `${grantType} ${form.get("client_id") ?? ""}`;
    const attempt = { way: "token", account, address: callerOf(ctx) } as const;
    if (!(await oauth.guard.admit(attempt)).ok) throw new TokenRefused("slow_down", "guard");
    try {
      const answer = await giveFor(c, ctx, form, grantType);
      await oauth.guard.succeeded(attempt);
      return answer;
    } catch (error) {
      if (error instanceof TokenRefused && statusOf[error.error] !== 503) {
        await oauth.guard.failed({ ...attempt, reason: error.reason });
      }
      throw error;
    }
  }

  async function giveFor(
    c: HonoContext<ApiEnv>,
    ctx: Context,
    form: URLSearchParams,
    grantType: string | null,
  ): Promise<TokenAnswer> {
    const clientId = form.get("client_id");
    switch (grantType) {
      case "authorization_code":
        return await redeemCode(oauth, ctx, {
          code: form.get("code"),
          clientId,
          redirectUri: form.get("redirect_uri"),
          verifier: form.get("code_verifier"),
        });
      case "refresh_token":
        return await refreshTokens(oauth, ctx, { refreshToken: form.get("refresh_token"), clientId });
      case tokenExchange:
        return await exchangeToken(oauth, ctx, {
          subjectToken: form.get("subject_token"),
          subjectTokenType: form.get("subject_token_type"),
          requestedTokenType: form.get("requested_token_type"),
          scope: form.get("scope"),
          clientId,
          hasActorToken: form.has("actor_token"),
          certificate: certificateOf(c.req.raw.headers, settings.frontKey, oauth.now()),
        });
      default:
        throw new TokenRefused("unsupported_grant_type", "grant-type");
    }
  }

  async function revoke(ctx: Context, hash: Uint8Array, clientId: string | null): Promise<void> {
    const ended = await inSystem(oauth, async (tx) => {
      const found = await findGrantOfToken(tx, hash);
      // Another program's token: nothing is said, and nothing done.
      if (found === undefined || (clientId !== null && found.client_id !== clientId)) return [];
      const ended = await revokeGrants(tx, { grantId: found.grant_id }, oauth.now(), "by-program");
      await noteEnd(tx, ctx, ended, "by-program");
      return ended;
    });
    await forgetGrants(oauth.cache, ended);
  }

  async function answering(
    c: HonoContext<ApiEnv>,
    run: (ctx: Context) => Promise<TokenAnswer | undefined>,
  ): Promise<Response> {
    const ctx = contextOf(c);
    c.header("cache-control", "no-store");
    try {
      const answer = await run(ctx);
      return answer === undefined ? c.body(null, 200) : c.json(answer, 200);
    } catch (error) {
      if (!(error instanceof TokenRefused)) throw error;
      await noteRefusal(ctx, error.reason);
      return c.json({ error: error.error }, statusOf[error.error] ?? 400);
    }
  }

  /** Every refusal with its reason inside, and one word outside (ASVS 16.3.1). */
  async function noteRefusal(ctx: Context, reason: string): Promise<void> {
    ctx.log.warn("oauth.refused", { reason, requestId: ctx.requestId });
    if (reason === "guard") return;
    await inSystem(oauth, (tx) =>
      recordAudit(tx, { ...ctx, actor: { kind: "anonymous" } }, {
        action: "oauth.refuse",
        subject: { kind: "oauth", id: ctx.requestId },
        reason,
      }));
  }

  async function refuseRequest(
    c: HonoContext<ApiEnv>,
    read: { kind: "refused"; to: URL; reason: string } | { kind: "unknown"; reason: string },
  ): Promise<Response> {
    await noteRefusal(contextOf(c), read.reason);
    if (read.kind === "refused") return away(c, read.to.href);
    throw problem("oauth-request-refused");
  }

  return routes;
}

async function readForm(c: HonoContext<ApiEnv>): Promise<URLSearchParams> {
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(c.req.header("content-type") ?? "")) {
    throw new TokenRefused("invalid_request", "content-type");
  }
  return new URLSearchParams(await c.req.text());
}

/** Leaves no trace of codes and states in a cache or a Referer. */
function away(c: HonoContext<ApiEnv>, to: string): Response {
  c.header("cache-control", "no-store");
  c.header("referrer-policy", "no-referrer");
  return c.redirect(to, 303);
}
