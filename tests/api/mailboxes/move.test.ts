import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness } from "../../support/harness.ts";
import { newIdNatPs, newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

describe("moving a mailbox to another structure", () => {
  let harness: Harness;
  let from: Tenant;
  let to: Tenant;
  let operator: Awaited<ReturnType<Harness["signIn"]>>;
  const path = (id: string) => `/api/v1/mailboxes/${id}/move`;
  const body = (extra = {}) => ({
    structureId: to.structureId,
    address: `m${crypto.randomUUID()}@${to.domain}`,
    reason: "Fusion",
    ...extra,
  });
  const slug = (answer: { body: { type: string } }) => answer.body.type.split("/").at(-1);

  beforeAll(async () => {
    harness = await openHarness();
    [from, to] = [await newTenant(harness), await newTenant(harness)];
    operator = await harness.signIn({ operatorRoles: ["operator_administrator"] });
  });
  afterAll(async () => await harness.close());

  it("makes the box there, closes its addresses here for good, and tells both trails", async () => {
    const box = await newMailbox(harness, from, { type: "PER" });
    const alias = `a${crypto.randomUUID()}@${from.domain}`;
    await operator.post(`/api/v1/mailboxes/${box.id}/aliases`, { address: alias });
    await operator.post(`/api/v1/mailboxes/${box.id}/delegations`, {
      person: { idNatPs: newIdNatPs() },
      rights: ["read"],
    });
    const wanted = body();
    const answer = await operator.post(path(box.id), wanted);
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      structureId: to.structureId,
      address: wanted.address,
      type: "PER",
      holderIdNatPs: box.holder_id_nat_ps,
      status: "active",
      movedFrom: box.address,
      aliases: [],
      provisioning: { status: "pending" },
    });
    expect(answer.headers.get("location")).toBe(`/api/v1/mailboxes/${answer.body.id}`);
    expect((await from.administrator.get(`/api/v1/mailboxes/${box.id}`)).body).toMatchObject({
      status: "closed",
      movedTo: wanted.address,
      closingReason: "Fusion",
      aliases: [],
    });
    expect(slug(await from.administrator.get(`/api/v1/mailboxes/${answer.body.id}`))).toBe(
      "mailbox-not-found",
    );
    expect(
      await harness.database.rows("select distinct kind from app.addresses where address = any($1)", [[
        box.address,
        alias,
      ]]),
    ).toEqual([{ kind: "closed" }]);
    const taken = { address: box.address, type: "ORG" };
    const again = await operator.post(`/api/v1/structures/${from.structureId}/mailboxes`, taken);
    expect(slug(again)).toBe("mailbox-address-taken");
    const trail = await harness.database.rows(
      "select structure_id, subject_id, reason, after->>'address' as address from app.audit_events where action = 'mailbox.move' and request_id = $1 order by id",
      [answer.headers.get("x-request-id")],
    );
    expect(trail).toEqual([
      { structure_id: from.structureId, subject_id: box.id, reason: "Fusion", address: box.address },
      { structure_id: to.structureId, subject_id: answer.body.id, reason: "Fusion", address: wanted.address },
    ]);
    const keys = [`mailbox:${box.id}`, `mailbox:${answer.body.id}`];
    expect(await harness.database.rows("select key from graphile_worker.jobs where key = any($1)", [keys]))
      .toHaveLength(2);
    expect(
      await harness.database.rows(
        "select 1 from app.mailbox_delegations where mailbox_id = $1 and revoked_at is null",
        [box.id],
      ),
    ).toEqual([]);
    // Until the mail server has renamed the account neither address stands in its views.
    const inViews = () =>
      harness.database.rows("select address from mail_directory.recipient where name = any($1)", [[
        box.address,
        wanted.address,
      ]]);
    expect(await inViews()).toEqual([]);
    expect(
      slug(
        await operator.post(path(answer.body.id), {
          ...body(),
          structureId: from.structureId,
          address: `b${crypto.randomUUID()}@${from.domain}`,
        }),
      ),
    ).toBe("mailbox-moving");
    await harness.database.rows("update app.mailboxes set moved_at = now() where id = $1", [answer.body.id]);
    expect(await inViews()).toEqual([{ address: wanted.address }]);
  });

  it("counts in the structure it goes to, and no more in the one it leaves", async () => {
    const target = await newTenant(harness);
    const box = await newMailbox(harness, from);
    const used = async (id: string) =>
      (await harness.database.rows("select used_mailboxes, used_bytes from app.structures where id = $1", [
        id,
      ]))[0];
    const before = await used(from.structureId);
    await operator.post(path(box.id), {
      ...body(),
      structureId: target.structureId,
      address: `x@${target.domain}`,
    });
    expect(await used(target.structureId)).toEqual({
      used_mailboxes: 1,
      used_bytes: box.quota_bytes.toString(),
    });
    expect(await used(from.structureId)).toMatchObject({
      used_mailboxes: Number(before?.used_mailboxes) - 1,
    });
    await harness.database.rows("update app.structures set quota_mailboxes = 1 where id = $1", [
      target.structureId,
    ]);
    const second = await newMailbox(harness, from);
    const refused = await operator.post(path(second.id), {
      ...body(),
      structureId: target.structureId,
      address: `y@${target.domain}`,
    });
    expect([slug(refused), refused.body.limit, refused.body.used]).toEqual([
      "quota-mailboxes-exceeded",
      1,
      1,
    ]);
    expect((await operator.get(`/api/v1/mailboxes/${second.id}`)).body.status).toBe("active");
  });

  it("is for who may write in both", async () => {
    const box = await newMailbox(harness, from);
    expect(slug(await from.administrator.post(path(box.id), body()))).toBe("structure-not-found");
    expect(slug(await to.administrator.post(path(box.id), body()))).toBe("mailbox-not-found");
    const both = await harness.signIn({
      memberships: [from, to].map(({ structureId }) => ({
        structureId,
        role: "structure_administrator" as const,
      })),
    });
    expect((await both.post(path(box.id), body())).status).toBe(201);
  });

  it("keeps a suspended box suspended, and says what is wrong with the rest", async () => {
    const box = await newMailbox(harness, from);
    await operator.post(`/api/v1/mailboxes/${box.id}/suspension`, { reason: "Congé" });
    expect(slug(await operator.post(path(box.id), body({ address: `x@${from.domain}` })))).toBe(
      "mailbox-domain-foreign",
    );
    expect(slug(await operator.post(path(box.id), { ...body(), structureId: from.structureId }))).toBe(
      "mailbox-already-there",
    );
    expect((await operator.post(path(box.id), body({ address: "été@x" }))).body.errors).toMatchObject([{
      pointer: "/address",
    }]);
    expect((await operator.post(path(box.id), body({ reason: "" }))).body.errors).toMatchObject([{
      pointer: "/reason",
    }]);
    expect(slug(await operator.post(path(box.id), body(), { "if-match": '"1"' }))).toBe("version-mismatch");
    const existing = await newMailbox(harness, to);
    expect(slug(await operator.post(path(box.id), body({ address: existing.address })))).toBe(
      "mailbox-address-taken",
    );
    const moved = await operator.post(path(box.id), body());
    expect(moved.body).toMatchObject({ status: "suspended", suspensionReason: "Congé" });
    expect(slug(await operator.post(path(box.id), body()))).toBe("mailbox-closed");
  });
});
