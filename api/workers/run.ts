/**
 * Runs the jobs, in one process at a time.
 *
 * The queue library frees the jobs of a worker that was killed only after four hours. Here whoever holds the lock below is the only
 * one at work, so all that is still marked as running when it takes the lock belongs to the dead, and is freed at once.
 */
import { Logger, makeWorkerUtils, parseCronItems, run, type TaskList } from "graphile-worker";
import pg from "pg";
import { type BatchJob, checkBatch, runLines, sweepBatches, undoLines } from "../bulk/mod.ts";
import { advanceInactivity, type NoticeJob } from "../inactivity/mod.ts";
import type { NewPlaceJob } from "../identity/mod.ts";
import { sendInactivityNotice } from "./send-inactivity-notice.ts";
import { planReminders, type ReminderJob, sweepAppPasswords } from "../client-access/mod.ts";
import { sendExpiryReminder } from "./send-expiry-reminder.ts";
import { sendNewPlaceNotice } from "./send-new-place-notice.ts";
import { enqueue } from "../database/enqueue.ts";
import { inSystem } from "../database/in-tenant.ts";
import { sweepAttacks, tellOfAttack } from "../guard/mod.ts";
import { purgeClosedMailboxes } from "../mailboxes/mod.ts";
import { sweepGrants } from "../oauth/mod.ts";
import { expireExports, makeExport, runErasures } from "../privacy/mod.ts";
import { dispatchWebhooks, sweepDeliveries } from "../webhooks/mod.ts";
import { createAnchorAudit } from "./anchor-audit.ts";
import { applyDomain } from "./apply-domain.ts";
import { applyMailbox } from "./apply-mailbox.ts";
import { createDeliverWebhook } from "./deliver-webhook.ts";
import { departPerson } from "./depart-person.ts";
import { reconcileMailboxes } from "./reconcile-mailboxes.ts";
import { refreshWhiteList } from "./refresh-white-list.ts";
import { sweepIdempotencyKeys } from "./sweep-idempotency-keys.ts";
import { countJobs, stopRunner } from "./stop-runner.ts";
import type { WorkerDeps } from "./worker-deps.ts";

export interface WorkersOptions {
  readonly deps: WorkerDeps;
  /** Pool of the role that owns the queue; not ended here. */
  readonly pool: pg.Pool;
  /** One connection of its own, which holds the lock. */
  readonly connection: pg.ClientConfig;
  readonly whiteListRefreshSeconds: number;
  /** Called each time this process begins to work. */
  readonly onReady: () => void;
}

export interface RunningWorkers {
  /** Ends after the running jobs. */
  stop(): Promise<void>;
}

/** Name of the lock in the database: an arbitrary number, the same in every version. */
const lockKey = 7_206_031_945;
const concurrency = 4;
const reconcileCron = "*/10 * * * *";
const sweepCron = "17 * * * *";
const sweepGrantsCron = "47 * * * *";
const anchorAuditCron = "3 * * * *";
const sweepDeliveriesCron = "19 3 * * *";
const expireExportsCron = "29 * * * *";
const runErasuresCron = "11 4 * * *";
const purgeMailboxesCron = "37 * * * *";
const advanceInactivityCron = "23 4 * * *";
const sweepBatchesCron = "43 3 * * *";
const remindOfExpiryCron = "53 * * * *";
const sweepAppPasswordsCron = "47 3 * * *";
const sweepAttacksCron = "53 3 * * *";
const retryMilliseconds = 1_000;
/** How long the queue library may take to end once its last job has. */
const stopGraceMilliseconds = 3_000;

/** Stands by until it holds the lock, works until the connection that holds it is lost, and begins again. Never throws. */
export function runWorkers(options: WorkersOptions): RunningWorkers {
  const { log } = options.deps.contextOf("workers");
  const stopped = new AbortController();
  const done = (async () => {
    while (!stopped.signal.aborted) {
      try {
        await workWhileLocked(options, stopped.signal);
      } catch (error) {
        log.warn("workers.interrupted", { error: error instanceof Error ? error.message : "unknown" });
      }
      if (!stopped.signal.aborted) await pause(retryMilliseconds, stopped.signal);
    }
  })();
  return {
    stop: async () => {
      stopped.abort();
      await done;
    },
  };
}

async function workWhileLocked(options: WorkersOptions, stopped: AbortSignal): Promise<void> {
  const client = new pg.Client(options.connection);
  const lost = new Promise<void>((resolve) => {
    client.once("error", () => resolve());
    client.once("end", () => resolve());
  });
  const ended = new Promise<void>((resolve) =>
    stopped.addEventListener("abort", () => resolve(), { once: true })
  );
  await client.connect();
  try {
    // Waits in the database when another process works; a stop ends the connection and with it the wait.
    const locked = client.query("select pg_advisory_lock($1)", [lockKey]);
    locked.catch(() => {});
    if (await Promise.race([locked.then(() => true), ended.then(() => false)])) {
      await work(options, Promise.race([lost, ended]));
    }
  } finally {
    await client.end().catch(() => {});
  }
}

async function work(options: WorkersOptions, until: Promise<void>): Promise<void> {
  const { deps, pool } = options;
  await freeJobsOfTheDead(pool);
  const counted = countJobs(tasks(deps));
  const runner = await run({
    pgPool: pool,
    concurrency,
    noHandleSignals: true,
    // In batches a job whose end cannot be written ends the runner, and all begins again; one by one the library drops the
    // rejected promise on the floor, which ends the process.
    preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
    taskList: counted.tasks,
    parsedCronItems: parseCronItems([
      { task: "reconcile-mailboxes", match: reconcileCron, identifier: "reconcile-mailboxes" },
      { task: "sweep-idempotency-keys", match: sweepCron, identifier: "sweep-idempotency-keys" },
      { task: "sweep-grants", match: sweepGrantsCron, identifier: "sweep-grants" },
      { task: "anchor-audit", match: anchorAuditCron, identifier: "anchor-audit" },
      {
        task: "sweep-webhook-deliveries",
        match: sweepDeliveriesCron,
        identifier: "sweep-webhook-deliveries",
      },
      { task: "run-erasures", match: runErasuresCron, identifier: "run-erasures" },
      ...(deps.privacy.exportDirectory === null
        ? []
        : [{ task: "expire-exports", match: expireExportsCron, identifier: "expire-exports" }]),
      { task: "purge-mailboxes", match: purgeMailboxesCron, identifier: "purge-mailboxes" },
      { task: "advance-inactivity", match: advanceInactivityCron, identifier: "advance-inactivity" },
      { task: "sweep-batches", match: sweepBatchesCron, identifier: "sweep-batches" },
      { task: "sweep-attacks", match: sweepAttacksCron, identifier: "sweep-attacks" },
      { task: "remind-of-expiry", match: remindOfExpiryCron, identifier: "remind-of-expiry" },
      { task: "sweep-app-passwords", match: sweepAppPasswordsCron, identifier: "sweep-app-passwords" },
    ]),
    logger: new Logger(() => () => {}),
  });
  runner.promise.catch(() => {});
  const timer = setInterval(() => void askForWhiteList(deps), options.whiteListRefreshSeconds * 1000);
  try {
    await askForWhiteList(deps);
    options.onReady();
    await Promise.race([until, runner.promise]);
  } finally {
    clearInterval(timer);
    if (!await stopRunner(runner, counted.jobs, stopGraceMilliseconds)) {
      deps.contextOf("workers").log.warn("workers.runner-abandoned", {});
    }
  }
}

async function freeJobsOfTheDead(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ locked_by: string }>(
    "select distinct locked_by from graphile_worker.jobs where locked_by is not null",
  );
  const queues = await pool.query<{ locked_by: string }>(
    "select distinct locked_by from graphile_worker._private_job_queues where locked_by is not null",
  );
  const dead = [...new Set([...rows, ...queues.rows].map((row) => row.locked_by))];
  if (dead.length === 0) return;
  const utils = await makeWorkerUtils({ pgPool: pool, logger: new Logger(() => () => {}) });
  try {
    await utils.forceUnlockWorkers(dead);
  } finally {
    await utils.release();
  }
}

/** The jobs by kind; a payload was written by `enqueue`, whose type is the contract. */
function tasks(deps: WorkerDeps): TaskList {
  const deliverWebhook = createDeliverWebhook(deps);
  return {
    "apply-domain": (payload) => applyDomain(deps, payload as { structureId: string; domainId: string }),
    "apply-mailbox": (payload) => applyMailbox(deps, payload as { structureId: string; mailboxId: string }),
    "depart-person": (payload) => departPerson(deps, payload as { structureId: string; departureId: string }),
    "check-batch": (payload) => checkBatch(deps.contextOf("check-batch"), payload as BatchJob),
    "run-batch": (payload) => runLines(deps.contextOf("run-batch"), deps, payload as BatchJob),
    "undo-batch": (payload) => undoLines(deps.contextOf("undo-batch"), deps, payload as BatchJob),
    "sweep-batches": () => sweepBatches(deps.contextOf("sweep-batches")),
    "advance-inactivity": () =>
      advanceInactivity(deps.contextOf("advance-inactivity"), {
        defaults: deps.inactivity,
        closedMailRetentionDays: deps.closedMailRetentionDays,
      }),
    "send-inactivity-notice": (payload) => sendInactivityNotice(deps, payload as NoticeJob),
    "send-new-place-notice": (payload) => sendNewPlaceNotice(deps, payload as NewPlaceJob),
    "remind-of-expiry": () =>
      planReminders(deps.contextOf("remind-of-expiry"), deps.clientAccess.reminderDays),
    "send-expiry-reminder": (payload) => sendExpiryReminder(deps, payload as ReminderJob),
    "sweep-app-passwords": () =>
      sweepAppPasswords(deps.contextOf("sweep-app-passwords"), deps.clientAccess.endedDays),
    "make-export": (payload) => {
      const { exportId } = payload as { exportId: string };
      return makeExport(exportDeps(deps, "make-export"), exportId);
    },
    "expire-exports": () => expireExports(exportDeps(deps, "expire-exports")),
    "run-erasures": () =>
      runErasures(deps.contextOf("run-erasures"), {
        grace: deps.privacy.erasureGraceDays,
        trace: deps.privacy.traceRetentionDays,
        mail: deps.closedMailRetentionDays,
      }),
    "purge-mailboxes": async () => {
      const ctx = deps.contextOf("purge-mailboxes");
      const purged = await purgeClosedMailboxes(ctx);
      if (purged > 0) ctx.log.info("purge-mailboxes.done", { purged });
    },
    "anchor-audit": createAnchorAudit(deps),
    "dispatch-webhooks": (payload) =>
      dispatchWebhooks(deps.contextOf("dispatch-webhooks"), (payload as { structureId: string }).structureId),
    "deliver-webhook": (payload) => deliverWebhook(payload as { structureId: string; deliveryId: string }),
    "sweep-webhook-deliveries": () => sweepDeliveries(deps.contextOf("sweep-webhook-deliveries")),
    "sweep-grants": () => sweepGrants(deps.contextOf("sweep-grants"), deps.grantsKeptDays),
    "sweep-idempotency-keys": () => sweepIdempotencyKeys(deps),
    "tell-of-attack": (payload) =>
      tellOfAttack(deps.contextOf("tell-of-attack"), deps.alerts, (payload as { attackId: string }).attackId),
    "sweep-attacks": () => sweepAttacks(deps.contextOf("sweep-attacks")),
    "reconcile-mailboxes": async () => void await reconcileMailboxes(deps),
    "refresh-white-list": () => refreshWhiteList(deps),
  };
}

function exportDeps({ contextOf, mailServer, privacy }: WorkerDeps, job: string) {
  const { exportDirectory: directory, exportKeepDays: keepDays } = privacy;
  if (directory === null) throw new Error("MSS_EXPORT_DIRECTORY is not set: no archive can be made.");
  return { ctx: contextOf(job), mailServer, directory, keepDays };
}

async function askForWhiteList(deps: WorkerDeps): Promise<void> {
  const ctx = deps.contextOf("refresh-white-list");
  try {
    await inSystem(ctx, (tx) => enqueue(tx, { kind: "refresh-white-list" }, "refresh-white-list"));
  } catch (error) {
    ctx.log.warn("refresh-white-list.not-asked", {
      error: error instanceof Error ? error.message : "unknown",
    });
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
