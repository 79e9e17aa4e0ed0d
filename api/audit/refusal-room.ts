/**
 * Which refusals stand in the trail: of the same kind one per minute, and altogether so many, so that who sends thousands fills neither
 * the trail nor the database. The log has a line for each.
 */
import { createHash } from "node:crypto";
import type { Log } from "../context.ts";

const windowMilliseconds = 60_000;
const maxPerWindow = 300;

export interface RefusalRoom {
  /** @param what makes it the same as another; only told apart, never kept */
  has(what: readonly unknown[], log: Log): boolean;
}

export function createRefusalRoom(now: () => Date): RefusalRoom {
  let window = { from: 0, suppressed: 0, seen: new Set<string>() };
  return {
    has(what, log) {
      const at = now().getTime();
      if (at - window.from >= windowMilliseconds || at < window.from) {
        if (window.suppressed > 0) log.warn("audit.refusals-not-traced", { count: window.suppressed });
        window = { from: at, suppressed: 0, seen: new Set() };
      }
      const key = createHash("sha256").update(JSON.stringify(what)).digest("base64");
      const isNew = !window.seen.has(key) && window.seen.size < maxPerWindow;
      if (isNew) window.seen.add(key);
      else window.suppressed++;
      return isNew;
    },
  };
}
