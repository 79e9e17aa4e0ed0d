import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listOpenableMailboxes } from "../../../api/identity/mod.ts";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import {
  closeAtOnce,
  newIdNatPs,
  newMailbox,
  newMember,
  newTenant,
  type Tenant,
} from "../../support/tenants.ts";

describe("delegations of a mailbox", () => {
  let harness: Harness;
  let tenant: Tenant;
  let other: Tenant;
  const path = (id: string, delegationId?: string) =>
    `/api/v1/mailboxes/${id}/delegations${delegationId === undefined ? "" : `/${delegationId}`}`;
  const delegate = () => ({ idNatPs: newIdNatPs(), givenName: "Noa", familyName: "TEST" });
  const inDays = (days: number) => new Date(harness.clock.now().getTime() + days * 86_400_000).toISOString();
  const patch = async (visitor: Visitor, target: string, body: unknown, headers = {}) => {
    const answer = await visitor.send(target, {
      method: "PATCH",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", ...headers },
    });
    return { status: answer.status, body: await answer.json() };
  };
  const slug = (answer: { body: { type: string } }) => answer.body.type.split("/").at(-1);

  beforeAll(async () => {
    harness = await openHarness();
    [tenant, other] = [await newTenant(harness), await newTenant(harness)];
  });
  afterAll(async () => await harness.close());

  it("are given to somebody nobody knew, with what each right brings, one row in the trail and a job", async () => {
    const box = await newMailbox(harness, tenant, { type: "PER" });
    const person = delegate();
    const answer = await tenant.administrator.post(path(box.id), { person, rights: ["send-on-behalf"] });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      mailboxId: box.id,
      person: { idNatPs: person.idNatPs, givenName: "Noa", familyName: "TEST" },
      rights: ["read", "write", "send-on-behalf"],
      endsAt: null,
      status: "active",
      version: 1,
    });
    expect((await tenant.administrator.get(path(box.id))).body.items).toEqual([answer.body]);
    const trail = await harness.database.rows(
      "select after->'rights' as rights, after->>'address' as address from app.audit_events where subject_id = $1 and action = 'mailbox-delegation.grant'",
      [box.id],
    );
    expect(trail).toEqual([{ rights: ["read", "write", "send-on-behalf"], address: box.address }]);
    expect(
      await harness.database.rows("select 1 from graphile_worker.jobs where key = $1", [`mailbox:${box.id}`]),
    ).toHaveLength(1);
  });

  it("open the box for their dates and no longer, with their rights", async () => {
    const box = await newMailbox(harness, tenant, { type: "PER" });
    const person = delegate();
    const { personId } = await harness.signIn(person);
    const opened = async () =>
      (await listOpenableMailboxes(harness.deps, personId)).map((one) => ({
        id: one.id,
        relation: one.relation,
        ...one.rights,
      }));
    expect(await opened()).toEqual([]);
    const given = await tenant.administrator.post(path(box.id), {
      person,
      rights: ["write"],
      endsAt: inDays(0.005),
    });
    const mine = { id: box.id, relation: "delegate", write: true, sendAs: false, sendOnBehalf: false };
    expect(await opened()).toMatchObject([mine]);
    await patch(tenant.administrator, path(box.id, given.body.id), { rights: ["read"] });
    expect(await opened()).toMatchObject([{ ...mine, write: false }]);
    // Not so long that the sessions end.
    harness.clock.pass(600);
    expect(await opened()).toEqual([]);
    expect((await tenant.administrator.get(path(box.id))).body.items).toMatchObject([{ status: "ended" }]);
    // What has ended makes room for another.
    // (It begins before now: the database's own clock, which row-level security asks, has not moved.)
    const again = { person, rights: ["read"], startsAt: inDays(-1) };
    expect((await tenant.administrator.post(path(box.id), again)).status).toBe(201);
    expect(await opened()).toMatchObject([{ ...mine, write: false }]);
    const [{ id }] = (await tenant.administrator.get(path(box.id))).body.items;
    expect((await tenant.administrator.delete(path(box.id, id))).status).toBe(204);
    expect(await opened()).toEqual([]);
    expect(slug(await tenant.administrator.delete(path(box.id, id)))).toBe("delegation-not-found");
  });

  it("that begin later open nothing yet", async () => {
    const box = await newMailbox(harness, tenant);
    const person = delegate();
    const { personId } = await harness.signIn(person);
    const answer = await tenant.administrator.post(path(box.id), {
      person,
      rights: ["read"],
      startsAt: inDays(30),
      endsAt: inDays(31),
    });
    expect(answer.body.status).toBe("upcoming");
    expect(await listOpenableMailboxes(harness.deps, personId)).toEqual([]);
  });

  it("may be given by the holder himself, and by who manages the box, within what he has", async () => {
    const holder = { idNatPs: newIdNatPs() };
    const box = await newMailbox(harness, tenant, { type: "PER", holderIdNatPs: holder.idNatPs });
    const owner = await harness.signIn(holder);
    const secretary = delegate();
    const manager = await harness.signIn(secretary);
    expect(slug(await manager.post(path(box.id), { person: delegate(), rights: ["read"] }))).toBe(
      "mailbox-not-found",
    );
    const made = await owner.post(path(box.id), { person: secretary, rights: ["write", "manage"] });
    expect(made.status).toBe(201);
    expect((await manager.get(path(box.id))).body.items).toHaveLength(1);
    expect((await manager.post(path(box.id), { person: delegate(), rights: ["write"] })).status).toBe(201);
    for (const rights of [["send-as"], ["manage"]]) {
      expect(slug(await manager.post(path(box.id), { person: delegate(), rights }))).toBe(
        "delegation-beyond-own",
      );
    }
    expect(slug(await patch(manager, path(box.id, made.body.id), { rights: ["send-as"] }))).toBe(
      "delegation-to-oneself",
    );
    // He may give his own back.
    expect((await manager.delete(path(box.id, made.body.id))).status).toBe(204);
    expect(slug(await manager.get(path(box.id)))).toBe("mailbox-not-found");
  });

  it("are never given to oneself, the holder or a member, nor twice", async () => {
    const admin = {
      idNatPs: newIdNatPs(),
      memberships: [{ structureId: tenant.structureId, role: "mailbox_manager" as const }],
    };
    const manager = await harness.signIn(admin);
    const box = await newMailbox(harness, tenant, { type: "PER" });
    const person = { idNatPs: admin.idNatPs };
    expect(slug(await manager.post(path(box.id), { person, rights: ["read"] }))).toBe(
      "delegation-to-oneself",
    );
    const idNatPs = String(box.holder_id_nat_ps);
    expect(slug(await manager.post(path(box.id), { person: { idNatPs }, rights: ["read"] }))).toBe(
      "delegation-of-own-mailbox",
    );
    const shared = await newMailbox(harness, tenant);
    const member = await newMember(harness, shared.id);
    expect(slug(await manager.post(path(shared.id), { personId: member.person_id, rights: ["read"] }))).toBe(
      "delegation-of-own-mailbox",
    );
    const somebody = delegate();
    const first = await manager.post(path(box.id), { person: somebody, rights: ["read"] });
    const second = await manager.post(path(box.id), { person: somebody, rights: ["write"] });
    expect([second.status, second.body.delegationId]).toEqual([409, first.body.id]);
  });

  it("are refused with the fields that are wrong", async () => {
    const box = await newMailbox(harness, tenant);
    const person = delegate();
    for (
      const [body, pointer] of [
        [{ rights: ["read"] }, "/person"],
        [{ person, rights: [] }, "/rights"],
        [{ person, rights: ["delete"] }, "/rights/0"],
        [{ person, rights: ["read"], endsAt: inDays(-1) }, "/endsAt"],
        [{ person, rights: ["read"], startsAt: inDays(3), endsAt: inDays(2) }, "/endsAt"],
        [{ person, rights: ["read"], endsAt: "demain" }, "/endsAt"],
        [{ person: { idNatPs: "" }, rights: ["read"] }, "/person/idNatPs"],
      ] as const
    ) {
      const answer = await tenant.administrator.post(path(box.id), body);
      expect([pointer, answer.status, answer.body.errors?.[0]?.pointer]).toEqual([pointer, 422, pointer]);
    }
  });

  it("refuse who may not, an older version, another structure's eyes, and a closed box", async () => {
    const box = await newMailbox(harness, tenant);
    const given = await tenant.administrator.post(path(box.id), { person: delegate(), rights: ["read"] });
    const support = await harness.signIn({ operatorRoles: ["operator_support"] });
    expect((await support.get(path(box.id))).status).toBe(200);
    expect(slug(await support.post(path(box.id), { person: delegate(), rights: ["read"] }))).toBe(
      "forbidden",
    );
    const user = await harness.signIn({ memberships: [{ structureId: tenant.structureId, role: "user" }] });
    expect(slug(await user.get(path(box.id)))).toBe("mailbox-not-found");
    const one = path(box.id, given.body.id);
    expect(slug(await other.administrator.delete(one))).toBe("mailbox-not-found");
    expect(
      (await patch(tenant.administrator, one, { endsAt: inDays(9) }, { "if-match": '"1"' })).body.version,
    ).toBe(2);
    expect(slug(await patch(tenant.administrator, one, { endsAt: null }, { "if-match": '"1"' }))).toBe(
      "version-mismatch",
    );
    const stranger = await harness.signIn();
    expect(
      slug(await tenant.administrator.post(path(box.id), { personId: stranger.personId, rights: ["read"] })),
    ).toBe("person-not-found");
    await closeAtOnce(harness, box.id);
    expect(slug(await tenant.administrator.post(path(box.id), { person: delegate(), rights: ["read"] })))
      .toBe("mailbox-closed");
  });
});
