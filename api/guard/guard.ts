import { createHash } from "node:crypto";
import type { Redis } from "ioredis";
import type { Log } from "../context.ts";
import { defaultGuardSettings, type Growth, type GuardSettings, type Way } from "./settings.ts";

export interface GuardedAttempt {
  readonly way: Way;
  /** Whose secret is tried: a box, a login, a person's id. In clear here, a digest in Redis. */
  readonly account: string;
  /** Where it comes from. */
  readonly address: string;
}

export type Verdict = { readonly ok: true } | { readonly ok: false; readonly retryAfterSeconds: number };

export interface Guard {
  /** To be asked before the secret is looked at. May take its time: an account under attack is slowed. */
  admit(attempt: GuardedAttempt): Promise<Verdict>;
  /** The secret was wrong. */
  failed(attempt: GuardedAttempt & { readonly reason: string }): Promise<void>;
  /** It was right: this account from this address begins anew. */
  succeeded(attempt: GuardedAttempt): Promise<void>;
  /** Neither: what decides could not be asked. The attempt counts for nothing. */
  abandoned(attempt: GuardedAttempt): Promise<void>;
}

export interface GuardDeps {
  readonly redis: Redis;
  readonly now: () => Date;
  readonly log: Log;
  readonly settings?: GuardSettings;
  /** Slows: `setTimeout` but in tests. */
  readonly wait?: (milliseconds: number) => Promise<void>;
  /** Told once per address and window, beside the log. */
  readonly onSpraying?: (
    finding: { readonly way: Way; readonly address: string; readonly accounts: number },
  ) => void;
}

/**
 * KEYS: the pair, the account, the pair's trust. ARGV: now (ms), pair free/first/most (s), account free/first/most (s),
 * forget (s), whether attempts count. Answers {refused for (ms), slowed by (ms)}.
 * Who must wait and has waited takes his turn at once, so that of many at the same moment one passes.
 */
const admitScript = `
local now = tonumber(ARGV[1])
local function delay(count, free, first, most)
  if count < free then return 0 end
  return math.min(most, first * 2 ^ math.min(count - free, 30)) * 1000
end
local count = tonumber(redis.call('HGET', KEYS[1], 'n') or 0)
local needed = delay(count, tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]))
local waited = now - tonumber(redis.call('HGET', KEYS[1], 't') or 0)
if waited < needed then return {math.ceil(needed - waited), 0} end
if ARGV[9] == '1' then redis.call('HINCRBY', KEYS[1], 'n', 1) end
if needed > 0 or ARGV[9] == '1' then
  redis.call('HSET', KEYS[1], 't', ARGV[1])
  redis.call('EXPIRE', KEYS[1], ARGV[8])
end
if redis.call('EXISTS', KEYS[3]) == 1 then return {0, 0} end
local all = tonumber(redis.call('GET', KEYS[2]) or 0)
return {0, math.ceil(delay(all, tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])))}`;

/** KEYS: pair, account, the address's failing accounts. ARGV: now (ms), forget (s), whether attempts count, digest of the account, window (s). Answers how many accounts. */
const failedScript = `
if ARGV[3] ~= '1' then redis.call('HINCRBY', KEYS[1], 'n', 1) end
redis.call('HSET', KEYS[1], 't', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('INCR', KEYS[2])
redis.call('EXPIRE', KEYS[2], ARGV[2])
redis.call('PFADD', KEYS[3], ARGV[4])
if redis.call('TTL', KEYS[3]) < 0 then redis.call('EXPIRE', KEYS[3], ARGV[5]) end
return redis.call('PFCOUNT', KEYS[3])`;

/** Redis answers in a fraction of a millisecond or is not there. */
const patienceMilliseconds = 250;

export function createGuard(deps: GuardDeps): Guard {
  const { redis, now, log, settings = defaultGuardSettings, onSpraying } = deps;
  const wait = deps.wait ?? ((milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)));

  /** The answer of Redis; undefined when there is none. */
  async function ask<T>(command: () => Promise<T>): Promise<T | undefined> {
    // A client that is not connected may queue its commands.
    if (redis.status !== "ready") return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), patienceMilliseconds);
    });
    try {
      return await Promise.race([command(), late]);
    } catch {
      return undefined; // What is kept there may be lost (house decision 2).
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    async admit(attempt) {
      const { pair, account, counts, forgetSeconds } = settings.ways[attempt.way];
      const keys = keysOf(attempt);
      const answer = await ask(() =>
        redis.eval(
          admitScript,
          3,
          keys.pair,
          keys.account,
          keys.trust,
          now().getTime(),
          ...growth(pair),
          ...growth(account),
          forgetSeconds,
          counts === "attempts" ? "1" : "0",
        ) as Promise<[number, number]>
      );
      const [refused, slowed] = answer ?? [0, 0];
      if (refused > 0) return { ok: false, retryAfterSeconds: Math.ceil(refused / 1_000) };
      if (slowed > 0) await wait(slowed);
      return { ok: true };
    },

    async failed({ reason, ...attempt }) {
      const { counts, forgetSeconds } = settings.ways[attempt.way];
      const keys = keysOf(attempt);
      const { accounts: bound, windowSeconds } = settings.spraying;
      const accounts = await ask(() =>
        redis.eval(
          failedScript,
          3,
          keys.pair,
          keys.account,
          keys.failing,
          now().getTime(),
          forgetSeconds,
          counts === "attempts" ? "1" : "0",
          keys.account,
          windowSeconds,
        ) as Promise<number>
      );
      if (accounts === undefined || accounts < bound) return;
      const isFirst = await ask(() => redis.set(keys.reported, "1", "EX", windowSeconds, "NX"));
      if (isFirst !== "OK") return;
      // The address is what somebody must look at; whose accounts they are is said nowhere.
      log.warn("guard.spraying", { way: attempt.way, address: attempt.address, accounts, reason });
      onSpraying?.({ way: attempt.way, address: attempt.address, accounts });
    },

    async succeeded(attempt) {
      const keys = keysOf(attempt);
      await ask(() => redis.multi().del(keys.pair).set(keys.trust, "1", "EX", settings.trustSeconds).exec());
    },

    async abandoned(attempt) {
      if (settings.ways[attempt.way].counts === "failures") return;
      const keys = keysOf(attempt);
      await ask(() =>
        redis.eval(
          "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HINCRBY', KEYS[1], 'n', -1) end",
          1,
          keys.pair,
        )
      );
    },
  };
}

function growth({ free, firstSeconds, mostSeconds }: Growth): [number, number, number] {
  return [free, firstSeconds, mostSeconds];
}

function keysOf({ way, account, address }: GuardedAttempt) {
  // JSON: no two different pairs are written alike.
  const digest = (...parts: string[]) =>
    createHash("sha256").update(JSON.stringify(parts)).digest("base64url").slice(0, 22);
  const whose = account.toLowerCase();
  return {
    pair: `mss:guard:pair:${digest(way, whose, address)}`,
    trust: `mss:guard:trust:${digest(way, whose, address)}`,
    account: `mss:guard:account:${digest(way, whose)}`,
    failing: `mss:guard:failing:${digest(way, address)}`,
    reported: `mss:guard:reported:${digest(way, address)}`,
  };
}
