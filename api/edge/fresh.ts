/**
 * What this process has just learnt of a secret, by a digest that only it can make: a mail client presents the same one on five
 * connections at once, and a broken one presents the same wrong one all day. Decides nothing.
 */
import { createHmac, randomBytes } from "node:crypto";
import type { Attempt } from "./attempt.ts";

const memoryMilliseconds = 60_000;
const maxKept = 10_000;

type State = "good" | "bad";

export interface Fresh {
  stateOf(attempt: Attempt): State | undefined;
  note(attempt: Attempt, state: State): void;
}

export function createFresh(now: () => Date): Fresh {
  const key = randomBytes(32);
  const kept = new Map<string, { readonly state: State; readonly until: number }>();
  const digest = ({ username, secret, ip, service }: Attempt) =>
    createHmac("sha256", key).update(JSON.stringify([service, username, secret, ip])).digest("base64");
  return {
    stateOf(attempt) {
      const found = kept.get(digest(attempt));
      return found !== undefined && found.until > now().getTime() ? found.state : undefined;
    },
    note(attempt, state) {
      const name = digest(attempt);
      kept.delete(name);
      kept.set(name, { state, until: now().getTime() + memoryMilliseconds });
      // A Map keeps the order of insertion: the first is the oldest.
      if (kept.size > maxKept) kept.delete(kept.keys().next().value!);
    },
  };
}
