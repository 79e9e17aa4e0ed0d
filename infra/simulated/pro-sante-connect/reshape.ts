/** What stands around oidc-provider so that requests and answers are those of the real service. */
import { Buffer } from "node:buffer";
import { decoupledGrant, lifetimes, paths } from "./discovery.ts";
import { replaceClaims } from "./misbehaviour.ts";
import { type Person, userinfoOf } from "./people.ts";
import type { ProviderOptions, SimulatedClient } from "./options.ts";
import { type Grounds, openAccessToken, signAccessToken, signIdToken, signUserinfo } from "./tokens.ts";

// The library has no types; this names what is used of its contexts.
// deno-lint-ignore no-explicit-any
type Any = any;

const backChannel: readonly string[] = [paths.token, paths.introspection, paths.revocation, paths.ciba];

/** A client of the certificate door is who its certificate says; the library then gets the secret that it asks for. */
function authenticateByCertificate(
  ctx: Any,
  form: Record<string, string>,
  clients: readonly SimulatedClient[],
): void {
  const client = clients.find((one) => one.clientId === form.client_id);
  if (!client?.isMutualTls) return;
  // Whoever comes by the ordinary door, or with another's certificate, is not this client.
  form.client_secret = ctx.req.certifiedClient === client.clientId && form.client_secret === undefined
    ? client.clientSecret
    : "none";
}

/** Around the library: both ways of client authentication, JWT access tokens in and out, claims as the real service's. */
export async function reshape(
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
    ctx.method === "POST" && backChannel.includes(ctx.path)
  ) {
    const form = await readForm(ctx);
    authenticateByCertificate(ctx, form, options.clients);
    if (form.grant_type === decoupledGrant && form.auth_req_id) {
      const { decoupledIntervalSeconds } = options.misbehaviour();
      if (options.phones.isTooFast(form.auth_req_id, decoupledIntervalSeconds)) {
        ctx.status = 400;
        ctx.body = { error: "slow_down", error_description: "Polling too fast" };
        return;
      }
    }
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
    if (person) await answerUserinfo(ctx, person, options);
  } else if (ctx.path === paths.token) {
    await reshapeTokens(ctx, options, bySubject);
  } else if (ctx.path === paths.ciba) {
    ctx.body = { ...ctx.body, interval: options.misbehaviour().decoupledIntervalSeconds || 1 };
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

async function answerUserinfo(ctx: Any, person: Person, options: ProviderOptions): Promise<void> {
  const { userinfo, userinfoForm } = options.misbehaviour();
  const claims = replaceClaims(userinfoOf(person), userinfo);
  if (userinfoForm === "json") {
    ctx.body = claims;
    return;
  }
  const token = await signUserinfo(
    options.keys,
    options.issuer,
    ctx.oidc.client.clientId,
    claims,
    userinfoForm,
  );
  ctx.body = token;
  ctx.type = "application/jwt";
}

async function reshapeTokens(
  ctx: Any,
  options: ProviderOptions,
  bySubject: ReadonlyMap<string, Person>,
): Promise<void> {
  const {
    AuthorizationCode,
    BackchannelAuthenticationRequest,
    RotatedRefreshToken,
    RefreshToken,
    AccessToken,
  } = ctx.oidc.entities;
  const source = AuthorizationCode ?? BackchannelAuthenticationRequest ?? RotatedRefreshToken ?? RefreshToken;
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
  options.onIssued({
    clientId: grounds.clientId,
    subject: source.accountId,
    sessionId: grounds.sessionId,
    grantId: source.grantId,
  });
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
