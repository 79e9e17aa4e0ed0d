/**
 * Sessions lately read, in Redis and in this process: a page asks several things at once, and the way to Redis costs as
 * much as the rest of a short JMAP call (load/README.md). A cache and nothing more: an entry lives one second from the
 * moment PostgreSQL was asked, wherever it is copied, so that an ended session or a role taken away is in force within
 * that second even if the deletion of the entry is lost; and every fault of Redis is a miss.
 */
import { Buffer } from "node:buffer";
import type { Redis } from "ioredis";
import type { Log } from "../context.ts";

export const sessionCacheSeconds = 1;
/** Told of each ended session (its id), so that open event streams can be closed. Lost when Redis is down. */
export const sessionsEndedChannel = "mss:sessions-ended";

const patienceMilliseconds = 250;
const lifeMilliseconds = sessionCacheSeconds * 1_000;
/** Sessions kept in this process at once; beyond, the oldest goes. */
const maximumLocal = 10_000;

export interface SessionCache {
  get(tokenHash: Buffer): Promise<unknown>;
  set(tokenHash: Buffer, entry: unknown): Promise<void>;
  /** Forgets what was read of these sessions, which go on: something of their person has changed. */
  forget(tokenHashes: readonly Uint8Array[]): Promise<void>;
  /** Forgets these sessions and tells every process that they have ended. */
  end(sessions: readonly { readonly tokenHash: Uint8Array; readonly sessionId: string }[]): Promise<void>;
}

function keyOf(tokenHash: Uint8Array): string {
  return `mss:session:${tokenHash.toBase64({ alphabet: "base64url", omitPadding: true })}`;
}

export function createSessionCache(redis: Redis, log: Log): SessionCache {
  async function attempt<T>(what: string, run: () => Promise<T>): Promise<T | undefined> {
    // A client that is not connected queues its commands: PostgreSQL answers sooner.
    if (redis.status !== "ready") return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      const late = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(new Error("Redis is too slow")), patienceMilliseconds);
      });
      return await Promise.race([run(), late]);
    } catch (error) {
      log.warn("session-cache.unavailable", {
        what,
        error: error instanceof Error ? error.message : "unknown",
      });
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  const local = new Map<string, { readonly entry: unknown; readonly until: number }>();
  function keep(key: string, entry: unknown, until: number): void {
    local.delete(key);
    local.set(key, { entry, until });
    const [oldest] = local.keys();
    if (local.size > maximumLocal && oldest !== undefined) local.delete(oldest);
  }

  return {
    get: async (tokenHash) => {
      const key = keyOf(tokenHash);
      const kept = local.get(key);
      if (kept !== undefined && kept.until > Date.now()) return kept.entry;
      local.delete(key);
      const text = await attempt("get", () => redis.get(key));
      if (!text) return undefined;
      try {
        const { until, entry } = JSON.parse(text) as { until: number; entry: unknown };
        // A copy says how old it is; a clock that runs behind cannot make it live longer than one of its own.
        keep(key, entry, Math.min(until, Date.now() + lifeMilliseconds));
        return entry;
      } catch {
        // Not ours or cut short: a miss.
        return undefined;
      }
    },
    set: async (tokenHash, entry) => {
      const until = Date.now() + lifeMilliseconds;
      // As Redis gives it back: dates are text there.
      keep(keyOf(tokenHash), JSON.parse(JSON.stringify(entry)), until);
      await attempt(
        "set",
        () => redis.set(keyOf(tokenHash), JSON.stringify({ until, entry }), "PX", lifeMilliseconds),
      );
    },
    forget: async (tokenHashes) => {
      if (tokenHashes.length === 0) return;
      for (const tokenHash of tokenHashes) local.delete(keyOf(tokenHash));
      await attempt("forget", () => redis.del(...tokenHashes.map(keyOf)));
    },
    end: async (sessions) => {
      if (sessions.length === 0) return;
      for (const { tokenHash } of sessions) local.delete(keyOf(tokenHash));
      await attempt("end", async () => {
        await redis.del(...sessions.map((session) => keyOf(session.tokenHash)));
        for (const { sessionId } of sessions) await redis.publish(sessionsEndedChannel, sessionId);
      });
    },
  };
}
