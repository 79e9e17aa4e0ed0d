/** What may go wrong with any request: its form, its sender, and what cannot answer now. Part of the catalogue (api/problems.ts). */
import type { ProblemSpec } from "./spec.ts";

export const requestProblems = {
  "invalid-request": {
    status: 422,
    title: "The request is not valid",
    about: "One or several fields are wrong; `errors` names each by JSON Pointer, all at once.",
    shows: ["errors"],
  },
  "malformed-json": {
    status: 400,
    title: "The body is not JSON",
    about: "The body could not be read as JSON (RFC 8259).",
  },
  "unsupported-media-type": {
    status: 415,
    title: "The body's media type is not supported",
    about: "Send the body as application/json.",
  },
  "request-too-large": {
    status: 413,
    title: "The request is too large",
    about: "The body is larger than this operation accepts.",
    shows: ["limitBytes"],
  },
  "not-found": {
    status: 404,
    title: "Nothing here",
    about: "No resource stands at this address, or it is not yours to see.",
  },
  "sign-in-required": { status: 401, title: "Sign in", about: "There is no session, or it has ended." },
  "forbidden": {
    status: 403,
    title: "Not allowed",
    about: "You may see this, but your roles do not allow the act.",
    shows: ["action"],
  },
  "not-same-origin": {
    status: 403,
    title: "The request comes from another site",
    about: "A changing request must come from the platform's own pages.",
  },
  "identity-provider-unavailable": {
    status: 503,
    title: "The identity provider does not answer",
    about: "Pro Santé Connect cannot be reached. Try again later.",
    shows: ["retryAfterSeconds"],
  },
  "idempotency-key-reused": {
    status: 422,
    title: "This Idempotency-Key belongs to another request",
    about: "The key was already used with another method, path or body.",
  },
  "idempotency-key-in-use": {
    status: 409,
    title: "The first request with this Idempotency-Key is still running",
    about: "Repeat it later: the answer of the first will be given again.",
  },
  "version-mismatch": {
    status: 412,
    title: "The resource has changed meanwhile",
    about: "If-Match names a version that is not the current one. Read it again.",
    shows: ["currentVersion"],
  },
  "too-many-requests": {
    status: 429,
    title: "Too many requests",
    about:
      "More was asked than the limit named in RateLimit-Policy allows. Wait as long as Retry-After says.",
    shows: ["retryAfterSeconds"],
  },
  "mail-server-unavailable": {
    status: 503,
    title: "The mail server does not answer",
    about: "Nothing is lost. Try again later.",
    shows: ["retryAfterSeconds"],
  },
  "service-unavailable": {
    status: 503,
    title: "The platform cannot answer now",
    about: "Its database does not answer. Nothing was changed. Try again later.",
    shows: ["retryAfterSeconds"],
  },
  "internal-error": {
    status: 500,
    title: "Something went wrong here",
    about: "The error was recorded under the request's id.",
  },
} as const satisfies Record<string, ProblemSpec>;
