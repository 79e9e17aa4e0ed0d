/** Whether the services beside us answer. Many open dashboards share one look of a few seconds. */
import type { AppDeps } from "../context.ts";

export interface Services {
  readonly mailServer: "ready" | "unavailable";
  readonly cache: "ready" | "unavailable";
}

const patienceMilliseconds = 2_000;
const keptMilliseconds = 5_000;

export function createServiceWatch(deps: Pick<AppDeps, "mailServer" | "redis">): () => Promise<Services> {
  let last: { readonly at: number; readonly services: Promise<Services> } | undefined;
  const look = async (): Promise<Services> => {
    const [mailServer, cache] = await Promise.all([
      deps.mailServer.probe(AbortSignal.timeout(patienceMilliseconds)),
      deps.redis.ping().then(() => "ready" as const, () => "unavailable" as const),
    ]);
    return { mailServer, cache };
  };
  return () => {
    const now = performance.now();
    if (last === undefined || now - last.at > keptMilliseconds) last = { at: now, services: look() };
    return last.services;
  };
}
