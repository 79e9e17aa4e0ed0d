import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newTenant, type Tenant } from "../../support/tenants.ts";

describe("domains", () => {
  let harness: Harness;
  let tenant: Tenant;
  let operator: Visitor;
  const path = (one: Tenant = tenant) => `/api/v1/structures/${one.structureId}/domains`;

  beforeAll(async () => {
    harness = await openHarness();
    tenant = await newTenant(harness);
    operator = await harness.signIn({ operatorRoles: ["operator_administrator"] });
  });
  afterAll(async () => await harness.close());

  it("are given by the operator, are hosted at once and told to the mail server by a job", async () => {
    const fresh = await newTenant(harness);
    const name = `Cardio.${fresh.domain}`;
    const answer = await operator.post(path(fresh), { name });
    expect(answer.body).toMatchObject({
      name: name.toLowerCase(),
      status: "active",
      provisioning: "pending",
    });
    expect(
      await harness.database.rows("select 1 from mail_directory.hosted_domain where domain = $1", [
        name.toLowerCase(),
      ]),
    ).toHaveLength(1);
    expect(
      await harness.database.rows("select task_identifier from graphile_worker.jobs where key = $1", [
        `domain:${answer.body.id}`,
      ]),
    ).toEqual([{ task_identifier: "apply-domain" }]);
    expect((await fresh.administrator.get(path(fresh))).body.items.map((item: { name: string }) => item.name))
      .toEqual(
        [name.toLowerCase(), fresh.domain].sort(),
      );
  });

  it("are not given by the structure's own administrator", async () => {
    expect((await tenant.administrator.post(path(), { name: "own.mssante.test" })).body).toMatchObject({
      status: 403,
    });
  });

  it("belong to one structure: of ten at once one gets it", async () => {
    const others = await Promise.all(Array.from({ length: 10 }, () => newTenant(harness)));
    const name = `wanted-${crypto.randomUUID()}.mssante.test`;
    const answers = await Promise.all(others.map((other) => operator.post(path(other), { name })));
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, ...Array(9).fill(409)]);
  });

  it.each([
    ["аlpha.mssante.test", /U\+0430, a Cyrillic look-alike.*xn--/],
    ["münchen.test", /U\+00FC.*xn--/],
    ["nodot", /no dot/],
    ["a..test", /empty part/],
    ["-a.test", /letters, digits or inner hyphens/],
    ["a_b.test", /letters, digits or inner hyphens/],
    [`${"a".repeat(64)}.test`, /1 to 63/],
    [`${"a.".repeat(130)}test`, /253/],
    ["192.0.2.1", /IP address/],
    ["a b.test", /a space/],
    ["a.test.", /empty part/],
    ["xn--80ak6aa92e.test", /U\+0430, a Cyrillic look-alike/],
    ["xn--lpha-p5b.test", /U\+0251/],
    ["xn--a.test", /not the ASCII form/],
    ["ab--cd.test", /not the ASCII form/],
  ])("refuse the name %j and say why", async (name, reason) => {
    const answer = await operator.post(path(), { name });
    expect(answer.body.errors).toEqual([{ pointer: "/name", detail: expect.stringMatching(reason) }]);
  });

  it("take an internationalised name in its ASCII form", async () => {
    expect((await operator.post(path(), { name: "xn--mnchen-3ya.test" })).status).toBe(201);
  });
});
