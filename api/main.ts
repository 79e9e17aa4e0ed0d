/** The HTTP process: reads the configuration, opens the pools, serves, drains on SIGTERM. */
import { createApp } from "./app.ts";
import { readConfig } from "./config.ts";
import type { AppDeps } from "./context.ts";
import { createDatabase, createPool } from "./database/pool.ts";
import { createConnections, createDoveadm, watchSessions } from "./edge/mod.ts";
import { createEdgeApp } from "./edge/routes.ts";
import { createIdentity, followSessions } from "./identity/mod.ts";
import { createMailServer } from "./mail-server/mod.ts";
import { createLog, createRedis, terminationSignal } from "./process.ts";

/** Longest wait for running requests; event streams do not end by themselves. */
const drainMilliseconds = 800;

const config = readConfig();
const log = createLog("api");
const closing = terminationSignal();
const db = createDatabase(createPool(config.database));
const redis = createRedis(config.redisUrl, log);
const deps: AppDeps = {
  config,
  db,
  redis,
  mailServer: createMailServer(config.mail),
  now: () => new Date(),
  log,
  closing,
};
const app = createApp(deps);
followSessions(
  createIdentity(deps),
  () => ({
    db,
    actor: { kind: "system", job: "follow-sessions" },
    requestId: crypto.randomUUID(),
    now: deps.now,
    log,
  }),
  closing,
);
const server = Deno.serve({
  hostname: config.listen.hostname,
  port: config.listen.port,
  onListen: ({ hostname, port }) =>
    log.info("api ready", { listening: `http://${hostname}:${port}`, baseUrl: config.baseUrl }),
}, app.fetch);
const { edge } = config;
// Where nobody looks who is connected nothing is counted.
const connections = edge?.doveadm ? createConnections(deps.now, edge.maxConnections) : undefined;
const edgeServer = edge &&
  Deno.serve(
    { ...edge.listen, onListen: () => log.info("edge ready") },
    createEdgeApp(deps, edge, connections && { connections }).fetch,
  );
if (edge?.doveadm && connections) {
  const { db, now } = deps;
  // Ends with the process; it catches what it meets.
  void watchSessions({ db, now, log, doveadm: createDoveadm(edge.doveadm), connections }, closing);
}

await new Promise<void>((resolve) => closing.addEventListener("abort", () => resolve(), { once: true }));
log.info("api stopping");
await Promise.race([
  Promise.all([server.shutdown(), edgeServer?.shutdown()]),
  new Promise((resolve) => setTimeout(resolve, drainMilliseconds)),
]);
redis.disconnect();
await Promise.race([db.destroy(), new Promise((resolve) => setTimeout(resolve, 100))]);
Deno.exit(0);
