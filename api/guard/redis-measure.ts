/** Counts in Redis: the same for all processes, lost with it. */
import type { Redis } from "ioredis";
import { type Counted, knownSeconds, type Measure, mostMembers, reportEverySeconds } from "./measure.ts";
import { everywhereFactor, type Growth, type GuardSettings } from "./settings.ts";

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

/**
 * KEYS: the pair, the account, addresses failing at the account, then of the address and of all addresses: failing accounts, accounts
 * known (this period's, the last one's). ARGV: now (ms), forget (s), whether attempts count, the account, the address, windows of
 * accounts and of addresses (s), most members, whether it may be part of an attack, least accounts of the address and of all, percent.
 * Answers {addresses, accounts, their bound, accounts everywhere, their bound}. What is an attack from its address is not counted
 * among everybody's.
 */
const failedScript = `
if ARGV[3] ~= '1' then redis.call('HINCRBY', KEYS[1], 'n', 1) end
redis.call('HSET', KEYS[1], 't', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('INCR', KEYS[2])
redis.call('EXPIRE', KEYS[2], ARGV[2])
if ARGV[9] ~= '1' then return {0, 0, 1, 0, 1} end
local function count(key, member, seconds)
  redis.call('ZADD', key, ARGV[1], member)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', tonumber(ARGV[1]) - seconds * 1000)
  redis.call('ZREMRANGEBYRANK', key, 0, -1 - tonumber(ARGV[8]))
  redis.call('EXPIRE', key, seconds)
  return redis.call('ZCARD', key)
end
local function bound(least, this, last)
  return math.max(tonumber(least), math.ceil(redis.call('PFCOUNT', this, last) * tonumber(ARGV[12]) / 100))
end
local addresses = count(KEYS[3], ARGV[5], tonumber(ARGV[7]))
local accounts = count(KEYS[4], ARGV[4], tonumber(ARGV[6]))
local most = bound(ARGV[10], KEYS[5], KEYS[6])
if accounts >= most then return {addresses, accounts, most, 0, 1} end
return {addresses, accounts, most, count(KEYS[7], ARGV[4], tonumber(ARGV[6])), bound(ARGV[11], KEYS[8], KEYS[9])}`;

/** Redis answers in a fraction of a millisecond or is not there. */
const patienceMilliseconds = 250;

export function createRedisMeasure(redis: Redis, settings: GuardSettings): Measure {
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
  const { sprayingSeconds, guessingSeconds, sprayedPercent } = settings.attacks;

  return {
    async admit(counted) {
      const { pair, account, forgetSeconds } = counted.way;
      const keys = keysOf(counted);
      const answer = await ask(() =>
        redis.eval(
          admitScript,
          3,
          keys.pair,
          keys.account,
          keys.trust,
          counted.now,
          ...growth(pair),
          ...growth(account),
          forgetSeconds,
          countsAttempts(counted),
        ) as Promise<[number, number]>
      );
      return answer && { refusedMilliseconds: answer[0], slowedMilliseconds: answer[1] };
    },

    async failed(counted, isGuess) {
      const { attack } = counted.way;
      const keys = keysOf(counted);
      const answer = await ask(() =>
        redis.eval(
          failedScript,
          9,
          keys.pair,
          keys.account,
          keys.failingAddresses,
          keys.failingAccounts,
          ...keys.known,
          keys.failingEverywhere,
          ...keys.knownEverywhere,
          counted.now,
          counted.way.forgetSeconds,
          countsAttempts(counted),
          counted.account,
          counted.address,
          sprayingSeconds,
          guessingSeconds,
          mostMembers,
          isGuess && attack !== null ? "1" : "0",
          attack?.accounts ?? 0,
          (attack?.accounts ?? 0) * everywhereFactor,
          sprayedPercent,
        ) as Promise<[number, number, number, number, number]>
      );
      if (answer === undefined) return undefined;
      const [addresses, accounts, accountsBound, everywhere, everywhereBound] = answer;
      return { addresses, accounts, accountsBound, everywhere, everywhereBound };
    },

    async succeeded(counted) {
      const keys = keysOf(counted);
      const done = await ask(() =>
        redis.multi().del(keys.pair).set(keys.trust, "1", "EX", settings.trustSeconds)
          .zrem(keys.failingAccounts, counted.account).zrem(keys.failingAddresses, counted.address)
          .pfadd(keys.known[0], counted.account).expire(keys.known[0], 2 * knownSeconds)
          .zrem(keys.failingEverywhere, counted.account)
          .pfadd(keys.knownEverywhere[0], counted.account).expire(keys.knownEverywhere[0], 2 * knownSeconds)
          .exec()
      );
      return done ? true : undefined;
    },

    async abandoned(counted) {
      const { pair } = keysOf(counted);
      const script =
        "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HINCRBY', KEYS[1], 'n', -1) end return 1";
      return await ask(() => redis.eval(script, 1, pair)) === undefined ? undefined : true;
    },

    async mayReport(what) {
      const key = `mss:guard:reported:${what}`;
      const answer = await ask(async () => ({
        set: await redis.set(key, "1", "EX", reportEverySeconds, "NX"),
      }));
      return answer && answer.set === "OK";
    },
  };
}

function growth({ free, firstSeconds, mostSeconds }: Growth): [number, number, number] {
  return [free, firstSeconds, mostSeconds];
}

function countsAttempts({ way }: Counted): "1" | "0" {
  return way.counts === "attempts" ? "1" : "0";
}

function keysOf({ now, account, address, pair, everywhere }: Counted) {
  const period = Math.floor(now / 1_000 / knownSeconds);
  const known = (number: number, where: string) => `mss:guard:known:${number}:${where}`;
  return {
    pair: `mss:guard:pair:${pair}`,
    trust: `mss:guard:trust:${pair}`,
    account: `mss:guard:account:${account}`,
    failingAccounts: `mss:guard:failing-accounts:${address}`,
    failingAddresses: `mss:guard:failing-addresses:${account}`,
    known: [known(period, address), known(period - 1, address)] as const,
    failingEverywhere: `mss:guard:failing-accounts:${everywhere}`,
    knownEverywhere: [known(period, everywhere), known(period - 1, everywhere)] as const,
  };
}
