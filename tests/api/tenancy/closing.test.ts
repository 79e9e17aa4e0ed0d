import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newIdNatStruct, newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

describe("closing", () => {
  let harness: Harness;
  let operator: Visitor;
  const structure = (one: Tenant) => `/api/v1/structures/${one.structureId}`;
  const domain = (one: Tenant) => `${structure(one)}/domains/${one.domainId}`;
  const nameOf = async (one: Tenant) => (await operator.get(structure(one))).body.name;
  const closeStructure = async (one: Tenant, by: Visitor = operator) =>
    await by.post(`${structure(one)}/closing`, { reason: "Cessation", confirmName: await nameOf(one) });
  const closeDomain = (one: Tenant, by: Visitor = operator) =>
    by.post(`${domain(one)}/closing`, { reason: "Cessation", confirmName: one.domain });
  const trail = async (one: Tenant) =>
    (await harness.database.rows("select action from app.audit_events where structure_id = $1 order by id", [
      one.structureId,
    ])).map((row) => row.action).slice(2);

  beforeAll(async () => {
    harness = await openHarness();
    operator = await harness.signIn({ operatorRoles: ["operator_administrator"] });
  });
  afterAll(async () => await harness.close());

  it("a structure closes its domains, keeps its trail, and is for good", async () => {
    const tenant = await newTenant(harness);
    const [answer, again] = [await closeStructure(tenant), await closeStructure(tenant)];
    expect(answer.body).toMatchObject({
      status: "closed",
      closingReason: "Cessation",
      closedAt: expect.any(String),
      onboarding: { hasDomain: false },
    });
    expect(again.body).toEqual(answer.body);
    expect(await trail(tenant)).toEqual(["structure.close"]);
    expect((await operator.get(domain(tenant))).body).toMatchObject({
      status: "closed",
      closingReason: "Cessation",
    });
    expect(
      await harness.database.rows("select 1 from mail_directory.hosted_domain where domain = $1", [
        tenant.domain,
      ]),
    ).toEqual([]);
    for (
      const refused of [
        await operator.post(`${structure(tenant)}/suspension`, { reason: "X" }),
        await operator.delete(`${structure(tenant)}/suspension`),
        await operator.patch(structure(tenant), { name: "X" }),
        await operator.post(`${structure(tenant)}/domains`, { name: "x.mssante.test" }),
        await operator.post(`${domain(tenant)}/suspension`, { reason: "X" }),
      ]
    ) expect(refused.body.type).toMatch(/structure-closed$/);
    const other = await newTenant(harness);
    expect((await operator.post(`${structure(other)}/domains`, { name: tenant.domain })).body.type).toMatch(
      /domain-name-taken$/,
    );
    expect((await operator.get("/api/v1/structures?status=closed&limit=200")).body.items).toContainEqual(
      expect.objectContaining({ id: tenant.structureId }),
    );
  });

  it("is refused while there is a box, and says how many", async () => {
    const tenant = await newTenant(harness);
    await newMailbox(harness, tenant);
    await newMailbox(harness, tenant);
    for (const answer of [await closeStructure(tenant), await closeDomain(tenant)]) {
      expect(answer.body).toMatchObject({
        type: expect.stringMatching(/has-open-mailboxes$/),
        status: 409,
        count: 2,
      });
    }
    expect((await trail(tenant)).filter((action) => String(action).endsWith(".close"))).toEqual([]);
  });

  it("is refused without the right name, and to who saw an older version", async () => {
    const tenant = await newTenant(harness);
    const wrong = { reason: "X", confirmName: "Structure" };
    for (const path of [structure(tenant), domain(tenant)]) {
      expect((await operator.post(`${path}/closing`, wrong)).body.errors).toMatchObject([{
        pointer: "/confirmName",
      }]);
      expect((await operator.post(`${path}/closing`, {})).body.errors).toHaveLength(2);
      expect((await operator.post(`${path}/closing`, wrong, { "if-match": '"9"' })).status).toBe(412);
    }
  });

  it("is the operator's: neither the structure's administrator's nor a neighbour's", async () => {
    const [tenant, other] = [await newTenant(harness), await newTenant(harness)];
    const body = { reason: "X", confirmName: "X" };
    for (const path of [structure(tenant), domain(tenant)]) {
      expect((await tenant.administrator.post(`${path}/closing`, body)).status).toBe(403);
      expect((await other.administrator.post(`${path}/closing`, body)).body.type).toMatch(
        /structure-not-found$/,
      );
    }
    // A neighbour's domain under one's own structure is none either.
    const crossed = `${structure(other)}/domains/${tenant.domainId}`;
    expect((await operator.post(`${crossed}/closing`, body)).body.type).toMatch(/domain-not-found$/);
    expect((await operator.get(crossed)).body.type).toMatch(/domain-not-found$/);
  });

  it("a reseller waits for its children", async () => {
    const reseller = await newTenant(harness);
    await operator.patch(structure(reseller), { isReseller: true });
    await operator.post("/api/v1/structures", {
      idNatStruct: newIdNatStruct(),
      name: "X",
      resellerId: reseller.structureId,
    });
    expect((await closeStructure(reseller)).body).toMatchObject({
      type: expect.stringMatching(/structure-has-children$/),
      count: 1,
    });
  });

  it("is for good for the database too", async () => {
    const [empty, used] = [await newTenant(harness), await newTenant(harness)];
    await newMailbox(harness, used);
    await closeStructure(empty);
    const run = (query: string, one: Tenant) => harness.database.rows(query, [one.structureId]);
    const reopen = "set status = 'active', closed_at = null where";
    await expect(run(`update app.structures ${reopen} id = $1`, empty)).rejects.toThrow(/closed for good/);
    await expect(run(`update app.domains ${reopen} structure_id = $1`, empty)).rejects.toThrow(
      /closed for good/,
    );
    const close = "set status = 'closed', closed_at = now() where";
    await expect(run(`update app.structures ${close} id = $1`, used)).rejects.toThrow(/closed_is_empty/);
    await expect(run(`update app.domains ${close} structure_id = $1`, used)).rejects.toThrow(/not closed/);
  });

  it("a domain ends its delivery and leaves the structure's others alone", async () => {
    const tenant = await newTenant(harness);
    const name = `second.${tenant.domain}`;
    await operator.post(`${structure(tenant)}/domains`, { name });
    const answer = await closeDomain(tenant);
    expect(answer.body).toMatchObject({ status: "closed", provisioning: "pending", version: 2 });
    expect((await closeDomain(tenant)).body).toEqual(answer.body);
    expect(
      await harness.database.rows("select domain from mail_directory.hosted_domain where domain = any($1)", [
        [name, tenant.domain],
      ]),
    ).toEqual([{ domain: name }]);
    expect(await trail(tenant)).toEqual(["domain.create", "domain.close"]);
    const late = await tenant.administrator.post(`${structure(tenant)}/mailboxes`, {
      address: `a@${tenant.domain}`,
      type: "ORG",
    });
    expect(late.body.type).toMatch(/mailbox-domain-foreign$/);
    for (
      const refused of [
        await operator.post(`${domain(tenant)}/suspension`, { reason: "X" }),
        await operator.delete(`${domain(tenant)}/suspension`),
      ]
    ) {
      expect(refused.body.type).toMatch(/domain-closed$/);
    }
  });

  it("a domain and a box being made in it end in one of the two, never in both", async () => {
    for (let round = 0; round < 5; round++) {
      const tenant = await newTenant(harness);
      const [closed, made] = await Promise.all([
        closeDomain(tenant),
        tenant.administrator.post(`${structure(tenant)}/mailboxes`, {
          address: `a@${tenant.domain}`,
          type: "ORG",
        }),
      ]);
      expect([[200, 409], [409, 201]]).toContainEqual([closed.status, made.status]);
    }
  });
});

describe("suspending a domain", () => {
  let harness: Harness;
  let operator: Visitor;
  const path = (one: Tenant) => `/api/v1/structures/${one.structureId}/domains/${one.domainId}/suspension`;

  beforeAll(async () => {
    harness = await openHarness();
    operator = await harness.signIn({ operatorRoles: ["operator_administrator"] });
  });
  afterAll(async () => await harness.close());

  it("takes its boxes and no others out of the mail server's views, and gives back what was there", async () => {
    const tenant = await newTenant(harness);
    const [here, suspended] = [await newMailbox(harness, tenant), await newMailbox(harness, tenant)];
    await tenant.administrator.post(`/api/v1/mailboxes/${suspended.id}/suspension`, { reason: "X" });
    const elsewhere = { ...tenant, domain: `b.${tenant.domain}` };
    await operator.post(`/api/v1/structures/${tenant.structureId}/domains`, { name: elsewhere.domain });
    const there = await newMailbox(harness, elsewhere);
    await harness.database.rows("delete from graphile_worker._private_jobs");
    const admitted = async () =>
      (await harness.database.rows(
        "select address from mail_directory.recipient where address = any($1) order by 1",
        [[here.address, suspended.address, there.address]],
      )).map((row) => row.address);
    const answer = await operator.post(path(tenant), { reason: "Certificat révoqué" });
    expect(answer.body).toMatchObject({
      status: "suspended",
      suspensionReason: "Certificat révoqué",
      version: 2,
      provisioning: "pending",
    });
    expect(await admitted()).toEqual([there.address]);
    const jobs = (await harness.database.rows("select key from graphile_worker.jobs")).map((row) => row.key);
    expect(jobs.sort()).toEqual(
      [`domain:${tenant.domainId}`, `mailbox:${here.id}`, `mailbox:${suspended.id}`].sort(),
    );
    expect((await operator.post(path(tenant), { reason: "X" })).body).toEqual(answer.body);
    expect((await operator.delete(path(tenant))).body).toMatchObject({
      status: "active",
      suspensionReason: null,
    });
    expect(await admitted()).toEqual([here.address, there.address].sort());
  });

  it("is not the structure's administrator's, and lets no box be made meanwhile", async () => {
    const tenant = await newTenant(harness);
    expect((await tenant.administrator.post(path(tenant), { reason: "X" })).status).toBe(403);
    expect((await tenant.administrator.delete(path(tenant))).status).toBe(403);
    await operator.post(path(tenant), { reason: "X" });
    await expect(newMailbox(harness, tenant)).rejects.toMatchObject({ slug: "mailbox-domain-foreign" });
  });

  it("refuses who saw an older version", async () => {
    const tenant = await newTenant(harness);
    expect((await operator.post(path(tenant), { reason: "X" }, { "if-match": '"2"' })).status).toBe(412);
  });
});
