import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness } from "../../support/harness.ts";
import { newIdNatPs, newTenant, type Tenant } from "../../support/tenants.ts";

describe("invitations", () => {
  let harness: Harness;
  let tenant: Tenant;
  let other: Tenant;
  const path = (one: Tenant = tenant) => `/api/v1/structures/${one.structureId}/invitations`;
  const person = () => ({ idNatPs: newIdNatPs(), givenName: "Inès", familyName: "INVITÉE", role: "user" });
  const trail = async (subject: string) =>
    (await harness.database.rows("select action from app.audit_events where subject_id = $1 order by id", [
      subject,
    ])).map((row) => row.action);

  beforeAll(async () => {
    harness = await openHarness();
    [tenant, other] = [await newTenant(harness), await newTenant(harness)];
  });
  afterAll(async () => await harness.close());

  it("note a person, who is shown as invited and has no role yet", async () => {
    const given = { ...person(), email: "ines@clinique.test" };
    const { status, body } = await tenant.administrator.post(path(), given);
    expect(status).toBe(201);
    const days = (Date.parse(body.expiresAt) - Date.parse(body.createdAt)) / 86_400_000;
    expect(body).toMatchObject({ ...given, status: "pending", decidedAt: null });
    expect(days).toBe(30);
    const shown = await tenant.administrator.get(
      `/api/v1/structures/${tenant.structureId}/people/${body.personId}`,
    );
    expect(shown.body).toMatchObject({
      status: "invited",
      roles: [],
      invitation: { id: body.id, role: "user", status: "pending", expiresAt: body.expiresAt },
    });
    expect(await trail(body.personId)).toEqual(["invitation.create"]);
    const rows = await harness.database.rows("select after from app.audit_events where subject_id = $1", [
      body.personId,
    ]);
    expect(JSON.stringify(rows)).not.toContain("ines@");
  });

  it("are one when sent twice, also at the same time", async () => {
    const given = person();
    const answers = await Promise.all([1, 2, 3].map(() => tenant.administrator.post(path(), given)));
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
    expect(await trail(answers[0]?.body.personId)).toEqual(["invitation.create"]);
  });

  it("are refused for who has the role, and made anew when their time is over", async () => {
    const given = person();
    const first = (await tenant.administrator.post(path(), given)).body;
    await harness.database.rows(
      "update app.invitations set expires_at = now() - interval '1 day' where id = $1",
      [
        first.id,
      ],
    );
    expect((await tenant.administrator.get(`${path()}?status=expired`)).body.items).toMatchObject([
      { id: first.id, status: "expired" },
    ]);
    const second = (await tenant.administrator.post(path(), given)).body;
    expect([second.status, second.id === first.id]).toEqual(["pending", false]);
    await tenant.administrator.post(`/api/v1/structures/${tenant.structureId}/memberships`, given);
    const third = await tenant.administrator.post(path(), given);
    expect(third.body.type).toMatch(/already-member$/);
  });

  it("can be withdrawn, twice without harm, and not when accepted", async () => {
    const { body } = await tenant.administrator.post(path(), person());
    const remove = () => tenant.administrator.delete(`${path()}/${body.id}`);
    expect((await other.administrator.delete(`${path(other)}/${body.id}`)).body.type).toMatch(
      /invitation-not-found$/,
    );
    expect([(await remove()).status, (await remove()).status]).toEqual([204, 204]);
    expect(await trail(body.personId)).toEqual(["invitation.create", "invitation.revoke"]);
    const gone = await tenant.administrator.get(
      `/api/v1/structures/${tenant.structureId}/people/${body.personId}`,
    );
    expect(gone.status).toBe(404);
    const second = (await tenant.administrator.post(path(), person())).body;
    await harness.database.rows(
      "update app.invitations set status = 'accepted', decided_at = now() where id = $1",
      [second.id],
    );
    const refused = await tenant.administrator.delete(`${path()}/${second.id}`);
    expect(refused.body.type).toMatch(/invitation-closed$/);
  });

  it("are listed page by page, the newest first, withdrawn ones too", async () => {
    const fresh = await newTenant(harness);
    const ids: string[] = [];
    for (let count = 0; count < 3; count++) {
      ids.unshift((await fresh.administrator.post(path(fresh), person())).body.id);
    }
    await fresh.administrator.delete(`${path(fresh)}/${ids[0]}`);
    const first = (await fresh.administrator.get(`${path(fresh)}?limit=2`)).body;
    const second = (await fresh.administrator.get(`${path(fresh)}?limit=2&cursor=${first.nextCursor}`)).body;
    const seen = [...first.items, ...second.items].map((item: { id: string }) => item.id);
    expect(seen.sort()).toEqual(ids.sort());
    expect(second.nextCursor).toBeNull();
  });

  it("are for administrators to send, and for the neighbour not to see", async () => {
    const manager = await harness.signIn({
      memberships: [{ structureId: tenant.structureId, role: "mailbox_manager" }],
    });
    expect((await manager.post(path(), person())).body).toMatchObject({
      status: 403,
      action: "invitation.create",
    });
    expect((await manager.get(path())).status).toBe(200);
    expect((await other.administrator.get(path())).body.type).toMatch(/structure-not-found$/);
    expect((await other.administrator.post(path(), person())).status).toBe(404);
  });

  it("name each wrong field", async () => {
    const { body } = await tenant.administrator.post(path(), {
      idNatPs: "899900000012",
      role: "operator_administrator",
      email: "nobody",
    });
    expect(body.errors.map((one: { pointer: string }) => one.pointer).sort()).toEqual([
      "/email",
      "/idNatPs",
      "/role",
    ]);
  });

  it("stay decided in the database, whoever tries", async () => {
    const { body } = await tenant.administrator.post(path(), person());
    await tenant.administrator.delete(`${path()}/${body.id}`);
    await expect(
      harness.database.rows(
        "update app.invitations set status = 'pending', decided_at = null where id = $1",
        [
          body.id,
        ],
      ),
    ).rejects.toMatchObject({ code: "23514" });
  });
});
