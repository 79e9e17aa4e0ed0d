/** Started by worker-crash.test.ts to be killed: runs one batch until its end. */
import process from "node:process";
import { runLines } from "../../../api/bulk/mod.ts";
import { createDatabase, createPool } from "../../../api/database/pool.ts";

const [structureId = "", batchId = ""] = process.argv.slice(2);
const { TEST_DATABASE_URL: url = "", TEST_DATABASE_PASSWORD: password = "" } = process.env;
const db = createDatabase(createPool({ url, password, poolSize: 2 }));
const ctx = {
  db,
  actor: { kind: "system", job: "run-batch" },
  requestId: crypto.randomUUID(),
  now: () => new Date(),
  log: { info: () => {}, warn: () => {}, error: () => {} },
} as const;
for (;;) await runLines(ctx, { closedMailRetentionDays: 365 }, { structureId, batchId });
