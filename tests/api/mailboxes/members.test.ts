import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness } from "../../support/harness.ts";
import { newIdNatPs, newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

describe("members of a mailbox", () => {
  let harness: Harness;
  let tenant: Tenant;
  let other: Tenant;
  const members = (id: string) => `/api/v1/mailboxes/${id}/members`;

  beforeAll(async () => {
    harness = await openHarness();
    [tenant, other] = [await newTenant(harness), await newTenant(harness)];
  });
  afterAll(async () => await harness.close());

  it("lets a person who has signed in open the box, until taken away", async () => {
    const box = await newMailbox(harness, tenant);
    const idNatPs = newIdNatPs();
    const person = await harness.signIn({ idNatPs, givenName: "Léa", familyName: "ROY" });
    const addresses = async () =>
      (await person.get("/api/v1/session")).body.mailboxes.map((one: { address: string }) => one.address);
    expect(await addresses()).toEqual([]);
    const added = await tenant.administrator.post(members(box.id), { idNatPs });
    expect(added.status).toBe(201);
    expect(added.body).toMatchObject({
      personId: person.personId,
      idNatPs,
      givenName: "Léa",
      familyName: "ROY",
    });
    expect(await addresses()).toEqual([box.address]);
    expect((await tenant.administrator.get(members(box.id))).body.items).toMatchObject([{
      personId: person.personId,
    }]);
    const removed = await tenant.administrator.delete(`${members(box.id)}/${person.personId}`);
    expect([removed.status, removed.text]).toEqual([204, ""]);
    expect(await addresses()).toEqual([]);
    const trail = await harness.database.rows(
      "select action from app.audit_events where subject_id = $1 and action like 'mailbox-member.%' order by id",
      [box.id],
    );
    expect(trail.map((row) => row.action)).toEqual(["mailbox-member.add", "mailbox-member.remove"]);
  });

  it("notes a person whom nobody knows, once, and attaches no role beyond user", async () => {
    const [first, second] = [await newMailbox(harness, tenant), await newMailbox(harness, other)];
    const idNatPs = newIdNatPs();
    const one = await tenant.administrator.post(members(first.id), {
      idNatPs,
      givenName: "Ana",
      familyName: "LOPEZ",
    });
    const two = await other.administrator.post(members(second.id), {
      idNatPs,
      givenName: "Autre",
      familyName: "NOM",
    });
    expect(two.body.personId).toBe(one.body.personId);
    expect(two.body.familyName).toBe("LOPEZ");
    const roles = await harness.database.rows("select role from app.memberships where person_id = $1", [
      one.body.personId,
    ]);
    expect(roles).toEqual([{ role: "user" }, { role: "user" }]);
  });

  it("is harmless when repeated", async () => {
    const box = await newMailbox(harness, tenant);
    const person = { idNatPs: newIdNatPs() };
    const answers = await Promise.all(
      [1, 2, 3].map(() => tenant.administrator.post(members(box.id), person)),
    );
    expect(answers.map((answer) => answer.status)).toEqual([201, 201, 201]);
    const trail = await harness.database.rows(
      "select 1 from app.audit_events where subject_id = $1 and action = 'mailbox-member.add'",
      [box.id],
    );
    expect(trail).toHaveLength(1);
  });

  it("are refused for a personal box", async () => {
    const box = await newMailbox(harness, tenant, { type: "PER" });
    const answer = await tenant.administrator.post(members(box.id), { idNatPs: newIdNatPs() });
    expect(answer.body.type).toMatch(/mailbox-holder-fixed$/);
  });

  it("of another structure's box are as unknown as those of no box", async () => {
    const box = await newMailbox(harness, tenant);
    const { body: { personId } } = await tenant.administrator.post(members(box.id), {
      idNatPs: newIdNatPs(),
    });
    for (const id of [box.id, crypto.randomUUID()]) {
      const answers = [
        await other.administrator.get(members(id)),
        await other.administrator.post(members(id), { idNatPs: newIdNatPs() }),
        await other.administrator.delete(`${members(id)}/${personId}`),
      ];
      for (const answer of answers) expect(answer.body.type).toMatch(/mailbox-not-found$/);
    }
    expect((await tenant.administrator.get(members(box.id))).body.items).toHaveLength(1);
  });

  it("that are none cannot be taken away", async () => {
    const box = await newMailbox(harness, tenant);
    const answer = await tenant.administrator.delete(`${members(box.id)}/${crypto.randomUUID()}`);
    expect(answer.body.type).toMatch(/member-not-found$/);
  });
});
