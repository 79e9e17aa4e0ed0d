import type pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Context } from "../../../api/context.ts";
import { connectionOf, createDatabase, createPool } from "../../../api/database/pool.ts";
import { openGuard } from "../../../api/guard/mod.ts";
import { createMailServer } from "../../../api/mail-server/mod.ts";
import { type RunningWorkers, runWorkers, type WorkerDeps } from "../../../api/workers/mod.ts";
import { type Harness, openHarness } from "../../support/harness.ts";
import { newMailbox, newTenant } from "../../support/tenants.ts";

/** A worker process in this one, with a mail server at whose address nothing listens. */
interface Worker {
  readonly announced: string[];
  isReady(): boolean;
  readonly pool: pg.Pool;
  stop(): Promise<void>;
}

describe("the workers", () => {
  let harness: Harness;
  const started: Worker[] = [];

  function startWorker(changes: Partial<WorkerDeps> = {}): Worker {
    const config = harness.database.configOf("mss_worker");
    const pool = createPool(config);
    const db = createDatabase(pool);
    const announced: string[] = [];
    let readyCount = 0;
    const contextOf = (job: string): Context => ({
      ...harness.system,
      db,
      actor: { kind: "system", job },
      now: () => new Date(),
    });
    const workers: RunningWorkers = runWorkers({
      deps: {
        contextOf,
        mailServer: createMailServer(harness.deps.config.mail),
        closedMailRetentionDays: 365,
        grantsKeptDays: 7,
        inactivity: harness.deps.config.inactivity,
        clientAccess: harness.deps.config.clientAccess,
        noticeFrom: "no-reply@operateur.mssante.test",
        privacy: harness.deps.config.privacy,
        webhooks: harness.deps.config.webhooks,
        alerts: null,
        auditAnchorDirectory: null,
        refreshWhiteList: () => Promise.resolve(false),
        announceMailbox: (id) => Promise.resolve(void announced.push(id)),
        ...changes,
      },
      pool,
      connection: connectionOf(config),
      whiteListRefreshSeconds: 3600,
      onReady: () => readyCount++,
    });
    let isStopped = false;
    const worker: Worker = {
      announced,
      pool,
      isReady: () => readyCount > 0,
      stop: async () => {
        if (isStopped) return;
        isStopped = true;
        await workers.stop();
        await db.destroy();
      },
    };
    started.push(worker);
    return worker;
  }

  beforeEach(async () => {
    harness = await openHarness();
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((worker) => worker.stop()));
    await harness.close();
  });

  it("leave a box pending with its reason while the mail server is away, try again, and tell the gateways", async () => {
    const box = await newMailbox(harness, await newTenant(harness));
    const worker = startWorker();
    const row = async () =>
      (await harness.database.rows(
        "select provisioning, provisioning_reason as reason, applied_version from app.mailboxes where id = $1",
        [box.id],
      ))[0];
    await until(async () => (await row())?.reason === "mail-server-unavailable");
    expect(await row()).toMatchObject({ provisioning: "pending", applied_version: "0" });
    await until(() => worker.announced.includes(box.id));
    const jobs = await harness.database.rows(
      "select run_at > now() as waits from graphile_worker.jobs where key = $1",
      [`mailbox:${box.id}`],
    );
    expect(jobs).toHaveLength(1);
  });

  it("tell the people on call of an attack, again until it is taken", async () => {
    const calls: { id: string | null; type: string }[] = [];
    const receiver = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
      const { type } = await request.json();
      calls.push({ id: request.headers.get("webhook-id"), type });
      return new Response(null, { status: calls.length === 1 ? 503 : 204 });
    });
    const secret = `whsec_${btoa("0123456789abcdef0123456789abcdef")}`;
    startWorker({ alerts: { url: `http://127.0.0.1:${receiver.addr.port}/alerts`, secret } });
    const guard = openGuard(harness.deps);
    const address = crypto.randomUUID();
    for (let number = 0; number < 20; number++) {
      const attempt = { way: "imap", account: crypto.randomUUID(), address } as const;
      await guard.failed({ ...attempt, reason: "secret-wrong" });
    }
    await until(() => calls.length === 2);
    const [{ id } = {}] = await harness.database.rows("select id from app.sign_in_attacks");
    expect(calls).toEqual([1, 2].map(() => ({ id, type: "sign-in-attack.detect" })));
    await receiver.shutdown();
  });

  it("work in one process at a time; another takes over when the first ends", async () => {
    const first = startWorker();
    await until(() => first.isReady());
    const second = startWorker();
    await until(async () =>
      (await harness.database.rows(
        "select 1 from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())",
      )).length > 0
    );
    expect(second.isReady()).toBe(false);
    await first.stop();
    await until(() => second.isReady());
  });

  it("begin again by themselves when the database has cut their connections", async () => {
    const box = await newMailbox(harness, await newTenant(harness));
    const worker = startWorker();
    await until(() => worker.isReady());
    await harness.database.rows(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = 'mss_worker'",
    );
    worker.announced.length = 0;
    await until(() => worker.announced.includes(box.id), 20);
  });

  it("take up at once what a killed worker had begun, and do nothing of it twice", async () => {
    const box = await newMailbox(harness, await newTenant(harness));
    await harness.database.rows(
      "update graphile_worker._private_jobs set locked_at = now(), locked_by = 'worker-of-the-dead', attempts = 1 where key = $1",
      [`mailbox:${box.id}`],
    );
    const worker = startWorker();
    await until(() => worker.announced.includes(box.id));
    const jobs = await harness.database.rows("select 1 from graphile_worker.jobs where key = $1", [
      `mailbox:${box.id}`,
    ]);
    expect(jobs.length).toBeLessThanOrEqual(1);
  });

  it("remove the answers to Idempotency-Keys that are no longer given, and no others", async () => {
    const { personId } = await harness.signIn();
    await harness.database.rows(
      `insert into app.idempotency_keys (person_id, key, request_hash, created_at)
       select $1::uuid, 'old-' || n, '\\x00'::bytea, now() - interval '25 hours' from generate_series(1, 1500) n
       union all select $1::uuid, 'new', '\\x00'::bytea, now()`,
      [personId],
    );
    const worker = startWorker();
    await until(() => worker.isReady());
    await harness.database.rows("select jobs.enqueue('sweep-idempotency-keys', '{}')");
    const keys = async () =>
      (await harness.database.rows("select key from app.idempotency_keys")).map((row) => row.key);
    await until(async () => (await keys()).length === 1);
    expect(await keys()).toEqual(["new"]);
  });

  it("show a box as failed when a job fails for a reason of ours, and repeat it", async () => {
    const box = await newMailbox(harness, await newTenant(harness));
    const broken = createMailServer(harness.deps.config.mail);
    startWorker({
      mailServer: Object.assign(Object.create(broken), {
        applyDomain: () => Promise.reject(new TypeError("a bug")),
      }),
    });
    await until(async () =>
      (await harness.database.rows("select provisioning from app.mailboxes where id = $1", [box.id]))[0]
        ?.provisioning === "failed"
    );
    await until(async () =>
      (await harness.database.rows(
        "select 1 from graphile_worker.jobs where key = $1 and attempts > 0 and last_error is not null",
        [`mailbox:${box.id}`],
      )).length === 1
    );
    expect(harness.logLines.join()).toContain("apply-mailbox.failed");
  });
});

/** Waits for a condition. */
async function until(check: () => boolean | Promise<boolean>, seconds = 10): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!await check()) {
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
