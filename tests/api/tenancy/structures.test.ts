import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newIdNatStruct, newMailbox, newTenant } from "../../support/tenants.ts";

const path = "/api/v1/structures";

describe("structures", () => {
  let harness: Harness;
  let operator: Visitor;

  beforeAll(async () => {
    harness = await openHarness();
    operator = await harness.signIn({ operatorRoles: ["operator_administrator"] });
  });
  afterAll(async () => await harness.close());

  it("are opened by the operator's administrator, with a row in their own trail", async () => {
    const idNatStruct = newIdNatStruct();
    const answer = await operator.post(path, { idNatStruct, name: "  Clinique de l’Étoile " });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      idNatStruct,
      name: "Clinique de l’Étoile",
      status: "active",
      version: 1,
    });
    expect(answer.headers.get("location")).toBe(`${path}/${answer.body.id}`);
    const rows = await harness.database.rows(
      "select action, actor_person_id from app.audit_events where structure_id = $1",
      [
        answer.body.id,
      ],
    );
    expect(rows).toEqual([{ action: "structure.create", actor_person_id: operator.personId }]);
  });

  it.each(
    [
      ["operator_support", undefined],
      ["auditor", undefined],
      [undefined, "structure_administrator"],
      [undefined, "user"],
      [undefined, undefined],
    ] as const,
  )("are opened neither by %s nor %s", async (operatorRole, structureRole) => {
    const { structureId } = await newTenant(harness);
    const person = await harness.signIn({
      operatorRoles: operatorRole ? [operatorRole] : [],
      memberships: structureRole ? [{ structureId, role: structureRole }] : [],
    });
    const answer = await person.post(path, { idNatStruct: newIdNatStruct(), name: "X" });
    expect(answer.body).toMatchObject({ status: 403, action: "structure.create" });
  });

  it("have an identifier of their own: of ten at once one is made", async () => {
    const body = { idNatStruct: newIdNatStruct(), name: "X" };
    const answers = await Promise.all(Array.from({ length: 10 }, () => operator.post(path, body)));
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, ...Array(9).fill(409)]);
    expect(answers.find((one) => one.status === 409)?.body).toMatchObject({ idNatStruct: body.idNatStruct });
  });

  it.each([
    ["12345678900011", /put 3 before it/],
    ["750000001", /put 1 before it/],
    ["2750000001", /must be 1/],
    ["31234567890001", /put 3 before it|must be 1/],
    ["12b0078671", /must be 1/],
    ["", /must be 1/],
  ])("refuse the identifier %j and say why", async (idNatStruct, reason) => {
    const answer = await operator.post(path, { idNatStruct, name: "X" });
    expect(answer.body.errors).toEqual([{ pointer: "/idNatStruct", detail: expect.stringMatching(reason) }]);
  });

  it("accept a FINESS of Corsica", async () => {
    expect((await operator.post(path, { idNatStruct: "12B0078671", name: "X" })).status).toBe(201);
  });

  it("are listed for the operator in full, for anybody else as far as he has a role", async () => {
    const [one, two] = [await newTenant(harness), await newTenant(harness)];
    const both = await harness.signIn({
      memberships: [one, two].map(({ structureId }) => ({ structureId, role: "user" as const })),
    });
    const ids = async (visitor: Visitor) =>
      (await visitor.get(`${path}?limit=200`)).body.items.map((item: { id: string }) => item.id);
    expect(await ids(one.administrator)).toEqual([one.structureId]);
    expect((await ids(both)).sort()).toEqual([one.structureId, two.structureId].sort());
    expect(await ids(await harness.signIn())).toEqual([]);
    expect(await ids(operator)).toEqual(expect.arrayContaining([one.structureId, two.structureId]));
  });

  it("are paged through, each once, by name", async () => {
    const seen: string[] = [];
    for (let next: string | null = `${path}?limit=3`; next !== null;) {
      const { body }: { body: { items: { name: string; id: string }[]; nextCursor: string | null } } =
        await operator.get(next);
      seen.push(...body.items.map((item) => item.id));
      next = body.nextCursor && `${path}?limit=3&cursor=${body.nextCursor}`;
    }
    const all = await harness.database.rows("select id from app.structures order by name, id");
    expect(seen).toEqual(all.map((row) => row.id));
  });

  it("when suspended take all their boxes out of the mail server's views, and give back what was there", async () => {
    const tenant = await newTenant(harness);
    const [open, closed] = [await newMailbox(harness, tenant), await newMailbox(harness, tenant)];
    await tenant.administrator.post(`/api/v1/mailboxes/${closed.id}/suspension`, { reason: "X" });
    await harness.database.rows("delete from graphile_worker._private_jobs");
    const admitted = async () =>
      (await harness.database.rows("select address from mail_directory.recipient where address = any($1)", [
        [open.address, closed.address],
      ])).map((row) => row.address);
    const answer = await operator.post(`${path}/${tenant.structureId}/suspension`, { reason: "Impayé" });
    expect(answer.body).toMatchObject({ status: "suspended", version: 2 });
    expect(await admitted()).toEqual([]);
    const jobs = await harness.database.rows("select key from graphile_worker.jobs order by key");
    expect(jobs.map((row) => row.key)).toEqual([`mailbox:${open.id}`, `mailbox:${closed.id}`].sort());
    await operator.delete(`${path}/${tenant.structureId}/suspension`);
    expect(await admitted()).toEqual([open.address]);
  });

  it("are suspended by the operator alone; their own administrator is told so", async () => {
    const tenant = await newTenant(harness);
    const answer = await tenant.administrator.post(`${path}/${tenant.structureId}/suspension`, {
      reason: "X",
    });
    expect(answer.body).toMatchObject({ status: 403, action: "structure.suspend" });
  });

  it("are suspended while their boxes are, at the same moment, without waiting for each other in a circle", async () => {
    const tenant = await newTenant(harness);
    const boxes = await Promise.all(Array.from({ length: 8 }, () => newMailbox(harness, tenant)));
    const answers = await Promise.all([
      ...boxes.map((box) =>
        tenant.administrator.post(`/api/v1/mailboxes/${box.id}/suspension`, { reason: "X" })
      ),
      operator.post(`${path}/${tenant.structureId}/suspension`, { reason: "X" }),
      operator.post(`${path}/${tenant.structureId}/domains/${tenant.domainId}/suspension`, { reason: "X" }),
    ]);
    expect(answers.map((answer) => answer.status)).toEqual(Array(10).fill(200));
  });
});
