/**
 * Decoupled sign-in (CIBA, poll mode) at the simulated service: who is asked on his phone, and what he answers. A person
 * answers on the page `/telephone`, a test by the control port.
 */
import type { Person } from "./people.ts";

export interface Ringing {
  /** `auth_req_id`. */
  readonly id: string;
  readonly person: Person;
  readonly bindingMessage: string;
  readonly channel: string;
  readonly expiresAt: number;
}

export interface Phones {
  ring(request: Ringing): void;
  list(): Ringing[];
  find(id: string): Ringing | undefined;
  silence(id: string): void;
  /** Whether this poll comes earlier than the interval allows. */
  isTooFast(id: string, intervalSeconds: number): boolean;
}

export function createPhones(): Phones {
  const ringing = new Map<string, Ringing>();
  const polled = new Map<string, number>();

  return {
    ring: (request) => void ringing.set(request.id, request),
    list: () => {
      for (const [id, one] of ringing) if (one.expiresAt < Date.now()) ringing.delete(id);
      return [...ringing.values()];
    },
    find: (id) => ringing.get(id),
    silence: (id) => void ringing.delete(id),
    isTooFast: (id, intervalSeconds) => {
      const before = polled.get(id) ?? 0;
      polled.set(id, Date.now());
      return Date.now() - before < intervalSeconds * 1_000;
    },
  };
}
