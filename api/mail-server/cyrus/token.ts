/**
 * The token by which Cyrus takes a request as one box and no other: HS256, header exactly {"alg","typ"}, claims sub, iat, exp.
 * Cyrus does not lower `sub` and would then know no such account, so it is lowered here.
 */
import { SignJWT } from "jose";
import { MailServerRefused } from "../port.ts";

/** Life of a token. A stream outlives it: Cyrus looks at it when the request begins. */
const lifeSeconds = 300;
/** A token is used again while at least this much of its life is left. */
const marginSeconds = 120;
const mostCached = 10_000;

/**
 * A local part and a domain, lower case: no administrator ("cyrus" has no domain), nothing that IMAP, SASL or a path would
 * read as more than a name.
 */
const addressForm = /^[a-z0-9!#$&'*+=?^_{|}~-]+(\.[a-z0-9!#$&'*+=?^_{|}~-]+)*@[a-z0-9-]+(\.[a-z0-9-]+)+$/;

/** @throws MailServerRefused for what is no address of a box. */
export function boxAddress(address: string): string {
  const lower = address.toLowerCase();
  if (!addressForm.test(lower) || lower.length > 254 || /[*%]/.test(lower)) {
    throw new MailServerRefused("invalidAddress", "not an address Cyrus can hold a box for");
  }
  return lower;
}

/** Signs the Authorization header's value for a box; keeps it while it is fresh. */
export function tokenSigner(
  keyBase64: string,
  now: () => Date = () => new Date(),
): (address: string) => Promise<string> {
  const key = Uint8Array.fromBase64(keyBase64.trim());
  const cache = new Map<string, { value: string; until: number }>();
  return async (address) => {
    const subject = boxAddress(address);
    const seconds = Math.floor(now().getTime() / 1000);
    const kept = cache.get(subject);
    if (kept !== undefined && kept.until > seconds) return kept.value;
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .setSubject(subject)
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + lifeSeconds)
      .sign(key);
    const value = `Bearer ${token}`;
    if (cache.size >= mostCached) cache.clear();
    cache.set(subject, { value, until: seconds + lifeSeconds - marginSeconds });
    return value;
  };
}
