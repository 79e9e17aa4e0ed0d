/** Tokens of this server: a mark by which they are recognised (also in a leak), and 256 bits of chance. */
import { createHash, randomBytes } from "node:crypto";

export const marks = { access: "mss_at_", refresh: "mss_rt_", code: "mss_ac_" } as const;

export interface NewSecret {
  readonly text: string;
  readonly hash: Uint8Array;
}

export function newSecret(kind: keyof typeof marks): NewSecret {
  const text = marks[kind] + randomBytes(32).toString("base64url");
  return { text, hash: hashOf(text) };
}

/** The digest of something that may be such a token; undefined for what cannot be one. */
export function readSecret(
  kind: keyof typeof marks,
  text: string | null | undefined,
): Uint8Array | undefined {
  const isOne = typeof text === "string" && text.startsWith(marks[kind]) &&
    /^[A-Za-z0-9_-]{43}$/.test(text.slice(marks[kind].length));
  return isOne ? hashOf(text) : undefined;
}

function hashOf(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
