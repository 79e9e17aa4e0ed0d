import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness } from "../../support/harness.ts";
import { newMailbox, newTenant } from "../../support/tenants.ts";

const nowhere = "redis://127.0.0.1:9";

describe("with Redis down", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await openHarness({ redisUrl: nowhere });
  });
  afterAll(async () => await harness.close());

  it("people stay signed in and every write works", async () => {
    const tenant = await newTenant(harness);
    const box = await newMailbox(harness, tenant);
    expect((await tenant.administrator.get("/api/v1/session")).status).toBe(200);
    expect(
      (await tenant.administrator.post(`/api/v1/mailboxes/${box.id}/suspension`, { reason: "Test" })).status,
    ).toBe(200);
  });

  it("the process is ready, and says what it misses", async () => {
    const answer = await harness.stranger.get("/health/ready");
    expect([answer.status, answer.body]).toEqual([
      200,
      { status: "ready", checks: { database: "ready", redis: "unavailable", mailServer: "unavailable" } },
    ]);
  });
});

describe("with PostgreSQL down", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await openHarness();
  });
  afterAll(async () => await harness.close());

  it("nothing is lost, everything comes back by itself, and each answer says so", async () => {
    const tenant = await newTenant(harness);
    const { name } = harness.database;
    await harness.database.rows(`alter database ${name} connection limit 0`);
    await harness.database.rows(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()",
      [name],
    );
    const answer = await tenant.administrator.get(`/api/v1/structures/${tenant.structureId}`);
    expect(answer.body).toMatchObject({
      status: 503,
      title: "The platform cannot answer now",
      retryAfterSeconds: 2,
    });
    expect(answer.headers.get("retry-after")).toBe("2");
    expect((await harness.stranger.get("/health/ready")).status).toBe(503);
    expect((await harness.stranger.get("/health/live")).status).toBe(200);
    await harness.database.rows(`alter database ${name} connection limit -1`);
    expect((await tenant.administrator.get(`/api/v1/structures/${tenant.structureId}`)).status).toBe(200);
    expect((await harness.stranger.get("/health/ready")).status).toBe(200);
  });
});
