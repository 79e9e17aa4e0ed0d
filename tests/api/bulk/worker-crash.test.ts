import process from "node:process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ChildProcess, spawn } from "node:child_process";
import { runLines } from "../../../api/bulk/mod.ts";
import { batchSettings, newImport } from "../../support/batches.ts";
import { type Harness, openHarness } from "../../support/harness.ts";
import { newTenant, type Tenant } from "../../support/tenants.ts";
import { until } from "../../support/until.ts";

/** A process that runs a batch as the worker does, and no other job. */
const script = fileURLToPath(new URL("./run-batch-process.ts", import.meta.url));

describe("a batch whose worker is killed", () => {
  let harness: Harness;
  let tenant: Tenant;
  const children: ChildProcess[] = [];
  const total = 3_000;

  beforeAll(async () => {
    harness = await openHarness();
    tenant = await newTenant(harness);
  });
  afterAll(async () => {
    for (const child of children) child.kill("SIGKILL");
    await harness.close();
  });

  const count = async (query: string) =>
    Number(
      (await harness.database.rows(`select count(*) as count from ${query}`, [tenant.structureId]))[0]?.count,
    );

  it("goes on where it was, and does each line once", async () => {
    const rows = Array.from({ length: total }, (_, place) => `k${place}@${tenant.domain};ORG`);
    const batchId = await newImport(harness, tenant, ["adresse;type", ...rows].join("\n"));
    await tenant.administrator.post(`/api/v1/batches/${batchId}/run`, { skipErrors: false });
    const { url, password } = harness.database.configOf("mss_worker");
    const child = spawn(process.execPath, ["run", "-A", script, tenant.structureId, batchId], {
      env: { ...process.env, TEST_DATABASE_URL: url, TEST_DATABASE_PASSWORD: password },
      stdio: "ignore",
    });
    children.push(child);
    // Killed as soon as a part of the lines is done, in the middle of the next chunk.
    await until(
      "the first chunk is done",
      async () => await count("app.mailboxes where structure_id = $1") >= 500,
      20,
    );
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
    const half = await count("app.mailboxes where structure_id = $1");
    expect(half).toBeGreaterThanOrEqual(500);
    expect(half).toBeLessThan(total);
    expect(await count("app.batch_lines where outcome = 'done' and structure_id = $1")).toBe(half);

    await Promise.all(
      [1, 2].map(() => runLines(harness.system, batchSettings, { structureId: tenant.structureId, batchId })),
    );
    await runLines(harness.system, batchSettings, { structureId: tenant.structureId, batchId });
    expect((await tenant.administrator.get(`/api/v1/batches/${batchId}`)).body).toMatchObject({
      state: "done",
      progress: { total, done: total, failed: 0 },
    });
    expect(await count("app.mailboxes where structure_id = $1")).toBe(total);
    expect(await count("app.audit_events where action = 'mailbox.create' and structure_id = $1")).toBe(total);
  }, 60_000);
});
