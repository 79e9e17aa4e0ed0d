/**
 * The four levels on which JMAP says no (RFC 8620 §3.6), kept apart because each asks for something else:
 * transport (HTTP) · request (problem+json) · method (`["error", …]`) · per object (`SetError`).
 */
import type { SetError } from "./types.ts";

/** Why no JMAP answer came: `offline` no network · `signed-out` 401 · `unavailable` 502–504 · `busy` 429 · `server` the rest. */
export type TransportKind = "offline" | "signed-out" | "unavailable" | "busy" | "server";

/** No JMAP answer. For a call that writes, only `signed-out` and `busy` prove that nothing was done. */
export class TransportError extends Error {
  override readonly name = "TransportError";
  readonly kind: TransportKind;
  /** HTTP status, 0 when there was no answer at all. */
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    kind: TransportKind,
    status: number,
    options: { cause?: unknown; retryAfterSeconds?: number } = {},
  ) {
    super(`no answer: ${kind} (${status})`, { cause: options.cause });
    this.kind = kind;
    this.status = status;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  /** True when the server may have done what was asked although its answer is lost. */
  get isOutcomeUnknown(): boolean {
    return this.kind === "offline" || this.kind === "unavailable" || this.kind === "server";
  }
}

/** The whole request was refused (RFC 8620 §3.6.1), for instance `urn:ietf:params:jmap:error:limit`. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly type: string;
  readonly status: number;

  constructor(type: string, status: number, detail: string) {
    super(detail === "" ? type : detail);
    this.type = type;
    this.status = status;
  }
}

/** One method call failed (RFC 8620 §3.6.2); its neighbours may have succeeded. */
export class MethodError extends Error {
  override readonly name = "MethodError";
  readonly type: string;

  constructor(type: string, description: string) {
    super(description === "" ? type : description);
    this.type = type;
  }
}

/** One object of a /set was refused (RFC 8620 §5.3). */
export class SetFailure extends Error {
  override readonly name = "SetFailure";
  readonly error: SetError;

  constructor(error: SetError) {
    super(error.description ?? error.type);
    this.error = error;
  }
}

/** The value of one call of a group, or its error thrown. */
export function unwrap<T>(result: T | MethodError): T {
  if (result instanceof MethodError) throw result;
  return result;
}
