/**
 * Why the provider may have called a token inactive, read off the token itself without any check: for the trail alone, where
 * somebody looks for what went wrong. Nothing is decided by it.
 */
import { decodeJwt, decodeProtectedHeader } from "jose";
import type { RefusalReason } from "./refusal.ts";

export function guessInactive(token: string, issuer: string, now: Date): RefusalReason {
  try {
    if (decodeProtectedHeader(token).alg !== "RS256") return "token-algorithm";
    const { iss, exp, nbf, typ } = decodeJwt(token);
    const seconds = now.getTime() / 1_000;
    if (iss !== undefined && iss !== issuer) return "token-issuer";
    if (typ !== undefined && typ !== "Bearer") return "token-type";
    if (exp !== undefined && exp <= seconds) return "token-expired";
    if (nbf !== undefined && nbf > seconds) return "token-not-yet-valid";
    // Its signature, or that the provider has withdrawn it: the provider does not say.
    return "token-inactive";
  } catch {
    return "token-unreadable";
  }
}
