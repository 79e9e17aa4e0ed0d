/** Started by sweep.test.ts to be killed: sweeps again and again. */
import process from "node:process";
import { createDatabase, createPool } from "../../../api/database/pool.ts";
import { sweepGrants } from "../../../api/oauth/mod.ts";

const { TEST_DATABASE_URL: url = "", TEST_DATABASE_PASSWORD: password = "" } = process.env;
const db = createDatabase(createPool({ url, password, poolSize: 2 }));
const ctx = {
  db,
  actor: { kind: "system", job: "sweep-grants" },
  requestId: crypto.randomUUID(),
  now: () => new Date(),
  log: { info: () => {}, warn: () => {}, error: () => {} },
} as const;
for (;;) await sweepGrants(ctx, 7);
