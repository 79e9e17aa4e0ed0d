/**
 * Mail that the edge hands over a second time: it was killed between the mail server's 250 and its own note of it
 * (mailserver/edge/submission). Each acceptance at the edge has a name, `X-MSS-Handover`, which a client cannot give; the first
 * time a name comes is noted, and what comes again under it goes on only when the mail server does not have it already.
 *
 * The notes are in Redis, which may lose them: then a mail is doubled, never lost.
 */
import type { Redis } from "ioredis";
import type { MailServer, SubmissionHook } from "../mail-server/mod.ts";

/** `first`: go on. `repeated`: the mail server has it. `wait`: it may have it, which shows in a moment. */
export type Handover = "first" | "repeated" | "wait";

export interface Handovers {
  recognise(hook: SubmissionHook): Promise<Handover>;
}

export interface HandoversOptions {
  readonly redis: Redis;
  readonly mailServer: Pick<MailServer, "findSubmission">;
  readonly now: () => Date;
}

/** The edge gives a mail up after two days. */
const keptSeconds = 3 * 24 * 60 * 60;
/** As long as the first may still be on its way into a box; after that a mail that is nowhere is handed on. */
const settledMilliseconds = 60_000;

export function createHandovers({ redis, mailServer, now }: HandoversOptions): Handovers {
  return {
    async recognise({ box, handover, messageId, recipients }) {
      if (handover === undefined || messageId === undefined) return "first";
      const at = now();
      const key = await keyOf([box, handover, ...[...recipients].sort()]);
      const firstAt = await noteFirst(redis, key, at);
      if (firstAt === undefined) return "first";
      const trace = await mailServer.findSubmission(box, messageId, firstAt, recipients);
      if (trace === "accepted") return "repeated";
      return trace === "unknown" && at.getTime() - firstAt.getTime() < settledMilliseconds ? "wait" : "first";
    },
  };
}

/** When it came first; undefined when it does now, or nobody knows. */
async function noteFirst(redis: Redis, key: string, at: Date): Promise<Date | undefined> {
  try {
    if (await redis.set(key, at.getTime(), "EX", keptSeconds, "NX") === "OK") return undefined;
    const since = Number(await redis.get(key));
    return Number.isSafeInteger(since) && since > 0 ? new Date(since) : undefined;
  } catch {
    return undefined; // Redis is away: better a mail that comes twice than none that comes.
  }
}

/** No address stands in Redis. */
async function keyOf(parts: readonly string[]): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(parts.join("\n")));
  return `handover:${new Uint8Array(digest).toHex()}`;
}
