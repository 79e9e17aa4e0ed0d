import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inSystem } from "../../../api/database/in-tenant.ts";
import { reserveMailboxQuota } from "../../../api/tenancy/mod.ts";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

describe("a structure's quota", () => {
  let harness: Harness;
  let operator: Visitor;
  const path = (one: Tenant) => `/api/v1/structures/${one.structureId}`;
  const withQuota = async (quota: { quotaMailboxes?: number; quotaBytes?: number }) => {
    const tenant = await newTenant(harness);
    await operator.patch(path(tenant), quota);
    return tenant;
  };
  const create = (tenant: Tenant, name: string, quotaBytes = 1_048_576) =>
    tenant.administrator.post(`${path(tenant)}/mailboxes`, {
      address: `${name}@${tenant.domain}`,
      type: "ORG",
      quotaBytes,
    });
  const counted = async (tenant: Tenant) => {
    const { usedMailboxes, usedBytes } = (await operator.get(path(tenant))).body;
    return { usedMailboxes, usedBytes };
  };

  beforeAll(async () => {
    harness = await openHarness();
    operator = await harness.signIn({ operatorRoles: ["operator_administrator"] });
  });
  afterAll(async () => await harness.close());

  it("of boxes is held to the last one, whoever asks at the same time", async () => {
    const tenant = await withQuota({ quotaMailboxes: 3 });
    const answers = await Promise.all(Array.from({ length: 10 }, (_, place) => create(tenant, `b${place}`)));
    expect(answers.map((one) => one.status).sort()).toEqual([201, 201, 201, ...Array(7).fill(409)]);
    expect(answers.find((one) => one.status === 409)?.body).toMatchObject({
      type: expect.stringMatching(/quota-mailboxes-exceeded$/),
      limit: 3,
      used: 3,
    });
    expect(await counted(tenant)).toEqual({ usedMailboxes: 3, usedBytes: 3 * 1_048_576 });
    const rows = await harness.database.rows(
      "select count(*)::int as count from app.audit_events where structure_id = $1 and action = 'mailbox.create'",
      [tenant.structureId],
    );
    expect(rows).toEqual([{ count: 3 }]);
  });

  it("of bytes is what the boxes are promised together", async () => {
    const tenant = await withQuota({ quotaBytes: 10_000_000 });
    expect((await create(tenant, "one", 6_000_000)).status).toBe(201);
    expect((await create(tenant, "two", 6_000_000)).body).toMatchObject({
      type: expect.stringMatching(/quota-bytes-exceeded$/),
      limit: 10_000_000,
      used: 6_000_000,
    });
    expect((await create(tenant, "two", 4_000_000)).status).toBe(201);
  });

  it("of none lets no box be made, and what is refused leaves no address behind", async () => {
    const tenant = await withQuota({ quotaMailboxes: 0 });
    expect((await create(tenant, "one")).status).toBe(409);
    await operator.patch(path(tenant), { quotaMailboxes: 1 });
    expect((await create(tenant, "one")).status).toBe(201);
  });

  it("is counted by the database, whatever writes the boxes", async () => {
    const tenant = await newTenant(harness);
    const box = await newMailbox(harness, tenant);
    await harness.database.rows("update app.mailboxes set quota_bytes = 2000000 where id = $1", [box.id]);
    expect(await counted(tenant)).toEqual({ usedMailboxes: 1, usedBytes: 2_000_000 });
    await harness.database.rows("update app.mailboxes set display_name = 'X' where id = $1", [box.id]);
    expect(await counted(tenant)).toEqual({ usedMailboxes: 1, usedBytes: 2_000_000 });
  });

  it("is held by the database itself when the code forgets to ask", async () => {
    const tenant = await withQuota({ quotaMailboxes: 1, quotaBytes: 2_000_000_000 });
    const box = await newMailbox(harness, tenant);
    const copy = harness.database.rows(
      `insert into app.mailboxes (structure_id, domain_id, address, type, quota_bytes)
       select structure_id, domain_id, 'b.' || address, type, quota_bytes from app.mailboxes where id = $1`,
      [box.id],
    );
    await expect(copy).rejects.toMatchObject({ constraint: "structures__quota_mailboxes_held" });
    const grown = harness.database.rows("update app.mailboxes set quota_bytes = 3000000000 where id = $1", [
      box.id,
    ]);
    await expect(grown).rejects.toMatchObject({ constraint: "structures__quota_bytes_held" });
  });

  it("has room for many at once or for none of them", async () => {
    const tenant = await withQuota({ quotaMailboxes: 100 });
    const reserve = (mailboxes: number) =>
      inSystem(harness.deps, async (tx) => {
        await reserveMailboxQuota(tx, tenant.structureId, { mailboxes });
      });
    await expect(reserve(101)).rejects.toMatchObject({ slug: "quota-mailboxes-exceeded" });
    await reserve(100);
    await reserve(-5);
    await expect(
      inSystem(harness.deps, (tx) => reserveMailboxQuota(tx, crypto.randomUUID(), { mailboxes: 1 })),
    ).rejects.toMatchObject({ slug: "structure-not-found" });
  });
});
