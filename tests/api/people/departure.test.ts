import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { departWhenDue } from "../../../api/people/mod.ts";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newIdNatPs, newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

const reason = { reason: "Mutation au CHU" };

describe("a departure", () => {
  let harness: Harness;
  let tenant: Tenant;
  const personPath = (personId: string, one: Tenant = tenant) =>
    `/api/v1/structures/${one.structureId}/people/${personId}`;

  beforeAll(async () => {
    harness = await openHarness();
    tenant = await newTenant(harness);
  });
  afterAll(async () => await harness.close());

  /** Somebody at work: a role, an own box, two shared ones, one of which he alone opens. */
  async function newDoctor(elsewhere?: Tenant) {
    const idNatPs = newIdNatPs();
    const doctor = await harness.signIn({
      idNatPs,
      memberships: [
        { structureId: tenant.structureId, role: "mailbox_manager" },
        ...(elsewhere === undefined ? [] : [{ structureId: elsewhere.structureId, role: "user" as const }]),
      ],
    });
    const own = await newMailbox(harness, tenant, { type: "PER", holderIdNatPs: idNatPs });
    const [shared, alone] = [await newMailbox(harness, tenant), await newMailbox(harness, tenant)];
    for (const box of [shared, alone]) {
      await tenant.administrator.post(`/api/v1/mailboxes/${box.id}/members`, { idNatPs });
    }
    await tenant.administrator.post(`/api/v1/mailboxes/${shared.id}/members`, { idNatPs: newIdNatPs() });
    return { doctor, idNatPs, own, shared, alone, path: personPath(doctor.personId) };
  }
  const state = async (doctor: Visitor, boxId: string) => {
    const count = async (table: string) =>
      Number(
        (await harness.database.rows(
          `select count(*) from app.${table} where structure_id = $1 and person_id = $2`,
          [tenant.structureId, doctor.personId],
        ))[0]?.count,
      );
    const [box] = await harness.database.rows(
      "select status, suspension_reason as reason from app.mailboxes where id = $1",
      [boxId],
    );
    return { roles: await count("memberships"), boxes: await count("mailbox_members"), own: box };
  };

  it("is shown before it happens, and shown is all", async () => {
    const { doctor, own, shared, alone, path } = await newDoctor();
    const before = await state(doctor, own.id);
    const { status, body } = await tenant.administrator.get(`${path}/departure-preview`);
    expect(status).toBe(200);
    const byAddress = (a: { address: string }, b: { address: string }) => a.address < b.address ? -1 : 1;
    const named = (...boxes: { id: string; address: string }[]) =>
      boxes.map(({ id, address }) => ({ id, address })).sort(byAddress);
    expect(body).toEqual({
      roles: ["mailbox_manager", "user"],
      memberBoxes: named(shared, alone),
      mailboxes: named(own),
      orphanedMailboxes: named(alone),
      sessions: 1,
      isLastAdministrator: false,
    });
    expect(await state(doctor, own.id)).toEqual(before);
  });

  it("ends at once roles, shared boxes and sessions, and suspends his own box, in one act", async () => {
    const { doctor, own, shared, alone, path } = await newDoctor();
    const { status, body } = await tenant.administrator.post(`${path}/departure`, reason);
    expect([status, body.status]).toEqual([200, "done"]);
    expect(await state(doctor, own.id)).toEqual({
      roles: 0,
      boxes: 0,
      own: { status: "suspended", ...reason },
    });
    const trail = await harness.database.rows(
      "select action, before, after, reason from app.audit_events where subject_id = $1 and structure_id = $2 and action = 'person.depart'",
      [doctor.personId, tenant.structureId],
    );
    expect(trail).toMatchObject([{
      before: { roles: ["mailbox_manager", "user"] },
      after: { roles: [] },
      ...reason,
    }]);
    expect((trail[0] as { after: { mailboxIds: string[] } }).after.mailboxIds.sort()).toEqual(
      [own.id, shared.id, alone.id].sort(),
    );
    const jobs = await harness.database.rows(
      `select count(*)::int from graphile_worker._private_jobs
       where payload->>'mailboxId' = any($1)`,
      [[own.id, shared.id, alone.id]],
    );
    expect(jobs).toEqual([{ count: 3 }]);
    await expect.poll(async () => (await doctor.get("/api/v1/session")).status, { timeout: 3_000 }).toBe(401);
    const shown = await tenant.administrator.get(path);
    expect(shown.body).toMatchObject({
      status: "departed",
      roles: [],
      departure: { status: "done", ...reason },
    });
    expect((await tenant.administrator.get(`/api/v1/structures/${tenant.structureId}/people?status=departed`))
      .body.items.map((one: { id: string }) => one.id)).toContain(doctor.personId);
  });

  it("is harmless when repeated, with or without a box of his own", async () => {
    const { doctor, own, path } = await newDoctor();
    const answers = [];
    for (let time = 0; time < 3; time++) {
      answers.push(await tenant.administrator.post(`${path}/departure`, reason));
    }
    expect(new Set(answers.map((one) => one.text)).size).toBe(1);
    const trail = await harness.database.rows(
      "select 1 from app.audit_events where subject_id = $1 and action = 'person.depart'",
      [doctor.personId],
    );
    expect(trail).toHaveLength(1);
    expect((await state(doctor, own.id)).own).toMatchObject({ status: "suspended" });
  });

  it("leaves what the person has in another structure, and his session", async () => {
    const other = await newTenant(harness);
    const { doctor, path } = await newDoctor(other);
    expect((await tenant.administrator.get(`${path}/departure-preview`)).body.sessions).toBe(0);
    await tenant.administrator.post(`${path}/departure`, reason);
    await expect.poll(
      async () => (await doctor.get("/api/v1/session")).body.roles.map((one: { role: string }) => one.role),
      { timeout: 3_000 },
    ).toEqual(["user"]);
    expect((await doctor.get(`/api/v1/structures/${tenant.structureId}/mailboxes`)).status).toBe(404);
    expect((await doctor.get(`/api/v1/structures/${other.structureId}`)).status).toBe(200);
  });

  it("waits for its date, may be put off or cancelled, and then takes place by itself", async () => {
    const { doctor, own, path } = await newDoctor();
    const date = (days: number) => new Date(harness.clock.now().getTime() + days * 86_400_000).toISOString();
    const first = await tenant.administrator.post(`${path}/departure`, { ...reason, date: date(3) });
    expect(first.body).toMatchObject({ status: "scheduled", dueAt: date(3), endedAt: null });
    expect((await state(doctor, own.id)).roles).toBe(2);
    expect((await tenant.administrator.delete(`${path}/departure`)).status).toBe(204);
    expect((await tenant.administrator.delete(`${path}/departure`)).body.type).toMatch(
      /departure-not-found$/,
    );
    const second = await tenant.administrator.post(`${path}/departure`, { ...reason, date: date(2) });
    const third = await tenant.administrator.post(`${path}/departure`, { ...reason, date: date(1) });
    expect([third.body.id, third.body.dueAt]).toEqual([second.body.id, date(1)]);
    const job = { structureId: tenant.structureId, departureId: third.body.id };
    await departWhenDue(harness.system, job); // Too early, and of no effect.
    expect((await state(doctor, own.id)).roles).toBe(2);
    const later = { ...harness.system, now: () => new Date(date(1)) };
    await departWhenDue(later, job);
    await departWhenDue(later, job);
    await departWhenDue(later, { ...job, departureId: first.body.id });
    expect(await state(doctor, own.id)).toMatchObject({ roles: 0, own: { status: "suspended" } });
    const trail = await harness.database.rows(
      "select action, actor_kind from app.audit_events where subject_id = $1 and action like 'person.%' order by id",
      [doctor.personId],
    );
    expect(trail.map((row) => `${row.action} ${row.actor_kind}`)).toEqual([
      "person.depart person",
      "person.cancel-departure person",
      "person.depart person",
      "person.depart person",
      "person.depart system",
    ]);
  });

  it("is refused for the last administrator", async () => {
    const fresh = await newTenant(harness);
    const path = personPath(fresh.administrator.personId, fresh);
    expect((await fresh.administrator.get(`${path}/departure-preview`)).body.isLastAdministrator).toBe(true);
    const answer = await fresh.administrator.post(`${path}/departure`, reason);
    expect(answer.body.type).toMatch(/last-administrator$/);
  });

  it("is for administrators, and not for the neighbour's", async () => {
    const { doctor, path } = await newDoctor();
    const other = await newTenant(harness);
    expect((await doctor.post(`${path}/departure`, reason)).body).toMatchObject({
      status: 403,
      action: "person.depart",
    });
    expect((await other.administrator.post(`${path}/departure`, reason)).body.type).toMatch(
      /structure-not-found$/,
    );
    const foreign = await other.administrator.post(
      `${personPath(doctor.personId, other)}/departure`,
      reason,
    );
    expect(foreign.body.type).toMatch(/person-not-found$/);
  });

  it("names each wrong field", async () => {
    const { path } = await newDoctor();
    const { body } = await tenant.administrator.post(`${path}/departure`, { reason: "", date: "demain" });
    expect(body.errors.map((one: { pointer: string }) => one.pointer).sort()).toEqual(["/date", "/reason"]);
  });
});
