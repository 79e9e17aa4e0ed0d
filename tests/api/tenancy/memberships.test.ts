import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness } from "../../support/harness.ts";
import { newIdNatPs, newTenant, type Tenant } from "../../support/tenants.ts";

describe("memberships", () => {
  let harness: Harness;
  let tenant: Tenant;
  let other: Tenant;
  const path = (one: Tenant = tenant) => `/api/v1/structures/${one.structureId}/memberships`;

  beforeAll(async () => {
    harness = await openHarness();
    [tenant, other] = [await newTenant(harness), await newTenant(harness)];
  });
  afterAll(async () => await harness.close());

  it("give a person a role in one structure and no other, until it is taken away", async () => {
    const idNatPs = newIdNatPs();
    const person = await harness.signIn({ idNatPs });
    const given = await tenant.administrator.post(path(), { idNatPs, role: "mailbox_manager" });
    expect(given.body).toMatchObject({ personId: person.personId, role: "mailbox_manager", idNatPs });
    const stored = async () =>
      await harness.database.rows("select structure_id, role from app.memberships where person_id = $1", [
        person.personId,
      ]);
    expect(await stored()).toEqual([{ structure_id: tenant.structureId, role: "mailbox_manager" }]);
    expect((await person.get(`/api/v1/structures/${tenant.structureId}/mailboxes`)).status).toBe(200);
    expect((await person.get(`/api/v1/structures/${other.structureId}/mailboxes`)).status).toBe(404);
    const key = `${path()}/${person.personId}/mailbox_manager`;
    expect((await other.administrator.delete(key)).status).toBe(404);
    expect((await tenant.administrator.delete(key)).status).toBe(204);
    expect(await stored()).toEqual([]);
    expect((await tenant.administrator.delete(key)).body.type).toMatch(/membership-not-found$/);
  });

  it("are harmless when given twice", async () => {
    const body = { idNatPs: newIdNatPs(), role: "user", familyName: "DURAND" };
    const answers = await Promise.all([1, 2, 3].map(() => tenant.administrator.post(path(), body)));
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
    const trail = await harness.database.rows("select 1 from app.audit_events where subject_id = $1", [
      answers[0]?.body.personId,
    ]);
    expect(trail).toHaveLength(1);
  });

  it("are listed by name, page by page, and to no manager of boxes' neighbour", async () => {
    const fresh = await newTenant(harness);
    for (const familyName of ["C", "A", "B"]) {
      await fresh.administrator.post(path(fresh), { idNatPs: newIdNatPs(), role: "user", familyName });
    }
    const first = (await fresh.administrator.get(`${path(fresh)}?limit=3`)).body;
    const second = (await fresh.administrator.get(`${path(fresh)}?limit=3&cursor=${first.nextCursor}`)).body;
    const names = [...first.items, ...second.items].map((item: { familyName: string }) => item.familyName);
    expect(names).toEqual(["A", "B", "C", "TEST"]);
    expect((await other.administrator.get(path(fresh))).status).toBe(404);
  });

  it("are not for a manager of boxes to give", async () => {
    const manager = await harness.signIn({
      memberships: [{ structureId: tenant.structureId, role: "mailbox_manager" }],
    });
    const answer = await manager.post(path(), { idNatPs: newIdNatPs(), role: "structure_administrator" });
    expect(answer.body).toMatchObject({ status: 403, action: "membership.grant" });
  });

  it("never leave a structure without administrator, also when two go at the same time", async () => {
    const fresh = await newTenant(harness);
    const idNatPs = newIdNatPs();
    const second = await harness.signIn({ idNatPs });
    const role = "structure_administrator";
    const remove = (personId: string) => fresh.administrator.delete(`${path(fresh)}/${personId}/${role}`);
    const first = fresh.administrator.personId;
    expect((await remove(first)).body.type).toMatch(/last-administrator$/);
    await fresh.administrator.post(path(fresh), { idNatPs, role });
    const statuses = (await Promise.all([first, second.personId].map(remove))).map((one) => one.status);
    expect(statuses.sort()).toEqual([204, 409]);
  });

  it("never give a role of the operator", async () => {
    const answer = await tenant.administrator.post(path(), {
      idNatPs: newIdNatPs(),
      role: "operator_administrator",
    });
    expect(answer.body.errors).toMatchObject([{ pointer: "/role" }]);
  });
});
