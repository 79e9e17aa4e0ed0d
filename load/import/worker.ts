/** The worker's process of load/import/main.ts: every job of the platform, and a mail server that does not answer. */
import { connectionOf, createDatabase, createPool } from "../../api/database/pool.ts";
import { createMailServer } from "../../api/mail-server/mod.ts";
import { runWorkers, type WorkerDeps } from "../../api/workers/mod.ts";

const config = {
  url: Deno.env.get("LOAD_DATABASE_URL") ?? "",
  password: Deno.env.get("LOAD_DATABASE_PASSWORD") ?? "",
  poolSize: 10,
};
const pool = createPool(config);
const db = createDatabase(pool);
const nowhere = "http://127.0.0.1:9";
const deps = {
  contextOf: (job) => ({
    db,
    actor: { kind: "system", job },
    requestId: crypto.randomUUID(),
    now: () => new Date(),
    log: { info: () => {}, warn: () => {}, error: console.error },
  }),
  mailServer: createMailServer({
    kind: "stalwart",
    jmapUrl: `${nowhere}/jmap/`,
    gatewayLogin: "gateway@load.test",
    gatewaySecret: "x",
    provisionerLogin: "admin@load.test",
    provisionerSecret: "x",
  }),
  closedMailRetentionDays: 365,
  inactivity: { noticeAfterDays: 335, objectionDays: 30, depublishAfterDays: 30, closeAfterDays: 30 },
  clientAccess: { reminderDays: [], endedDays: 180 },
  noticeFrom: "no-reply@load.test",
  privacy: { exportDirectory: null, exportKeepDays: 7, traceRetentionDays: 365, erasureGraceDays: 3 },
  refreshWhiteList: () => Promise.resolve(false),
  announceMailbox: () => Promise.resolve(),
} satisfies Partial<WorkerDeps> as unknown as WorkerDeps;
const workers = runWorkers({
  deps,
  pool,
  connection: connectionOf(config),
  whiteListRefreshSeconds: 3600,
  onReady: () => {},
});
Deno.addSignalListener("SIGTERM", async () => {
  await Promise.race([workers.stop(), new Promise((resolve) => setTimeout(resolve, 3_000))]);
  Deno.exit(0);
});
