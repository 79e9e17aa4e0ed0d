import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newIdNatPs, newTenant } from "../../support/tenants.ts";

const path = "/api/v1/operator-roles";

describe("roles of the operator", () => {
  let harness: Harness;
  let administrator: Visitor;

  beforeAll(async () => {
    harness = await openHarness();
    administrator = await harness.signIn({ operatorRoles: ["operator_administrator"], familyName: "ALPHA" });
  });
  afterAll(async () => await harness.close());

  it("are given and taken away, in force within a second, each act once in the trail", async () => {
    const idNatPs = newIdNatPs();
    const person = await harness.signIn({ idNatPs });
    const body = { idNatPs, role: "operator_support" };
    const status = async () => (await person.get("/api/v1/people")).status;
    expect(await status()).toBe(403);
    const answers = await Promise.all([1, 2, 3].map(() => administrator.post(path, body)));
    expect(answers.map((one) => one.status)).toEqual([201, 201, 201]);
    expect(answers[0]?.body).toMatchObject({ personId: person.personId, ...body });
    await expect.poll(status, { timeout: 1_500 }).toBe(200);
    const remove = () => administrator.delete(`${path}/${person.personId}/operator_support`);
    expect((await remove()).status).toBe(204);
    await expect.poll(status, { timeout: 1_500 }).toBe(403);
    expect((await remove()).body.type).toMatch(/operator-role-not-found$/);
    const trail = await harness.database.rows(
      "select action, structure_id from app.audit_events where subject_id = $1 order by id",
      [person.personId],
    );
    expect(trail).toEqual([
      { action: "operator-role.grant", structure_id: null },
      { action: "operator-role.revoke", structure_id: null },
    ]);
  });

  it("never leave the platform without administrator, also when two remove each other", async () => {
    const fresh = await openHarness();
    const [one, two] = [
      await fresh.signIn({ operatorRoles: ["operator_administrator"] }),
      await fresh.signIn({ operatorRoles: ["operator_administrator"] }),
    ];
    const key = (person: Visitor) => `${path}/${person.personId}/operator_administrator`;
    const answers = await Promise.all([one.delete(key(two)), two.delete(key(one))]);
    const [first, second] = answers.toSorted((a, b) => a.status - b.status);
    expect(first?.status).toBe(204);
    // Whoever comes second is the last administrator, or has been told already that he is none any more.
    expect(second?.body.type).toMatch(/(last-administrator|person-not-found)$/);
    expect(await fresh.database.rows("select count(*)::int from app.operator_roles")).toEqual([{ count: 1 }]);
    const left = answers[0]?.status === 204 ? one : two;
    expect((await left.delete(key(left))).body.type).toMatch(/last-administrator$/);
    await fresh.close();
  });

  it("are given and taken away with a factor of the last five minutes alone", async () => {
    const fresh = await openHarness();
    const one = await fresh.signIn({ operatorRoles: ["operator_administrator"] });
    fresh.clock.pass(301);
    const given = await one.post(path, { idNatPs: newIdNatPs(), role: "operator_administrator" });
    const taken = await one.delete(`${path}/${one.personId}/operator_administrator`);
    for (const { status, body } of [given, taken]) {
      expect([status, body.method]).toEqual([403, "provider"]);
      expect(body.type).toMatch(/factor-required$/);
    }
    expect(await fresh.database.rows("select role from app.operator_roles")).toHaveLength(1);
    await fresh.close();
  });

  it("are listed by name, page by page, to the operator's staff", async () => {
    for (const familyName of ["DELTA", "CHARLIE"]) {
      await administrator.post(path, { idNatPs: newIdNatPs(), familyName, role: "auditor" });
    }
    const auditor = await harness.signIn({ operatorRoles: ["auditor"], familyName: "BRAVO" });
    const first = (await auditor.get(`${path}?role=auditor&limit=2`)).body;
    const second = (await auditor.get(`${path}?role=auditor&limit=2&cursor=${first.nextCursor}`)).body;
    const names = [...first.items, ...second.items].map((one: { familyName: string }) => one.familyName);
    expect(names).toEqual(["BRAVO", "CHARLIE", "DELTA"]);
  });

  it("are the administrator's to give, and nobody's of a structure", async () => {
    const { administrator: stranger } = await newTenant(harness);
    const support = await harness.signIn({ operatorRoles: ["operator_support"] });
    const body = { idNatPs: newIdNatPs(), role: "operator_administrator" };
    // Who lists the roles sees them, and is told that he may not take one away.
    for (const [person, taken] of [[stranger, "person-not-found"], [support, "forbidden"]] as const) {
      expect((await person.post(path, body)).body).toMatchObject({
        status: 403,
        action: "operator-role.grant",
      });
      const refused = await person.delete(`${path}/${administrator.personId}/operator_administrator`);
      expect(refused.body.type.endsWith(`/${taken}`)).toBe(true);
    }
    expect((await stranger.get(path)).status).toBe(403);
  });

  it("name each wrong field", async () => {
    const { body } = await administrator.post(path, { idNatPs: "", role: "user" });
    expect(body.errors.map((one: { pointer: string }) => one.pointer).sort()).toEqual(["/idNatPs", "/role"]);
  });
});
