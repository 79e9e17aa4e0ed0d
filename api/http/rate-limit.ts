/**
 * How often one may ask: per person, per service account, and per address for who has not signed in. The JMAP gateway is
 * not counted, so that no webmail is ever slowed by its hospital's shared address; neither are health, pages and files.
 *
 * A window of W seconds with limit N fills by one every W/N seconds and holds N (GCRA): a burst of N passes, what is sent
 * evenly passes for ever. Counted in Redis for all processes, by its clock; with Redis down nothing is counted.
 *
 * Headers: draft-ietf-httpapi-ratelimit-headers (`RateLimit-Policy`, `RateLimit`), `Retry-After` (RFC 9110 §10.2.3).
 */
import { createMiddleware } from "hono/factory";
import type { Redis } from "ioredis";
import type { AppDeps, Context } from "../context.ts";
import { problem } from "../problems.ts";
import { callerOf } from "./caller-address.ts";
import { type ApiEnv, contextOf } from "./openapi.ts";
import { problemResponse } from "./render-problem.ts";

/** What is left after one more request. */
export interface Quota {
  readonly isAllowed: boolean;
  readonly remaining: number;
  readonly retryAfterMilliseconds: number;
  /** Until everything is there again. */
  readonly resetMilliseconds: number;
}

/** The time at which the bucket is full again is all that is kept; it goes with that time. */
const script = `
local interval, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local wanted = full + interval - window
if wanted > now then return {0, 0, math.ceil(wanted - now), math.ceil(full - now)} end
full = full + interval
redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', math.ceil(full - now) + 1)
return {1, math.floor((window - (full - now)) / interval + 0.0001), 0, math.ceil(full - now)}`;

const command = "takeRequest";
type Take = (key: string, interval: number, window: number) => Promise<[number, number, number, number]>;
/** Redis answers in a fraction of a millisecond or is not there. */
const patienceMilliseconds = 250;

/** Counts requests in Redis; undefined when it cannot. */
export function createCounter(redis: Redis) {
  redis.defineCommand(command, { numberOfKeys: 1, lua: script });
  const take = (redis as unknown as Record<typeof command, Take>)[command].bind(redis);
  return async (key: string, limit: number, windowSeconds: number): Promise<Quota | undefined> => {
    // A client that is not connected queues its commands.
    if (redis.status !== "ready") return undefined;
    const window = windowSeconds * 1_000;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), patienceMilliseconds);
    });
    try {
      const answer = await Promise.race([take(key, window / limit, window), late]);
      if (answer === undefined) return undefined;
      const [isAllowed, remaining, retryAfterMilliseconds, resetMilliseconds] = answer;
      return { isAllowed: isAllowed === 1, remaining, retryAfterMilliseconds, resetMilliseconds };
    } catch {
      // Redis holds what may be lost: better to answer than to refuse everybody (house decision 2).
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  };
}

/** Stands behind `authenticate`. */
export function rateLimit({ config, redis }: Pick<AppDeps, "config" | "redis">) {
  const { windowSeconds, perPerson, perServiceAccount, perAddress } = config.rateLimits;
  const count = createCounter(redis);
  const bucketOf = (actor: Context["actor"], address: () => string) => {
    if (actor.kind === "person") return { policy: "person", id: actor.personId, limit: perPerson };
    if (actor.kind === "service") {
      return { policy: "service-account", id: actor.serviceAccountId, limit: perServiceAccount };
    }
    return { policy: "address", id: address(), limit: perAddress };
  };
  return createMiddleware<ApiEnv>(async (c, next) => {
    const bucket = bucketOf(
      contextOf(c).actor,
      () => callerOf(contextOf(c)),
    );
    const quota = await count(`mss:rate:${bucket.policy}:${bucket.id}`, bucket.limit, windowSeconds);
    if (quota === undefined) return await next();
    if (quota.isAllowed) await next();
    else {
      const retryAfterSeconds = Math.max(1, Math.ceil(quota.retryAfterMilliseconds / 1_000));
      c.res = problemResponse(problem("too-many-requests", { retryAfterSeconds }), {
        baseUrl: config.baseUrl,
        requestId: c.get("requestId"),
      });
    }
    const reset = Math.ceil(quota.resetMilliseconds / 1_000);
    c.res.headers.set("ratelimit-policy", `"${bucket.policy}";q=${bucket.limit};w=${windowSeconds}`);
    c.res.headers.set("ratelimit", `"${bucket.policy}";r=${quota.remaining};t=${reset}`);
  });
}
