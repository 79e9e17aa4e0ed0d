/** What openid-client and oauth4webapi threw, in the platform's own names. */
import * as client from "openid-client";
import { reasonOfClaim } from "./id-token.ts";
import type { RefusalReason } from "./refusal.ts";

/** No answer, or one that is no answer of this protocol: an error page of a front end, a time-out, a broken connection. */
export function isUnreachable(cause: unknown): boolean {
  if (cause instanceof client.ClientError) {
    if (
      ["OAUTH_TIMEOUT", "OAUTH_ABORT", "OAUTH_RESPONSE_IS_NOT_JSON", "OAUTH_PARSE_ERROR"].includes(
        cause.code ?? "",
      )
    ) {
      return true;
    }
    return cause.code === "OAUTH_RESPONSE_IS_NOT_CONFORM" && cause.cause instanceof Response &&
      cause.cause.status >= 500;
  }
  if (cause instanceof client.ResponseBodyError) return cause.status >= 500;
  return cause instanceof TypeError && !("code" in cause && String(cause.code).startsWith("ERR_"));
}

/** The one name for what the library refused. Its own messages are kept as cause and shown to nobody. */
export function reasonOf(cause: unknown): RefusalReason {
  if (cause instanceof client.AuthorizationResponseError) {
    if (cause.error === "access_denied") return "cancelled";
    return cause.error === "temporarily_unavailable" || cause.error === "server_error"
      ? "provider-unreachable"
      : "response-error";
  }
  if (isUnreachable(cause)) return "provider-unreachable";
  if (cause instanceof client.ResponseBodyError) {
    return cause.error === "invalid_grant" ? "code-refused" : "token-response";
  }
  if (!(cause instanceof client.ClientError)) return "token-response";
  const inner = cause.cause instanceof Error ? cause.cause : undefined;
  const detail = inner?.cause as
    | { claim?: unknown; parameters?: unknown; alg?: unknown; header?: unknown }
    | undefined;
  const said = `${cause.message} ${inner?.message ?? ""}`;
  switch (cause.code) {
    case "OAUTH_JWT_CLAIM_COMPARISON_FAILED":
      return typeof detail?.claim === "string" ? reasonOfClaim(detail.claim) : "id-token-malformed";
    case "OAUTH_JWT_TIMESTAMP_CHECK_FAILED":
      return detail?.claim === "exp" ? "id-token-expired" : "id-token-not-yet-valid";
    case "OAUTH_UNSUPPORTED_OPERATION":
      return "id-token-algorithm";
    case "OAUTH_INVALID_RESPONSE":
      return reasonOfResponse(said);
    default:
      return "token-response";
  }
}

/** The library has one code for many faults of a response; its sentence tells them apart. */
function reasonOfResponse(said: string): RefusalReason {
  if (said.includes('"iss"') && said.includes("response parameter")) return "response-issuer";
  if (said.includes('"iss"') && !said.includes("JWT")) return "response-issuer";
  if (said.includes("response parameter")) return "response-malformed";
  if (said.includes('"alg"')) return "id-token-algorithm";
  const claim = /JWT "(\w+)"/.exec(said)?.[1];
  if (claim) return claim === "header" ? "id-token-malformed" : reasonOfClaim(claim);
  if (said.includes('"id_token"')) return "id-token-missing";
  return said.includes("JWT") ? "id-token-malformed" : "token-response";
}
