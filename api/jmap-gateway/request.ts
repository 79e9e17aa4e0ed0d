/**
 * The Request object of RFC 8620 §3.3: read under a cap, checked as I-JSON, and no deeper than the gateway must look.
 * Whatever is wrong with the request as a whole is a request-level error (RFC 8620 §3.6.1), a problem document with
 * a URN of JMAP; what is wrong with one call is that call's own answer and is not decided here.
 */
import { Buffer } from "node:buffer";
import { findJsonFault } from "./json-scan.ts";

/** What the gateway allows of one request. Bytes and calls are announced in the session's core capability. */
export interface RequestLimits {
  readonly maxSizeRequest: number;
  readonly maxCallsInRequest: number;
  /** Open objects and arrays. RFC 8620 names no limit; filters of real clients stay under ten. */
  readonly maxDepth: number;
}

export const defaultLimits: RequestLimits = {
  maxSizeRequest: 10_000_000,
  maxCallsInRequest: 64,
  maxDepth: 128,
};

export type Arguments = Record<string, unknown>;
/** `[name, arguments, call id]` (RFC 8620 §3.2). */
export type Invocation = [name: string, args: Arguments, callId: string];

export interface JmapRequest {
  readonly using: readonly string[];
  readonly methodCalls: readonly Invocation[];
  readonly createdIds: Readonly<Record<string, string>> | undefined;
}

type RequestErrorKind = "unknownCapability" | "notJSON" | "notRequest" | "limit";

/** Ends the whole request: one of the four request-level errors of RFC 8620 §3.6.1. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly type: `urn:ietf:params:jmap:error:${RequestErrorKind}`;
  constructor(
    kind: RequestErrorKind,
    readonly detail: string,
    readonly limit?: string,
    readonly status = 400,
  ) {
    super(detail);
    this.type = `urn:ietf:params:jmap:error:${kind}`;
  }

  /** The members of the problem document; the same serve a RequestError over WebSocket (RFC 8887 §4.3.3). */
  toProblem(): Record<string, unknown> {
    return {
      type: this.type,
      status: this.status,
      ...(this.limit === undefined ? {} : { limit: this.limit }),
      detail: this.detail,
    };
  }
}

/**
 * The body as bytes, never more than `max` of them in memory: a declared length over the cap is refused unread,
 * an undeclared one as soon as it passes the cap.
 */
export async function readCapped(
  request: Request,
  max: number,
  limit = "maxSizeRequest",
): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = () => new RequestError("limit", `A request holds at most ${max} bytes.`, limit);
  const declared = Number(request.headers.get("content-length") ?? Number.NaN);
  if (declared > max) throw tooLarge();
  // The HTTP layer holds the body to its declared length, so the cap is already kept.
  if (declared <= max) return await request.bytes();
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.length;
    if (size > max) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Parses I-JSON text; `notJSON` when it is none, `notRequest` when it is nested beyond reason. */
export function parseIJson(text: string, maxDepth: number): unknown {
  const fault = findJsonFault(text, maxDepth);
  if (fault === "too-deep") throw new RequestError("notRequest", `More than ${maxDepth} levels of nesting.`);
  if (fault !== undefined) {
    throw new RequestError("notJSON", `The request is not I-JSON (RFC 7493): ${fault}.`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestError("notJSON", "The request is not JSON.");
  }
}

function isInvocation(value: unknown): value is Invocation {
  return Array.isArray(value) && value.length === 3 && typeof value[0] === "string" && isObject(value[1]) &&
    typeof value[2] === "string";
}

/** Checks the shape of a Request object that has been parsed. Looks at each call's frame, not into its arguments. */
export function toRequest(value: unknown, limits: RequestLimits): JmapRequest {
  const wrong = (detail: string) => new RequestError("notRequest", detail);
  if (!isObject(value)) throw wrong("The request is not an object.");
  const { using, methodCalls, createdIds } = value;
  if (!Array.isArray(using) || !using.every((urn) => typeof urn === "string")) {
    throw wrong("`using` is not a list of strings.");
  }
  if (!Array.isArray(methodCalls)) throw wrong("`methodCalls` is not a list.");
  if (methodCalls.length > limits.maxCallsInRequest) {
    throw new RequestError(
      "limit",
      `A request holds at most ${limits.maxCallsInRequest} calls.`,
      "maxCallsInRequest",
    );
  }
  if (!methodCalls.every(isInvocation)) throw wrong("A method call is not [name, arguments, id].");
  if (createdIds !== undefined) {
    if (!isObject(createdIds) || !Object.values(createdIds).every((id) => typeof id === "string")) {
      throw wrong("`createdIds` is not a map of ids.");
    }
  }
  return {
    using: using as string[],
    methodCalls,
    createdIds: createdIds as Record<string, string> | undefined,
  };
}

/** Parses the body of `POST /jmap/api`. */
export function parseRequest(bytes: Uint8Array, limits: RequestLimits): JmapRequest {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw new RequestError("notJSON", "The request is not UTF-8.");
  }
  return toRequest(parseIJson(text, limits.maxDepth), limits);
}

/** `notJSON` unless the body says it is JSON (RFC 8620 §3.6.1). */
export function requireJsonContentType(contentType: string | null): void {
  const essence = (contentType ?? "").split(";", 1)[0]!.trim().toLowerCase();
  if (essence !== "application/json") {
    throw new RequestError("notJSON", "The content type of a request is application/json.");
  }
}
