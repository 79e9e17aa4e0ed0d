/** Random values that only their holder knows, and the digest under which the platform keeps them. */
import { Buffer } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";

/** 256 bits, base64url, 43 characters (ASVS 7.2.3). */
export function randomToken(): string {
  return randomBytes(32).toString("base64url");
}

export function isToken(value: string | undefined | null): value is string {
  return typeof value === "string" && /^[A-Za-z0-9_-]{43}$/.test(value);
}

/** SHA-256: the values are random, so neither salt nor slow hash is needed. */
export function hashToken(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
