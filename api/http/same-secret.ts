import { createHash, timingSafeEqual } from "node:crypto";

/** Whether somebody presents the secret that is kept, in a time that tells neither its length nor how much of it was right. */
export function isSameSecret(presented: string | null | undefined, kept: string | null): boolean {
  if (presented === null || presented === undefined || kept === null || kept === "") return false;
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(presented), digest(kept));
}
