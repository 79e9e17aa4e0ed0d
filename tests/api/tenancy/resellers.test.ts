import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newIdNatPs, newIdNatStruct, newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

const structures = "/api/v1/structures";

describe("a reseller", () => {
  let harness: Harness;
  let operator: Visitor;
  const path = (id: string) => `${structures}/${id}`;
  /** A structure that the operator has made a reseller. */
  const newReseller = async (
    quota: { quotaMailboxes?: number; quotaBytes?: number } = {},
  ): Promise<Tenant> => {
    const tenant = await newTenant(harness);
    const answer = await operator.patch(path(tenant.structureId), { isReseller: true, ...quota });
    expect(answer.status, answer.text).toBe(200);
    return tenant;
  };
  const open = (visitor: Visitor, reseller: Tenant, more: object = {}) =>
    visitor.post(structures, {
      idNatStruct: newIdNatStruct(),
      name: "Cabinet",
      resellerId: reseller.structureId,
      ...more,
    });

  beforeAll(async () => {
    harness = await openHarness();
    operator = await harness.signIn({ operatorRoles: ["operator_administrator"] });
  });
  afterAll(async () => await harness.close());

  it("opens structures under itself and runs them as their administrator, and no others", async () => {
    const [reseller, stranger] = [await newReseller(), await newTenant(harness)];
    const { administrator } = reseller;
    const domain = `cabinet.${reseller.domain}`;
    const opened = await open(administrator, reseller, {
      domains: [domain],
      administrator: { idNatPs: newIdNatPs() },
    });
    expect(opened.status, opened.text).toBe(201);
    expect(opened.body).toMatchObject({ resellerId: reseller.structureId });
    const child = opened.body.id;
    // A page of the session a moment later: roles are looked up again.
    const later = await harness.signIn({
      memberships: [{ structureId: reseller.structureId, role: "structure_administrator" }],
    });
    expect((await later.get(path(child))).status).toBe(200);
    const box = await later.post(`${path(child)}/mailboxes`, { address: `a@${domain}`, type: "ORG" });
    expect(box.status, box.text).toBe(201);
    expect((await later.patch(path(child), { quotaMailboxes: 5, name: "Cabinet du Parc" })).body)
      .toMatchObject({
        quotaMailboxes: 5,
        name: "Cabinet du Parc",
      });
    expect((await later.post(`${path(child)}/suspension`, { reason: "Impayé" })).body.status).toBe(
      "suspended",
    );
    expect((await later.delete(`${path(child)}/suspension`)).body.status).toBe("active");
    expect((await later.get(path(stranger.structureId))).status).toBe(404);
    // What the operator alone does to the reseller itself is not the reseller's.
    expect((await later.patch(path(reseller.structureId), { quotaMailboxes: 5 })).status).toBe(403);
    const ids = (await later.get(structures)).body.items.map((one: { id: string }) => one.id);
    expect(ids.sort()).toEqual([child, reseller.structureId].sort());
    const under = (await later.get(`${structures}?resellerId=${reseller.structureId}`)).body.items;
    expect(under).toMatchObject([{ id: child, onboarding: { hasDomain: true, hasAdministrator: true } }]);
  });

  it("is told in the session through whom its administrator has a role", async () => {
    const reseller = await newReseller();
    const child = (await open(operator, reseller)).body.id;
    const person = await harness.signIn({
      memberships: [{ structureId: reseller.structureId, role: "structure_administrator" }],
    });
    const { roles } = (await person.get("/api/v1/session")).body;
    expect(roles).toContainEqual(expect.objectContaining({ structureId: child, structureName: "Cabinet" }));
  });

  it("gives its other roles nothing over its children", async () => {
    const reseller = await newReseller();
    const child = (await open(operator, reseller)).body.id;
    for (const role of ["domain_administrator", "mailbox_manager", "user"] as const) {
      const person = await harness.signIn({ memberships: [{ structureId: reseller.structureId, role }] });
      expect((await person.get(path(child))).status).toBe(404);
      expect((await open(person, reseller)).body).toMatchObject({
        status: 403,
        action: "structure.administer-child",
      });
    }
  });

  it("loses its children's administration with its own activity", async () => {
    const reseller = await newReseller();
    const child = (await open(operator, reseller)).body.id;
    await operator.post(`${path(reseller.structureId)}/suspension`, { reason: "Impayé" });
    const person = await harness.signIn({
      memberships: [{ structureId: reseller.structureId, role: "structure_administrator" }],
    });
    expect((await person.get(path(child))).status).toBe(404);
    expect((await open(person, reseller)).body.type).toMatch(/structure-suspended$/);
  });

  it("is made by the operator alone: an ordinary structure opens nothing", async () => {
    const tenant = await newTenant(harness);
    expect((await open(tenant.administrator, tenant)).body.type).toMatch(/structure-not-reseller$/);
    expect((await open(tenant.administrator, await newReseller())).body.type).toMatch(/structure-not-found$/);
    expect(
      (await open(operator, { ...tenant, structureId: crypto.randomUUID() })).body.type,
    ).toMatch(/structure-not-found$/);
  });

  it("gives sub-domains of its own, and no other name", async () => {
    const reseller = await newReseller();
    const child = (await open(operator, reseller)).body.id;
    const person = await harness.signIn({
      memberships: [{ structureId: reseller.structureId, role: "structure_administrator" }],
    });
    const give = (name: string) => person.post(`${path(child)}/domains`, { name });
    expect((await give(`cabinet.${reseller.domain}`)).status).toBe(201);
    for (const name of ["chu.mssante.test", `not${reseller.domain}`, `${reseller.domain}.evil.test`]) {
      expect((await give(name)).body).toMatchObject({ status: 409, name });
      expect((await open(person, reseller, { domains: [name] })).body.type).toMatch(
        /domain-outside-reseller$/,
      );
    }
  });

  it("hands out no more than it has itself, its own boxes counted", async () => {
    const reseller = await newReseller({ quotaMailboxes: 10 });
    await newMailbox(harness, reseller);
    expect((await open(operator, reseller)).body).toMatchObject({ quota: "mailboxes", status: 409 });
    const child = (await open(operator, reseller, { quotaMailboxes: 6 })).body.id;
    expect((await open(operator, reseller, { quotaMailboxes: 4 })).body).toMatchObject({
      limit: 10,
      used: 7,
    });
    expect((await operator.patch(path(child), { quotaMailboxes: 10 })).body).toMatchObject({
      limit: 10,
      used: 1,
    });
    expect((await operator.patch(path(child), { quotaMailboxes: null })).body.type).toMatch(
      /child-unlimited$/,
    );
    expect((await operator.patch(path(child), { quotaMailboxes: 9 })).status).toBe(200);
    // Nothing is left for a second box of its own.
    await expect(newMailbox(harness, reseller)).rejects.toMatchObject({ slug: "quota-mailboxes-exceeded" });
    expect((await operator.patch(path(reseller.structureId), { quotaMailboxes: 9 })).body).toMatchObject({
      quota: "mailboxes",
      used: 10,
    });
  });

  it("that asks twice at the same time gets the last of its quota once", async () => {
    const reseller = await newReseller({ quotaMailboxes: 5 });
    const answers = await Promise.all([1, 2].map(() => open(operator, reseller, { quotaMailboxes: 4 })));
    expect(answers.map((one) => one.status).sort()).toEqual([201, 409]);
  });

  it("has no reseller, and stays one as long as it has children", async () => {
    const [reseller, other] = [await newReseller(), await newReseller()];
    const child = (await open(operator, reseller)).body.id;
    const change = (id: string, body: object) => operator.patch(path(id), body);
    expect((await change(child, { isReseller: true })).body.type).toMatch(/structure-not-reseller$/);
    expect((await change(reseller.structureId, { resellerId: other.structureId })).body.type).toMatch(
      /structure-not-reseller$/,
    );
    expect((await change(reseller.structureId, { isReseller: false })).body).toMatchObject({
      type: expect.stringMatching(/structure-has-children$/),
      count: 1,
    });
    expect((await change(child, { resellerId: other.structureId })).body.resellerId).toBe(other.structureId);
    expect((await change(reseller.structureId, { isReseller: false })).status).toBe(200);
    expect((await change(child, { resellerId: null })).body.resellerId).toBeNull();
  });

  it("is held to its rules by the database too", async () => {
    const [reseller, plain] = [await newReseller(), await newTenant(harness)];
    const child = (await open(operator, reseller)).body.id;
    const attempt = (query: string, ...ids: string[]) => harness.database.rows(query, ids);
    await expect(
      attempt("update app.structures set reseller_id = $2 where id = $1", child, plain.structureId),
    )
      .rejects.toThrow(/is no reseller/);
    await expect(attempt("update app.structures set is_reseller = false where id = $1", reseller.structureId))
      .rejects.toThrow(/still administers/);
    await expect(attempt("update app.structures set reseller_id = id where id = $1", plain.structureId))
      .rejects
      .toThrow();
  });

  it("sees of its children nothing in its own scope: each transaction sees one structure", async () => {
    const reseller = await newReseller();
    const child = (await open(operator, reseller)).body.id;
    const seen = async (scope: string, structureId: string, personId: string) => {
      const api = await harness.database.connect("mss_api");
      await api.query("begin");
      await api.query(
        "select set_config('app.scope', $1, true), set_config('app.structure_id', $2, true), set_config('app.person_id', $3, true)",
        [scope, structureId, personId],
      );
      const { rows } = await api.query("select id from app.structures");
      const changed = await api.query("update app.structures set name = 'X' where id = $1", [child]);
      await api.query("rollback");
      return { ids: rows.map((row) => row.id).sort(), changed: changed.rowCount };
    };
    const { structureId } = reseller;
    expect(await seen("structure", structureId, "")).toEqual({ ids: [structureId], changed: 0 });
    // As a person the administrator sees that they exist, and changes nothing.
    expect(await seen("person", "", reseller.administrator.personId)).toEqual({
      ids: [child, structureId].sort(),
      changed: 0,
    });
    const user = await harness.signIn({ memberships: [{ structureId, role: "user" }] });
    expect(await seen("person", "", user.personId)).toEqual({ ids: [structureId], changed: 0 });
  });
});
