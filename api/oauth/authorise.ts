/** A native program asks, the person says yes: RFC 6749 §4.1 with PKCE (RFC 7636), as RFC 8252 and RFC 9700 want it. */
import { recordAudit } from "../audit/mod.ts";
import type { Context, PersonActor } from "../context.ts";
import { inSystem } from "../database/in-tenant.ts";
import { isRegistered } from "./client-proof.ts";
import { type ClientRow, findClient } from "./client-queries.ts";
import { firstRepeated } from "../http/form.ts";
import type { Oauth } from "./oauth.ts";
import { insertCode } from "./queries.ts";
import { newSecret } from "./secrets.ts";
import { codeSeconds, isOurs, mailScope } from "./settings.ts";

/** The way back from the sign-in has room for no more (api/identity/return-to.ts). */
const maxPathLength = 2_000;

/** What a program asks for, once it is known to be asking from where it may. */
export interface AuthorisationRequest {
  readonly client: ClientRow;
  readonly redirectUri: string;
  readonly codeChallenge: string;
  readonly scope: string;
  readonly state: string | null;
}

export type ReadRequest =
  | { readonly kind: "asks"; readonly request: AuthorisationRequest }
  /** The program is told, at its own address. */
  | { readonly kind: "refused"; readonly to: URL; readonly reason: string }
  /** Nobody can be told but the person: an address that is not the program's must get nothing (§4.1.2.1). */
  | { readonly kind: "unknown"; readonly reason: string };

export async function readRequest(oauth: Oauth, query: URLSearchParams): Promise<ReadRequest> {
  if (firstRepeated(query) !== undefined) return { kind: "unknown", reason: "parameter-twice" };
  const read = (name: string) => query.get(name) || null;
  const clientId = read("client_id") ?? "";
  const redirectUri = read("redirect_uri") ?? "";
  const client = await inSystem(oauth, (tx) => findClient(tx, clientId));
  if (client === undefined || client.kind !== "native") return { kind: "unknown", reason: "client-unknown" };
  if (!isRegistered(redirectUri, client.redirect_uris as readonly string[])) {
    return { kind: "unknown", reason: "redirect-uri" };
  }
  const state = read("state");
  const refuse = (error: string, reason: string): ReadRequest => ({
    kind: "refused",
    to: answerTo(oauth, redirectUri, state, { error }),
    reason,
  });
  // RFC 6749 appendix A.5.
  if (state !== null && !/^[\x20-\x7e]+$/.test(state)) return refuse("invalid_request", "state");
  const responseType = read("response_type");
  if (responseType === null) return refuse("invalid_request", "response-type-missing");
  if (responseType !== "code") return refuse("unsupported_response_type", "response-type");
  if (read("code_challenge_method") !== "S256") return refuse("invalid_request", "challenge-method");
  const codeChallenge = read("code_challenge") ?? "";
  if (!/^[A-Za-z0-9_-]{43}$/.test(codeChallenge)) return refuse("invalid_request", "challenge");
  const scopes = (read("scope") ?? mailScope).split(" ");
  if (!scopes.includes(mailScope)) return refuse("invalid_scope", "scope");
  // What this server does not read (RFC 9101) might say the opposite of what it does.
  if (query.has("request") || query.has("request_uri")) {
    return refuse(
      query.has("request") ? "request_not_supported" : "request_uri_not_supported",
      "request-object",
    );
  }
  if (!query.getAll("resource").every((one) => isOurs(oauth, one))) return refuse("invalid_target", "target");
  const request = { client, redirectUri, codeChallenge, scope: mailScope, state };
  if (toPath(request).length > maxPathLength) return refuse("invalid_request", "too-long");
  return { kind: "asks", request };
}

/** The person has said yes on our own page. @returns where the browser goes, with the code */
export async function giveCode(
  oauth: Oauth,
  ctx: Context,
  person: PersonActor,
  request: AuthorisationRequest,
): Promise<URL> {
  const now = oauth.now();
  const code = newSecret("code");
  await inSystem(oauth, async (tx) => {
    await insertCode(tx, {
      code_hash: code.hash,
      client_id: request.client.id,
      person_id: person.personId,
      session_id: person.sessionId,
      redirect_uri: request.redirectUri,
      code_challenge: request.codeChallenge,
      scope: request.scope,
      created_at: now,
      expires_at: new Date(now.getTime() + codeSeconds * 1_000),
    });
    await recordAudit(tx, ctx, {
      action: "oauth.authorise",
      subject: { kind: "oauth-client", id: request.client.id },
      after: { name: request.client.name },
    });
  });
  return answerTo(oauth, request.redirectUri, request.state, { code: code.text });
}

/** RFC 9207: the answer says whose it is. */
export function answerTo(
  oauth: Oauth,
  redirectUri: string,
  state: string | null,
  answer: Readonly<Record<string, string>>,
): URL {
  const to = new URL(redirectUri);
  for (const [name, value] of Object.entries(answer)) to.searchParams.set(name, value);
  if (state !== null) to.searchParams.set("state", state);
  to.searchParams.set("iss", oauth.baseUrl);
  return to;
}

/** Where the request is asked again, e.g. after the sign-in. */
export function toPath(request: AuthorisationRequest): string {
  return `/oauth/authorize?${toQuery(request)}`;
}

/** The request again, without what was not understood. */
export function toQuery(request: AuthorisationRequest): URLSearchParams {
  return new URLSearchParams({
    response_type: "code",
    client_id: request.client.client_id,
    redirect_uri: request.redirectUri,
    scope: request.scope,
    code_challenge: request.codeChallenge,
    code_challenge_method: "S256",
    ...(request.state === null ? {} : { state: request.state }),
  });
}
