/** What programs ask: RFC 6749, 7009, 8414, 8693. Form-encoded as these say, and so apart from `/api/v1`. */
import type { Context as HonoContext } from "hono";
import type { Context } from "../context.ts";
import { callerOf } from "../http/caller-address.ts";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { authoriseRoutes } from "./authorise-routes.ts";
import { certificateOf } from "./certificate.ts";
import { exchangeToken, tokenExchange } from "./exchange.ts";
import { type OauthError, TokenRefused } from "./failure.ts";
import { firstRepeated, limitForm, readForm } from "../http/form.ts";
import type { TokenAnswer } from "./grants.ts";
import { metadataOf, metadataPath } from "./metadata.ts";
import type { Oauth } from "./oauth.ts";
import { redeemCode, refreshTokens } from "./redeem.ts";
import { createRefusals } from "./refusals.ts";
import { revokeToken } from "./revoke.ts";

const statusOf: Partial<Record<OauthError, 401 | 429 | 503>> = {
  invalid_client: 401,
  slow_down: 429,
  temporarily_unavailable: 503,
};

export function oauthServerRoutes(oauth: Oauth) {
  const routes = createRoutes();
  const noteRefusal = createRefusals(oauth.now);
  const metadata = metadataOf(oauth);
  routes.get(metadataPath, (c) => c.json(metadata));
  routes.route("/", authoriseRoutes(oauth, noteRefusal));
  routes.post("/oauth/token", limitForm, (c) => answering(c, (form, ctx) => give(c, form, ctx)));
  routes.post("/oauth/revoke", limitForm, (c) =>
    answering(c, async (form, ctx) => {
      await revokeToken(oauth, ctx, {
        token: sentOf(form, "token"),
        clientId: sentOf(form, "client_id"),
        certificate: certificateIn(c),
      });
      return undefined;
    }));

  /** The guard measures what is presented, and never a program's name or an address: those are a whole hospital's. */
  async function give(c: HonoContext<ApiEnv>, form: URLSearchParams, ctx: Context): Promise<TokenAnswer> {
    const presented = ["code", "refresh_token", "subject_token"].map((name) => sentOf(form, name));
    const attempt = { way: "token", account: JSON.stringify(presented), address: callerOf(ctx) } as const;
    const verdict = await oauth.guard.admit(attempt);
    if (!verdict.ok) throw new TokenRefused("slow_down", "guard", verdict);
    try {
      const answer = await giveFor(c, ctx, form);
      await oauth.guard.succeeded(attempt);
      return answer;
    } catch (error) {
      if (error instanceof TokenRefused && statusOf[error.error] !== 503) {
        await oauth.guard.failed({ ...attempt, reason: error.reason });
      } else await oauth.guard.abandoned(attempt);
      throw error;
    }
  }

  async function giveFor(c: HonoContext<ApiEnv>, ctx: Context, form: URLSearchParams): Promise<TokenAnswer> {
    const sent = (name: string) => sentOf(form, name);
    const clientId = sent("client_id");
    switch (sent("grant_type")) {
      case null:
        throw new TokenRefused("invalid_request", "grant-type-missing");
      case "authorization_code":
        return await redeemCode(oauth, ctx, {
          code: sent("code"),
          clientId,
          redirectUri: sent("redirect_uri"),
          verifier: sent("code_verifier"),
        });
      case "refresh_token":
        return await refreshTokens(oauth, ctx, {
          refreshToken: sent("refresh_token"),
          clientId,
          scope: sent("scope"),
        });
      case tokenExchange:
        return await exchangeToken(oauth, ctx, {
          subjectToken: sent("subject_token"),
          subjectTokenType: sent("subject_token_type"),
          requestedTokenType: sent("requested_token_type"),
          scope: sent("scope"),
          targets: [...form.getAll("resource"), ...form.getAll("audience")],
          confirmation: sent("cnf"),
          clientId,
          hasActorToken: form.has("actor_token"),
          certificate: certificateIn(c),
        });
      default:
        throw new TokenRefused("unsupported_grant_type", "grant-type");
    }
  }

  function certificateIn(c: HonoContext<ApiEnv>) {
    return certificateOf(c.req.raw.headers, oauth.settings.frontKey, oauth.now());
  }

  async function answering(
    c: HonoContext<ApiEnv>,
    run: (form: URLSearchParams, ctx: Context) => Promise<TokenAnswer | undefined>,
  ): Promise<Response> {
    const ctx = contextOf(c);
    c.header("cache-control", "no-store");
    try {
      const form = await readForm(c);
      if (form === undefined) throw new TokenRefused("invalid_request", "content-type");
      if (firstRepeated(form) !== undefined) throw new TokenRefused("invalid_request", "parameter-twice");
      const answer = await run(form, ctx);
      return answer === undefined ? c.body(null, 200) : c.json(answer, 200);
    } catch (error) {
      if (!(error instanceof TokenRefused)) throw error;
      await noteRefusal(ctx, error.reason);
      const status = statusOf[error.error] ?? 400;
      // RFC 6749 §5.2: in the way in which the client tried to prove itself.
      const tried = /^(\w+) /.exec(c.req.header("authorization") ?? "")?.[1];
      if (status === 401 && tried !== undefined) c.header("www-authenticate", `${tried} realm="oauth"`);
      if (error.retryAfterSeconds !== undefined) c.header("retry-after", String(error.retryAfterSeconds));
      return c.json({ error: error.error }, status);
    }
  }

  return routes;
}

/** RFC 6749 §3.1: sent without a value is not sent. */
function sentOf(form: URLSearchParams, name: string): string | null {
  return form.get(name) || null;
}
