import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newIdNatPs, newIdNatStruct, newTenant } from "../../support/tenants.ts";

const path = "/api/v1/structures";

describe("opening a structure at once", () => {
  let harness: Harness;
  let operator: Visitor;
  const trail = (structureId: string) =>
    harness.database.rows("select action, after from app.audit_events where structure_id = $1 order by id", [
      structureId,
    ]);

  beforeAll(async () => {
    harness = await openHarness();
    operator = await harness.signIn({ operatorRoles: ["operator_administrator"] });
  });
  afterAll(async () => await harness.close());

  it("gives it its domains, its quotas and its administrator, and one row in the trail that tells all", async () => {
    const domains = [`${crypto.randomUUID()}.test`, `${crypto.randomUUID()}.test`];
    const administrator = { idNatPs: newIdNatPs(), givenName: "Anne", familyName: "ALLARD" };
    const body = {
      idNatStruct: newIdNatStruct(),
      name: "Clinique",
      quotaMailboxes: 20,
      quotaBytes: 40_000_000_000,
    };
    const answer = await operator.post(path, { ...body, domains, administrator });
    expect(answer.status, answer.text).toBe(201);
    expect(answer.body).toMatchObject({
      ...body,
      usedMailboxes: 0,
      usedBytes: 0,
      resellerId: null,
      onboarding: { hasDomain: true, hasAdministrator: true, hasMailbox: false, charterAccepted: false },
      settings: { appPasswordsAllowed: false, defaultMailboxQuotaBytes: 2_147_483_648, contactEmail: "" },
    });
    const { id } = answer.body;
    const listed = (await operator.get(`${path}/${id}/domains`)).body.items;
    expect(listed.map((one: { name: string }) => one.name)).toEqual([...domains].sort());
    expect(await trail(id)).toMatchObject([{
      action: "structure.create",
      after: { domains, administrator },
    }]);
    const jobs = await harness.database.rows(
      "select task_identifier from graphile_worker.jobs where key = any($1)",
      [listed.map((one: { id: string }) => `domain:${one.id}`)],
    );
    expect(jobs).toHaveLength(2);
    const [member] = await harness.database.rows(
      "select m.role, p.id_nat_ps from app.memberships m join app.people p on p.id = m.person_id where structure_id = $1",
      [id],
    );
    expect(member).toEqual({ role: "structure_administrator", id_nat_ps: administrator.idNatPs });
  });

  it("makes nothing when one domain belongs to another structure", async () => {
    const taken = await newTenant(harness);
    const idNatStruct = newIdNatStruct();
    const body = { idNatStruct, name: "X", domains: [`${crypto.randomUUID()}.test`, taken.domain] };
    const answer = await operator.post(path, body);
    expect(answer.body).toMatchObject({ status: 409, name: taken.domain });
    expect(
      await harness.database.rows("select 1 from app.structures where id_nat_struct = $1", [idNatStruct]),
    )
      .toEqual([]);
    expect(await harness.database.rows("select 1 from app.domains where name = $1", [body.domains[0]]))
      .toEqual([]);
  });

  it("names every wrong field at once", async () => {
    const answer = await operator.post(path, {
      idNatStruct: "x",
      name: "",
      quotaMailboxes: -1,
      quotaBytes: 1.5,
      domains: ["a.test", "A.test", "xn--80ak6aa92e.test"],
      administrator: { idNatPs: "810000000012" },
    });
    expect(answer.body.errors.map((one: { pointer: string }) => one.pointer).sort()).toEqual([
      "/administrator/idNatPs",
      "/domains/2",
      "/idNatStruct",
      "/name",
      "/quotaBytes",
      "/quotaMailboxes",
    ]);
    const twice = await operator.post(path, {
      idNatStruct: newIdNatStruct(),
      name: "X",
      domains: ["a.test", "A.test"],
    });
    expect(twice.body.errors).toEqual([{ pointer: "/domains/1", detail: "is named twice" }]);
  });

  it("is harmless when repeated under its key", async () => {
    const body = { idNatStruct: newIdNatStruct(), name: "X", domains: [`${crypto.randomUUID()}.test`] };
    const headers = { "idempotency-key": crypto.randomUUID() };
    const [first, second] = [
      await operator.post(path, body, headers),
      await operator.post(path, body, headers),
    ];
    expect(second.text).toBe(first.text);
    expect(await trail(first.body.id)).toHaveLength(1);
  });
});
