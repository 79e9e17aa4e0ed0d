/** The secret of an app password: made by the platform, shown once, kept as its digest. */
import { createHash, randomBytes } from "node:crypto";

/** 32 of them, none that is mistaken for another; all lower case. */
const letters = "abcdefghijkmnpqrstuvwxyz23456789";
const length = 32;

/** 160 random bits in groups that a person can type into a program once. */
export function newAppPassword(): string {
  const text = Array.from(randomBytes(length), (byte) => letters[byte % letters.length]).join("");
  return text.replace(/(.{8})(?=.)/g, "$1-");
}

/** The digest by which it is known. Groups may be typed without their hyphens, with spaces or in capitals. */
export function hashAppPassword(secret: string): Uint8Array {
  return createHash("sha256").update(secret.replace(/[\s-]/g, "").toLowerCase()).digest();
}
