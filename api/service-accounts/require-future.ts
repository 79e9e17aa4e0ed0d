import { invalidRequest } from "../problems.ts";

/** Throws `invalid-request` for an end that has passed already. */
export function requireFuture(expiresAt: Date | null | undefined, now: Date): void {
  if (expiresAt && expiresAt <= now) {
    throw invalidRequest([{ pointer: "/expiresAt", detail: "must be in the future" }]);
  }
}
