import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabase, createPool } from "../../../api/database/pool.ts";
import { runErasures } from "../../../api/privacy/mod.ts";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newIdNatPs, newMailbox, newTenant } from "../../support/tenants.ts";

const path = "/api/v1/privacy/erasures";
const days = { grace: 3, trace: 1095, mail: 365 };
const day = 86_400_000;

describe("the erasure of a person", () => {
  let harness: Harness;
  let operator: Visitor;
  /** The worker's own role: the API's may not delete what an erasure deletes. */
  let worker: ReturnType<typeof createDatabase>;
  beforeAll(async () => {
    harness = await openHarness();
    worker = createDatabase(createPool(harness.database.configOf("mss_worker")));
    operator = await harness.signIn({ operatorRoles: ["operator_administrator"] });
  });
  afterAll(async () => {
    await worker.destroy();
    await harness.close();
  });

  const later = (count: number) => ({
    ...harness.system,
    db: worker,
    now: () => new Date(harness.clock.now().getTime() + count * day),
  });
  const plan = async (personId: string) => (await operator.post(path, { personId, reason: "Demande" })).body;

  it("is a dated plan: each category goes at its date or is kept on a ground that is said", async () => {
    const { personId } = await harness.signIn();
    const made = await plan(personId);
    for (const step of made.steps) expect(step.ground.length, step.category).toBeGreaterThan(20);
    const due = Object.fromEntries(
      made.steps.map((one: { category: string; act: string; dueAt: string | null }) => [one.category, one]),
    );
    expect(due["sessions"]).toMatchObject({
      act: "erase",
      dueAt: new Date(harness.clock.now().getTime() + days.grace * day).toISOString(),
    });
    expect(due["adresses"]).toMatchObject({ act: "keep", dueAt: null });
    expect(due["trace"]).toMatchObject({
      act: "keep",
      dueAt: new Date(harness.clock.now().getTime() + (days.grace + days.trace) * day).toISOString(),
    });
    expect((await operator.post(path, { personId, reason: "Encore" })).body.type).toMatch(/erasure-open$/);
  });

  it("is shown before it is made, with the boxes that would close; nothing is written", async () => {
    const tenant = await newTenant(harness);
    const idNatPs = newIdNatPs();
    const { personId } = await harness.signIn({ idNatPs, familyName: "Triolet" });
    const box = await newMailbox(harness, tenant, { type: "PER", holderIdNatPs: idNatPs });
    const preview = "/api/v1/privacy/erasure-preview?personId=";
    const { body: shown } = await operator.get(preview + personId);
    expect(shown).toMatchObject({ personId, familyName: "Triolet", mailboxes: [box.address] });
    expect((await operator.get(path)).body.items).not.toContainEqual(expect.objectContaining({ personId }));
    const made = await plan(personId);
    expect(made.familyName).toBe("Triolet");
    const byCategory = (steps: { category: string }[]) =>
      steps.toSorted((a, b) => a.category.localeCompare(b.category));
    expect(byCategory(shown.steps).map((one) => ({ ...one, doneAt: null }))).toEqual(byCategory(made.steps));
    expect((await operator.get(preview + crypto.randomUUID())).body.type).toMatch(/person-not-found$/);
    expect((await tenant.administrator.get(preview + personId)).status).toBe(403);
  });

  it("takes rights and sessions at once, closes his boxes, and his name when the trail's time is over", async () => {
    const tenant = await newTenant(harness);
    const idNatPs = newIdNatPs();
    const person = await harness.signIn({
      idNatPs,
      familyName: "Aragon",
      memberships: [{ structureId: tenant.structureId, role: "user" }],
    });
    const box = await newMailbox(harness, tenant, { type: "PER", holderIdNatPs: idNatPs });
    const made = await plan(person.personId);
    await runErasures(later(days.grace), days);
    expect((await person.get("/api/v1/session")).status).toBe(401);
    expect(await harness.database.rows("select from app.memberships where person_id = $1", [person.personId]))
      .toEqual([]);
    const states = () => harness.database.rows("select status from app.mailboxes where id = $1", [box.id]);
    expect(await states()).toEqual([{ status: "closing" }]);
    expect((await operator.get(`${path}/${made.id}`)).body.status).toBe("running");

    const name = () =>
      harness.database.rows("select family_name, id_nat_ps from app.people where id = $1", [person.personId]);
    await runErasures(later(days.grace + days.trace - 1), days);
    expect(await name()).toEqual([{ family_name: "Aragon", id_nat_ps: idNatPs }]);
    await runErasures(later(days.grace + days.trace), days);
    expect(await name()).toEqual([{ family_name: "", id_nat_ps: null }]);
    expect((await operator.get(`${path}/${made.id}`)).body.status).toBe("done");
    const trail = await harness.database.rows(
      "select after->'categories'->>0 as category from app.audit_events where action = 'erasure.run' and subject_id = $1",
      [person.personId],
    );
    const erased = made.steps.filter((one: { act: string }) => one.act === "erase");
    expect(trail.map((row) => (row as { category: string }).category).sort()).toEqual(
      erased.map((one: { category: string }) => one.category).sort(),
    );
  });

  it("repeated by a second run erases nothing twice", async () => {
    const { personId } = await harness.signIn();
    await plan(personId);
    await runErasures(later(days.grace), days);
    const count = () =>
      harness.database.rows(
        "select count(*) from app.audit_events where action = 'erasure.run' and subject_id = $1",
        [
          personId,
        ],
      );
    const before = await count();
    await runErasures(later(days.grace), days);
    expect(await count()).toEqual(before);
  });

  it("is given up as long as nothing was erased, and then no more", async () => {
    const first = await plan((await harness.signIn()).personId);
    expect((await operator.delete(`${path}/${first.id}`, { "if-match": '"7"' })).status).toBe(412);
    expect((await operator.delete(`${path}/${first.id}`)).status).toBe(204);
    expect((await operator.delete(`${path}/${first.id}`)).status).toBe(204);
    const second = await plan((await harness.signIn()).personId);
    await runErasures(later(days.grace - 1), days);
    expect((await operator.get(`${path}/${second.id}`)).body.status).toBe("planned");
    await runErasures(later(days.grace), days);
    expect((await operator.delete(`${path}/${second.id}`)).body.type).toMatch(/erasure-ended$/);
  });

  it("is the operator's to plan; a structure's administrator learns nothing of it", async () => {
    const { administrator } = await newTenant(harness);
    const made = await plan((await harness.signIn()).personId);
    expect((await administrator.get(`${path}/${made.id}`)).body.type).toMatch(/erasure-not-found$/);
    expect((await administrator.get(path)).body).toMatchObject({ status: 403 });
    expect((await operator.post(path, { personId: crypto.randomUUID(), reason: "x" })).body.type).toMatch(
      /person-not-found$/,
    );
  });
});
