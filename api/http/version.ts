/**
 * Versions of resources as entity tags (RFC 9110 §8.8.3): an answer names the version it shows, a change may say which
 * version it was meant for, and is refused when somebody else came first.
 */
import { invalidRequest, problem } from "../problems.ts";
import { z } from "./openapi.ts";

export const ifMatchHeader = z.object({
  "if-match": z.string().max(100).optional().openapi({ description: "ETag of the version that was seen" }),
});

export function etag(version: number): string {
  return `"${version}"`;
}

/** The version that `If-Match` names; undefined for `*` and when absent. Throws `invalid-request` for anything else. */
export function versionOf(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch.trim() === "*") return undefined;
  const version = /^(?:W\/)?"(\d{1,15})"$/.exec(ifMatch.trim())?.[1];
  if (version === undefined) {
    throw invalidRequest([{ pointer: "/header/if-match", detail: "is not an ETag of this API" }]);
  }
  return Number(version);
}

/** Throws `version-mismatch` when the row is no longer the one that was seen. */
export function checkVersion(current: number, seen: number | undefined): void {
  if (seen !== undefined && seen !== current) throw problem("version-mismatch", { currentVersion: current });
}
