import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sweepBatches } from "../../../api/bulk/mod.ts";
import { createDatabase, createPool } from "../../../api/database/pool.ts";
import { newImport } from "../../support/batches.ts";
import { type Harness, openHarness } from "../../support/harness.ts";
import { newTenant, type Tenant } from "../../support/tenants.ts";

describe("old batches", () => {
  let harness: Harness;
  let tenant: Tenant;
  beforeAll(async () => {
    harness = await openHarness();
    tenant = await newTenant(harness);
  });
  afterAll(async () => await harness.close());

  it("go with their lines, which hold names of people; what is recent or under way stays", async () => {
    const [old, running, recent] = [await newBatch("a"), await newBatch("b"), await newBatch("c")];
    await harness.database.rows(
      "update app.batches set updated_at = now() - interval '181 days' where id = any($1)",
      [[old, running]],
    );
    await harness.database.rows("update app.batches set state = 'running' where id = $1", [running]);
    const db = createDatabase(createPool(harness.database.configOf("mss_worker")));
    try {
      await sweepBatches({ ...harness.system, db });
    } finally {
      await db.destroy();
    }
    const left = await harness.database.rows("select distinct batch_id as id from app.batch_lines");
    expect(left.map((row) => row.id).sort()).toEqual([running, recent].sort());
    expect(await harness.database.rows("select 1 from app.batches where id = $1", [old])).toEqual([]);
  });

  async function newBatch(name: string): Promise<string> {
    return await newImport(harness, tenant, `adresse;type\n${name}@${tenant.domain};ORG`);
  }
});
