import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness } from "../../support/harness.ts";
import { closeAtOnce, newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

describe("suspending and resuming a mailbox", () => {
  let harness: Harness;
  let tenant: Tenant;
  let other: Tenant;
  const reason = { reason: "Départ du professionnel" };
  const suspension = (id: string) => `/api/v1/mailboxes/${id}/suspension`;
  const isAdmitted = async (address: string) =>
    (await harness.database.rows("select 1 from mail_directory.recipient where address = $1", [address]))
      .length === 1;

  beforeAll(async () => {
    harness = await openHarness();
    [tenant, other] = [await newTenant(harness), await newTenant(harness)];
  });
  afterAll(async () => await harness.close());

  it("takes the box out of the mail server's views at the commit, and gives the rest to a job", async () => {
    const box = await newMailbox(harness, tenant);
    expect(await isAdmitted(box.address)).toBe(true);
    const answer = await tenant.administrator.post(suspension(box.id), reason);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      status: "suspended",
      suspensionReason: reason.reason,
      version: 2,
      provisioning: { status: "pending" },
    });
    expect(await isAdmitted(box.address)).toBe(false);
    expect(
      await harness.database.rows(
        "select 1 from mail_directory.login where login = $1 union select 1 from mail_directory.sender where login = $1",
        [box.address],
      ),
    ).toEqual([]);
    const jobs = await harness.database.rows("select 1 from graphile_worker.jobs where key = $1", [
      `mailbox:${box.id}`,
    ]);
    expect(jobs).toHaveLength(1);
    const audit = await harness.database.rows(
      "select before->>'status' as before, after->>'status' as after, reason from app.audit_events where subject_id = $1 and action = 'mailbox.suspend'",
      [box.id],
    );
    expect(audit).toEqual([{ before: "active", after: "suspended", ...reason }]);
  });

  it("gives everything back when resumed", async () => {
    const box = await newMailbox(harness, tenant);
    await tenant.administrator.post(suspension(box.id), reason);
    const answer = await tenant.administrator.delete(suspension(box.id));
    expect(answer.body).toMatchObject({ status: "active", suspensionReason: null, version: 3 });
    expect(await isAdmitted(box.address)).toBe(true);
  });

  it("is harmless when repeated: same version, one row in the trail", async () => {
    const box = await newMailbox(harness, tenant);
    await tenant.administrator.post(suspension(box.id), reason);
    const again = await tenant.administrator.post(suspension(box.id), { reason: "autre" });
    expect([again.status, again.body.version, again.body.suspensionReason]).toEqual([200, 2, reason.reason]);
    const rows = await harness.database.rows(
      "select 1 from app.audit_events where subject_id = $1 and action = 'mailbox.suspend'",
      [box.id],
    );
    expect(rows).toHaveLength(1);
    expect((await tenant.administrator.delete(suspension(box.id))).body.version).toBe(3);
    expect((await tenant.administrator.delete(suspension(box.id))).body.version).toBe(3);
  });

  it("is refused to who saw an older version", async () => {
    const box = await newMailbox(harness, tenant);
    await tenant.administrator.post(suspension(box.id), reason, { "if-match": '"1"' });
    const late = await tenant.administrator.delete(suspension(box.id), { "if-match": '"1"' });
    expect(late.body).toMatchObject({ status: 412, currentVersion: 2 });
    expect((await tenant.administrator.delete(suspension(box.id), { "if-match": '"2"' })).status).toBe(200);
    expect((await tenant.administrator.delete(suspension(box.id), { "if-match": "two" })).body.errors)
      .toMatchObject([
        { pointer: "/header/if-match" },
      ]);
  });

  it("answers another structure's administrator as if the box did not exist", async () => {
    const box = await newMailbox(harness, tenant);
    for (const id of [box.id, crypto.randomUUID()]) {
      const answer = await other.administrator.post(suspension(id), reason);
      expect([answer.status, answer.body.type]).toEqual([
        404,
        "http://localhost:8480/problems/mailbox-not-found",
      ]);
    }
    expect(await isAdmitted(box.address)).toBe(true);
  });

  it("is refused to who may only look", async () => {
    const box = await newMailbox(harness, tenant);
    const support = await harness.signIn({ operatorRoles: ["operator_support"] });
    expect((await support.get(`/api/v1/mailboxes/${box.id}`)).status).toBe(200);
    expect((await support.post(suspension(box.id), reason)).body.type).toMatch(/forbidden$/);
  });

  it("needs a reason", async () => {
    const box = await newMailbox(harness, tenant);
    for (const body of [{}, { reason: "   " }, { reason: "x".repeat(256) }]) {
      expect((await tenant.administrator.post(suspension(box.id), body)).body.errors).toMatchObject([{
        pointer: "/reason",
      }]);
    }
  });

  it("refuses a closed box", async () => {
    const box = await newMailbox(harness, tenant);
    await closeAtOnce(harness, box.id);
    expect((await tenant.administrator.post(suspension(box.id), reason)).body.type).toMatch(
      /mailbox-closed$/,
    );
    expect((await tenant.administrator.delete(suspension(box.id))).body.type).toMatch(/mailbox-closed$/);
  });

  it("suspends once when asked twenty times at once", async () => {
    const box = await newMailbox(harness, tenant);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => tenant.administrator.post(suspension(box.id), reason)),
    );
    expect(new Set(answers.map((answer) => answer.body.version))).toEqual(new Set([2]));
  });
});
