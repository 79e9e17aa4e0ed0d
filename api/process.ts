/** What both processes (main.ts, worker.ts) open in the same way: their log, their Redis, their end. */
import { Redis } from "ioredis";
import type { Log } from "./context.ts";

/** One JSON line per event on standard output, for the machine that collects them. */
export function createLog(process: string): Log {
  const write = (level: string) => (event: string, fields: Record<string, unknown> = {}) =>
    console.log(JSON.stringify({ at: new Date().toISOString(), level, process, event, ...fields }));
  return { info: write("info"), warn: write("warn"), error: write("error") };
}

/**
 * A client of Redis that never makes anybody wait: while Redis is away each command fails at once and the connection is tried
 * again in the background. What is kept there may be lost.
 */
export function createRedis(url: string, log: Log): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 2_000,
    commandTimeout: 1_000,
    retryStrategy: (attempt) => Math.min(attempt * 100, 2_000),
  });
  let isAway = false;
  redis.on("error", (error: Error) => {
    if (!isAway) log.warn("redis.away", { error: error.message });
    isAway = true;
  });
  redis.on("ready", () => {
    if (isAway) log.info("redis.back");
    isAway = false;
  });
  return redis;
}

/** Aborted at the first SIGTERM or SIGINT; a second one ends the process at once. */
export function terminationSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(name, () => {
      if (controller.signal.aborted) Deno.exit(1);
      controller.abort();
    });
  }
  return controller.signal;
}
