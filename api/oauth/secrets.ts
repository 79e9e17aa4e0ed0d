/** Tokens of this server: a mark by which they are recognised (also in a leak), and 256 bits of chance. */
import { hashToken, isToken, randomToken } from "../identity/mod.ts";

export const marks = { access: "mss_at_", refresh: "mss_rt_", code: "mss_ac_" } as const;

export interface NewSecret {
  readonly text: string;
  readonly hash: Uint8Array;
}

export function newSecret(kind: keyof typeof marks): NewSecret {
  const text = marks[kind] + randomToken();
  return { text, hash: hashToken(text) };
}

/** The digest of something that may be such a token; undefined for what cannot be one. */
export function readSecret(
  kind: keyof typeof marks,
  text: string | null | undefined,
): Uint8Array | undefined {
  const isOne = text?.startsWith(marks[kind]) === true && isToken(text.slice(marks[kind].length));
  return isOne ? hashToken(text) : undefined;
}
