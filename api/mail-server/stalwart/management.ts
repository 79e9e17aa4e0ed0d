/**
 * Management and mail calls to Stalwart over JMAP (RFC 8620 §3): one request, its method responses, and the
 * failures sorted into the port's two errors. Used by the driver and by `mailserver/stalwart/apply.ts`.
 */
import { MailServerRefused, MailServerUnavailable } from "../port.ts";

export type JsonObject = { readonly [key: string]: unknown };
export type MethodCall = readonly [method: string, args: JsonObject];

/** Capabilities named in `using`. The server refuses a request that names one it does not know. */
const using = [
  "urn:ietf:params:jmap:core",
  "urn:ietf:params:jmap:mail",
  "urn:ietf:params:jmap:submission",
  "urn:ietf:params:jmap:quota",
  "urn:stalwart:jmap",
];

export interface JmapEndpoint {
  /** Where requests are posted; ends with `/jmap/`. */
  readonly url: string;
  /** Value of the Authorization header. */
  readonly authorization: string;
  /** Milliseconds until a call counts as unanswered. */
  readonly timeoutMilliseconds: number;
}

/** Basic credentials (RFC 7617) in UTF-8. */
export function basicAuthorization(login: string, secret: string): string {
  const bytes = new TextEncoder().encode(`${login}:${secret}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

/**
 * Sends the calls in one request and returns the arguments of each response, in order.
 *
 * Throws `MailServerUnavailable` when the server does not answer, answers 5xx or says `serverUnavailable`
 * (its database is away), `MailServerRefused` for every other refusal of the request or of a method.
 */
export async function callJmap(
  endpoint: JmapEndpoint,
  calls: readonly MethodCall[],
  signal?: AbortSignal,
): Promise<JsonObject[]> {
  const body = JSON.stringify({
    using,
    methodCalls: calls.map(([method, args], index) => [method, args, `c${index}`]),
  });
  const timeout = AbortSignal.timeout(endpoint.timeoutMilliseconds);
  let status: number;
  let text: string;
  try {
    const response = await fetch(endpoint.url, {
      method: "POST",
      headers: { "authorization": endpoint.authorization, "content-type": "application/json" },
      body,
      redirect: "error",
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    status = response.status;
    text = await response.text();
  } catch (cause) {
    throw new MailServerUnavailable("The mail server does not answer.", { cause });
  }
  if (status >= 500 || status === 429) {
    throw new MailServerUnavailable(`The mail server answers HTTP ${status}.`);
  }
  if (status !== 200) {
    throw new MailServerRefused(`http-${status}`, `The mail server refuses the request with HTTP ${status}.`);
  }
  return readResponses(text, calls);
}

/**
 * The session object (RFC 8620 §2) of the credential; `undefined` when the server does not let it in.
 *
 * Throws `MailServerUnavailable` when the server does not answer, or answers 5xx.
 */
export async function getSession(endpoint: JmapEndpoint): Promise<JsonObject | undefined> {
  let response: Response;
  try {
    response = await fetch(new URL("session", endpoint.url), {
      headers: { authorization: endpoint.authorization },
      redirect: "error",
      signal: AbortSignal.timeout(endpoint.timeoutMilliseconds),
    });
    const text = await response.text();
    if (response.status === 200) return asObject(JSON.parse(text));
  } catch (cause) {
    throw new MailServerUnavailable("The mail server does not answer.", { cause });
  }
  if (response.status === 401 || response.status === 403) return undefined;
  throw new MailServerUnavailable(`The mail server answers HTTP ${response.status}.`);
}

/** Sends one call and returns the arguments of its response. Errors as `callJmap`. */
export async function callOnce(
  endpoint: JmapEndpoint,
  method: string,
  args: JsonObject,
  signal?: AbortSignal,
): Promise<JsonObject> {
  const [result] = await callJmap(endpoint, [[method, args]], signal);
  return result!;
}

function readResponses(text: string, calls: readonly MethodCall[]): JsonObject[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new MailServerUnavailable("The mail server's answer is not JSON.", { cause });
  }
  const responses = asObject(parsed)["methodResponses"];
  if (!Array.isArray(responses) || responses.length < calls.length) {
    throw new MailServerUnavailable("The mail server's answer lacks method responses.");
  }
  return calls.map(([method], index) => {
    const found = responses.find((r) => Array.isArray(r) && r[2] === `c${index}`);
    const args = asObject(found?.[1]);
    if (found?.[0] === "error") {
      const type = String(args["type"] ?? "unknown");
      const detail = `${method}: ${type}${args["description"] ? ` (${args["description"]})` : ""}`;
      if (type === "serverUnavailable" || type === "serverFail" || type === "serverPartialFail") {
        throw new MailServerUnavailable(detail);
      }
      throw new MailServerRefused(type, detail);
    }
    return args;
  });
}

/** The value as an object, an empty one when it is none: for reading answers without trusting their shape. */
export function asObject(value: unknown): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value as JsonObject : {};
}

/** The list of a `/get` response. */
export function listOf(response: JsonObject): JsonObject[] {
  const list = response["list"];
  return Array.isArray(list) ? list.map(asObject) : [];
}

/** The ids of a `/query` response. */
export function idsOf(response: JsonObject): string[] {
  const ids = response["ids"];
  return Array.isArray(ids) ? ids.map(String) : [];
}

/** A refused create, update or destroy as an error; `undefined` when `id` is not among the refused. */
export function setError(response: JsonObject, id: string): MailServerRefused | undefined {
  for (const key of ["notCreated", "notUpdated", "notDestroyed"]) {
    const refused = asObject(response[key])[id];
    if (refused !== undefined && refused !== null) {
      const error = asObject(refused);
      const type = String(error["type"] ?? "unknown");
      return new MailServerRefused(type, `${key}: ${JSON.stringify(error)}`);
    }
  }
  return undefined;
}
