/**
 * Tickets: nginx has seen a certificate over TLS and Dovecot must let its box in. What passes between them is a random value that
 * opens one box, once, within ten seconds. Kept in Redis, and lost with it: the client tries again.
 */
import type { Redis } from "ioredis";
import { z } from "zod";
import { hashToken, isToken, randomToken } from "../identity/mod.ts";

const mark = "mss_et_";
const lifetimeSeconds = 10;

export interface TicketHolder {
  readonly box: string;
  /** Name of the proof (proof.ts). */
  readonly proof: string;
}
const holderShape = z.object({ box: z.string(), proof: z.string() });

export function isTicket(secret: string): boolean {
  return secret.startsWith(mark);
}

export interface Tickets {
  /** Throws when Redis is away. */
  give(holder: TicketHolder): Promise<string>;
  /** Once. Throws when Redis is away. */
  take(ticket: string): Promise<TicketHolder | undefined>;
}

export function createTickets(redis: Redis): Tickets {
  const keyOf = (token: string) => `mss:edge:ticket:${hashToken(token).toString("base64url")}`;
  return {
    async give(holder) {
      const token = randomToken();
      await redis.set(keyOf(token), JSON.stringify(holder), "EX", lifetimeSeconds);
      return mark + token;
    },
    async take(ticket) {
      const token = ticket.slice(mark.length);
      if (!isToken(token)) return undefined;
      const text = await redis.getdel(keyOf(token));
      return text === null ? undefined : holderShape.parse(JSON.parse(text));
    },
  };
}
