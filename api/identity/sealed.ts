/**
 * Keeps what must be read again (the provider's refresh token) so that neither the database nor a copy of it is enough:
 * AES-256-GCM under a key of a file, bound to what it belongs to. The first key seals, all open: a key is changed by
 * putting the new one on top, and the old one away when the longest session is over and the staff (api/staff) has signed in:
 * the secret of its codes is sealed anew at each use.
 */
import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";

export interface Seal {
  /** @param belongsTo what alone it opens for, e.g. the session's id: rows cannot be swapped */
  seal(text: string, belongsTo: string): Buffer;
  /** Undefined when it was sealed for something else, by a key that is gone, or was changed. */
  open(sealed: Uint8Array, belongsTo: string): string | undefined;
  /** A digest that only the key's holder can make: of numbers that could all be tried. */
  fingerprint(text: string): Buffer;
}

const version = 1;
const nonceBytes = 12;
const tagBytes = 16;

/** @param keys 32 bytes each, in base64 or base64url */
export function createSeal(keys: readonly string[]): Seal {
  const opened = keys.map((key) => Buffer.from(key, "base64"));
  const [first] = opened;
  if (!first || opened.some((key) => key.length !== 32)) throw new Error("a sealing key has 32 bytes");

  return {
    seal: (text, belongsTo) => {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", first, nonce);
      cipher.setAAD(Buffer.from(belongsTo));
      const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return Buffer.concat([Buffer.from([version]), nonce, cipher.getAuthTag(), body]);
    },
    open: (sealed, belongsTo) => {
      const bytes = Buffer.from(sealed);
      if (bytes[0] !== version || bytes.length < 1 + nonceBytes + tagBytes) return undefined;
      const nonce = bytes.subarray(1, 1 + nonceBytes);
      const tag = bytes.subarray(1 + nonceBytes, 1 + nonceBytes + tagBytes);
      for (const key of opened) {
        try {
          const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes });
          decipher.setAAD(Buffer.from(belongsTo));
          decipher.setAuthTag(tag);
          return Buffer.concat([decipher.update(bytes.subarray(1 + nonceBytes + tagBytes)), decipher.final()])
            .toString("utf8");
        } catch {
          // Another key's, or nobody's: the caller does without.
        }
      }
      return undefined;
    },
    fingerprint: (text) => createHmac("sha256", first).update(text).digest(),
  };
}
