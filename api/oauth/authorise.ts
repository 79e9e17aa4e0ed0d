/** A native program asks, the person says yes: RFC 6749 §4.1 with PKCE (RFC 7636), as RFC 8252 and RFC 9700 want it. */
import { recordAudit } from "../audit/mod.ts";
import type { Context, PersonActor } from "../context.ts";
import { inSystem } from "../database/in-tenant.ts";
import type { Oauth } from "./oauth.ts";
import { type ClientRow, findClient, insertCode } from "./queries.ts";
import { newSecret } from "./secrets.ts";
import { codeSeconds, mailScope } from "./settings.ts";

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
  // RFC 6749 §3.1: a parameter twice is an error, and which of the two was meant is not guessed.
  for (const name of new Set(query.keys())) {
    if (query.getAll(name).length > 1) return { kind: "unknown", reason: "parameter-twice" };
  }
  const clientId = query.get("client_id") ?? "";
  const redirectUri = query.get("redirect_uri") ?? "";
  const client = await inSystem(oauth, (tx) => findClient(tx, clientId));
  if (client === undefined || client.kind !== "native") return { kind: "unknown", reason: "client-unknown" };
  if (!isRegistered(redirectUri, client.redirect_uris as readonly string[])) {
    return { kind: "unknown", reason: "redirect-uri" };
  }
  const state = query.get("state");
  const refuse = (error: string, reason: string): ReadRequest => ({
    kind: "refused",
    to: answerTo(oauth, redirectUri, state, { error }),
    reason,
  });
  if (query.get("response_type") !== "code") return refuse("unsupported_response_type", "response-type");
  if (query.get("code_challenge_method") !== "S256") return refuse("invalid_request", "challenge-method");
  const codeChallenge = query.get("code_challenge") ?? "";
  if (!/^[A-Za-z0-9_-]{43}$/.test(codeChallenge)) return refuse("invalid_request", "challenge");
  if ((state?.length ?? 0) > 512) return refuse("invalid_request", "state-length");
  const scopes = (query.get("scope") ?? mailScope).split(" ").filter(Boolean);
  if (!scopes.includes(mailScope)) return refuse("invalid_scope", "scope");
  return { kind: "asks", request: { client, redirectUri, codeChallenge, scope: mailScope, state } };
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
    }, now);
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

/** Character for character (RFC 9700 §2.1), but for the port of a loopback address, which the program learns late. */
function isRegistered(uri: string, registered: readonly string[]): boolean {
  if (registered.includes(uri)) return true;
  const asked = URL.parse(uri);
  if (asked === null || !isLoopback(asked) || asked.href !== uri) return false;
  return registered.some((one) => {
    const known = URL.parse(one);
    if (known === null || !isLoopback(known)) return false;
    asked.port = known.port;
    return asked.href === known.href;
  });
}

export function isLoopback(url: URL): boolean {
  return url.protocol === "http:" && (url.hostname === "127.0.0.1" || url.hostname === "[::1]");
}
