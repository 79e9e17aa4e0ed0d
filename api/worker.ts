/** The worker's process: reads the configuration, opens what the jobs need, runs them, ends on SIGTERM. */
import { readConfig } from "./config.ts";
import type { Context } from "./context.ts";
import { mailboxChangedChannel } from "./database/channels.ts";
import { connectionOf, createDatabase, createPool } from "./database/pool.ts";
import { createMailServer } from "./mail-server/mod.ts";
import { createLog, createRedis, terminationSignal } from "./process.ts";
import { createWhiteListRefresh } from "./trust-space/mod.ts";
import { runWorkers, type WorkerDeps } from "./workers/mod.ts";

const config = readConfig();
const log = createLog("worker");
const terminated = terminationSignal();
const pool = createPool(config.database);
const db = createDatabase(pool);
const redis = createRedis(config.redisUrl, log);
const refreshWhiteList = createWhiteListRefresh(config.whiteList);

const deps: WorkerDeps = {
  contextOf: (job): Context => ({
    db,
    actor: { kind: "system", job },
    requestId: crypto.randomUUID(),
    now: () => new Date(),
    log,
  }),
  mailServer: createMailServer(config.mail),
  closedMailRetentionDays: config.closedMailRetentionDays,
  grantsKeptDays: config.oauth.keptDays,
  inactivity: config.inactivity,
  clientAccess: config.clientAccess,
  noticeFrom: `no-reply@${config.operatorDomain}`,
  privacy: config.privacy,
  webhooks: config.webhooks,
  alerts: config.alerts,
  auditAnchorDirectory: config.auditAnchorDirectory,
  refreshWhiteList: async (ctx) => (await refreshWhiteList(ctx)).isTransient,
  announceMailbox: async (mailboxId) => {
    try {
      await redis.publish(mailboxChangedChannel, mailboxId);
    } catch {
      // Redis is away: the gateways look by themselves every few seconds.
    }
  },
};

const workers = runWorkers({
  deps,
  pool,
  connection: connectionOf(config.database),
  whiteListRefreshSeconds: config.whiteList.refreshSeconds,
  onReady: () => log.info("worker ready"),
});
await new Promise<void>((resolve) => terminated.addEventListener("abort", () => resolve(), { once: true }));
await workers.stop();
redis.disconnect();
await db.destroy();
Deno.exit(0);
