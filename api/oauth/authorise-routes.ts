/** Where a program sends a person: the page, and the answer of our own page. */
import type { Context as HonoContext } from "hono";
import type { Context } from "../context.ts";
import { type ApiEnv, contextOf, createRoutes } from "../http/openapi.ts";
import { problem } from "../problems.ts";
import {
  answerTo,
  type AuthorisationRequest,
  giveCode,
  type ReadRequest,
  readRequest,
  toPath,
} from "./authorise.ts";
import { consentPage, refusedPage } from "./consent-page.ts";
import { limitForm, readForm } from "../http/form.ts";
import type { Oauth } from "./oauth.ts";

const pageBase = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

type NoteRefusal = (ctx: Context, reason: string) => Promise<void>;

export function authoriseRoutes(oauth: Oauth, noteRefusal: NoteRefusal) {
  const routes = createRoutes();

  routes.get("/oauth/authorize", async (c) => {
    const request = await read(c, new URL(c.req.url).searchParams);
    if (request instanceof Response) return request;
    const { actor } = contextOf(c);
    if (actor.kind !== "person") return toSignIn(c, request);
    c.header("cache-control", "no-store");
    c.header("referrer-policy", "no-referrer");
    c.header("x-frame-options", "DENY");
    c.header("content-security-policy", pagePolicy(request));
    return c.html(consentPage(request, actor, c.req.header("accept-language")));
  });

  // Of our own page alone (api/app.ts asks for the origin).
  routes.post("/oauth/authorize", limitForm, async (c) => {
    const form = await readForm(c);
    if (form === undefined) throw problem("unsupported-media-type");
    const [decision, shownTo] = ["decision", "person"].map((name) => form.get(name));
    for (const name of ["decision", "person"]) form.delete(name);
    const request = await read(c, form);
    if (request instanceof Response) return request;
    const ctx = contextOf(c);
    if (ctx.actor.kind !== "person") return toSignIn(c, request);
    // Somebody else has signed in meanwhile in another window: he is asked, too.
    if (ctx.actor.personId !== shownTo) return away(c, toPath(request));
    if (decision !== "yes") {
      return away(c, answerTo(oauth, request.redirectUri, request.state, { error: "access_denied" }).href);
    }
    return away(c, (await giveCode(oauth, ctx, ctx.actor, request)).href);
  });

  /** The request, or what is answered to one that is none. */
  async function read(
    c: HonoContext<ApiEnv>,
    query: URLSearchParams,
  ): Promise<AuthorisationRequest | Response> {
    const read: ReadRequest = await readRequest(oauth, query);
    if (read.kind === "asks") return read.request;
    await noteRefusal(contextOf(c), read.reason);
    if (read.kind === "refused") return away(c, read.to.href);
    if (!(c.req.header("accept") ?? "").includes("text/html")) throw problem("oauth-request-refused");
    c.header("cache-control", "no-store");
    c.header("content-security-policy", `${pageBase}; form-action 'none'`);
    return c.html(refusedPage(c.req.header("accept-language")), 400);
  }

  return routes;
}

function toSignIn(c: HonoContext<ApiEnv>, request: AuthorisationRequest): Response {
  return away(c, `/sign-in?${new URLSearchParams({ returnTo: toPath(request) })}`);
}

/** The answer of the form leads to the program: its address must be named, or browsers stop there. */
function pagePolicy({ redirectUri }: AuthorisationRequest): string {
  const { origin, protocol } = new URL(redirectUri);
  return `${pageBase}; form-action 'self' ${origin === "null" ? protocol : origin}`;
}

/** Leaves no trace of codes and states in a cache or a Referer. */
function away(c: HonoContext<ApiEnv>, to: string): Response {
  c.header("cache-control", "no-store");
  c.header("referrer-policy", "no-referrer");
  return c.redirect(to, 303);
}
