import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { advanceInactivity, sendNotice } from "../../../api/inactivity/mod.ts";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newIdNatPs, newMailbox, newMember, newTenant, type Tenant } from "../../support/tenants.ts";

describe("inactive boxes", () => {
  let harness: Harness;
  let tenant: Tenant;
  let admin: Visitor;
  let base: string;
  const day = 86_400;
  const slug = (answer: { body: { type: string } }) => answer.body.type.split("/").pop();
  const notices: { address: string; text: string }[] = [];

  /** Makes a box that was last opened so many days ago; never, and made so long ago, when `isOpened` is false. */
  const newBox = async (daysAgo: number, isOpened = true, idNatPs = newIdNatPs()) => {
    const box = await newMailbox(harness, tenant, { type: "PER", holderIdNatPs: idNatPs });
    await setOpened(box.id, daysAgo, isOpened);
    return { ...box, idNatPs };
  };
  const setOpened = async (id: string, daysAgo: number, isOpened = true) =>
    await harness.database.rows(
      `update app.mailboxes set created_at = $2::timestamptz - interval '3 years',
         last_authenticated_at = case when $4 then $2::timestamptz - $3 * interval '1 day' end where id = $1`,
      [id, harness.clock.now(), daysAgo, isOpened],
    );
  /** Lets days pass, in which everybody signs in anew. */
  const pass = async (days: number) => {
    harness.clock.pass(days * day);
    const now = harness.clock.now();
    await harness.database.rows(
      "update app.sessions set authenticated_at = $1, created_at = $1, last_seen_at = $1, expires_at = $1::timestamptz + interval '4 hours'",
      [now],
    );
  };
  const start = async () => await admin.post(`${base}/campaigns`, { confirm: true });
  /** What the worker's jobs do, at once and with a post that is only noted. */
  const deliver = async () => {
    const pending = await harness.database.rows(
      "select mailbox_id from app.inactivity_cases where state = 'pending' and structure_id = $1",
      [tenant.structureId],
    );
    for (const { mailbox_id: mailboxId } of pending) {
      const job = { structureId: tenant.structureId, mailboxId: String(mailboxId) };
      await sendNotice(harness.system, job, "no-reply@operateur.mssante.test", (notice) => {
        notices.push(notice);
        return Promise.resolve();
      });
    }
  };
  const advance = async () =>
    await advanceInactivity(harness.system, {
      defaults: harness.deps.config.inactivity,
      closedMailRetentionDays: 365,
    });
  const boxRow = async (id: string) =>
    (await harness.database.rows(
      "select status, depublished_at is not null as hidden, purge_at is not null as kept from app.mailboxes where id = $1",
      [id],
    ))[0];
  const casesOf = async (id: string) =>
    (await admin.get(`${base}/campaigns/${id}/mailboxes`)).body.items.map((
      one: { address: string; state: string },
    ) => [one.address, one.state]);

  beforeAll(async () => {
    harness = await openHarness();
  });
  afterAll(async () => await harness.close());
  beforeEach(async () => {
    tenant = await newTenant(harness);
    admin = tenant.administrator;
    base = `/api/v1/structures/${tenant.structureId}/inactivity`;
    notices.length = 0;
  });

  it("are shown before anything happens: who would be noticed, and what would follow when", async () => {
    const [old, soon] = [await newBox(400), await newBox(330)];
    const never = await newBox(0, false);
    await newBox(10);
    const app = await newMailbox(harness, tenant, { type: "APP" });
    await setOpened(app.id, 900);
    const now = await admin.get(`${base}/preview`);
    expect(now.body.total).toBe(2);
    expect(now.body.items.map((one: { mailboxId: string }) => one.mailboxId)).toEqual([never.id, old.id]);
    expect(now.body.items[1]).toMatchObject({
      inactiveDays: 400,
      noticeAt: harness.clock.now().toISOString(),
    });
    const within = await admin.get(`${base}/preview?withinDays=10&limit=2`);
    expect(within.body).toMatchObject({ total: 3 });
    const next = await admin.get(`${base}/preview?withinDays=10&limit=2&cursor=${within.body.nextCursor}`);
    expect(next.body.items).toMatchObject([{ mailboxId: soon.id }]);
    const days = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / (day * 1000);
    const { noticeAt, objectUntil, closeAt } = next.body.items[0];
    expect([
      days(harness.clock.now().toISOString(), noticeAt),
      days(noticeAt, objectUntil),
      days(noticeAt, closeAt),
    ])
      .toEqual([5, 30, 30]);
    expect(
      await harness.database.rows("select 1 from app.inactivity_cases where structure_id = $1", [
        tenant.structureId,
      ]),
    ).toEqual([]);
  });

  it("are noticed, then leave the directory, then are closed with their mail kept; each step in the trail", async () => {
    await admin.send(`${base}/settings`, {
      method: "PATCH",
      body: JSON.stringify({ objectionDays: 20, depublishAfterDays: 30, closeAfterDays: 60 }),
      headers: { "content-type": "application/json" },
    });
    const box = await newBox(400);
    const campaign = await start();
    expect([campaign.status, campaign.body.counts.pending]).toEqual([201, 1]);
    const jobs = await harness.database.rows("select 1 from graphile_worker.jobs where key = $1", [
      `send-inactivity-notice:${box.id}`,
    ]);
    expect(jobs).toHaveLength(1);
    // No notice, no consequence: however late it is delivered.
    await pass(100);
    await advance();
    expect(await casesOf(campaign.body.id)).toEqual([[box.address, "pending"]]);
    await deliver();
    await deliver();
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatchObject({ address: box.address });
    expect(notices[0]?.text).toContain("Je garde ma boîte");
    await pass(29);
    await advance();
    expect(await boxRow(box.id)).toEqual({ status: "active", hidden: false, kept: false });
    await pass(2);
    await advance();
    await advance();
    expect(await boxRow(box.id)).toEqual({ status: "active", hidden: true, kept: false });
    await pass(30);
    await advance();
    expect(await boxRow(box.id)).toEqual({ status: "closing", hidden: false, kept: true });
    expect((await admin.get(`${base}/campaigns/${campaign.body.id}`)).body).toMatchObject({
      state: "ended",
      counts: { closing: 1 },
    });
    const trail = await harness.database.rows(
      "select action, actor_kind from app.audit_events where subject_id = $1 order by id",
      [box.id],
    );
    expect(trail.map((row) => row.action)).toEqual([
      "mailbox.create",
      "inactivity.notice",
      "inactivity.depublish",
      "mailbox.close",
    ]);
  });

  it("stay when the holder says so, also after they have left the directory", async () => {
    const box = await newBox(400);
    const holder = await harness.signIn({ idNatPs: box.idNatPs });
    const object = (who: Visitor) =>
      who.post(`/api/v1/mailboxes/${box.id}/inactivity-objection`, { keep: true });
    const { body } = await start();
    expect(slug(await object(holder))).toBe("inactivity-not-noticed");
    await deliver();
    expect((await holder.get("/api/v1/inactivity-notices")).body.items).toMatchObject([
      { mailboxId: box.id, state: "noticed" },
    ]);
    await pass(31);
    await harness.database.rows(
      "update app.inactivity_cases set close_at = close_at + interval '30 days' where mailbox_id = $1",
      [box.id],
    );
    await advance();
    expect(await boxRow(box.id)).toMatchObject({ hidden: true });
    const later = await harness.signIn({ idNatPs: newIdNatPs() });
    for (const nobody of [admin, later]) expect(slug(await object(nobody))).toBe("mailbox-not-found");
    expect((await object(holder)).body).toMatchObject({ state: "objected" });
    expect(slug(await object(holder))).toBe("inactivity-not-noticed");
    expect(await boxRow(box.id)).toEqual({ status: "active", hidden: false, kept: false });
    await advance();
    expect((await admin.get(`${base}/campaigns/${body.id}`)).body).toMatchObject({
      state: "ended",
      counts: { objected: 1 },
    });
    expect((await admin.get(`${base}/preview`)).body.total).toBe(0);
    const [row] = await harness.database.rows(
      "select actor_person_id from app.audit_events where action = 'inactivity.object' and subject_id = $1",
      [box.id],
    );
    expect(row).toEqual({ actor_person_id: holder.personId });
  });

  it("are let go when somebody opens them, is their member and objects, or they end otherwise", async () => {
    const [opened, suspended] = [await newBox(400), await newBox(400)];
    const shared = await newMailbox(harness, tenant, { type: "ORG" });
    await setOpened(shared.id, 500);
    const { person_id: memberId } = await newMember(harness, shared.id);
    const { body } = await start();
    await deliver();
    await setOpened(opened.id, 0);
    await admin.post(`/api/v1/mailboxes/${suspended.id}/suspension`, { reason: "absent" });
    await advance();
    const states = Object.fromEntries(await casesOf(body.id));
    expect(states).toEqual({
      [opened.address]: "returned",
      [suspended.address]: "dropped",
      [shared.address]: "noticed",
    });
    const seen = await harness.database.rows("select 1 from app.mailbox_members where person_id = $1", [
      memberId,
    ]);
    expect(seen).toHaveLength(1);
  });

  it("have one campaign at a time; a cancelled one undoes what it can", async () => {
    const box = await newBox(400);
    const first = await start();
    expect(slug(await start())).toBe("inactivity-campaign-running");
    await deliver();
    await harness.database.rows(
      "update app.inactivity_cases set close_at = close_at + interval '30 days' where mailbox_id = $1",
      [box.id],
    );
    await pass(31);
    await advance();
    expect(await boxRow(box.id)).toMatchObject({ hidden: true });
    const path = `${base}/campaigns/${first.body.id}`;
    expect(slug({ body: JSON.parse((await admin.delete(path, { "if-match": '"7"' })).text) })).toBe(
      "version-mismatch",
    );
    expect((await admin.delete(path)).status).toBe(204);
    expect((await admin.delete(path)).status).toBe(204);
    expect(await boxRow(box.id)).toMatchObject({ status: "active", hidden: false });
    expect((await admin.post(`${base}/campaigns`, { confirm: true })).status).toBe(201);
  });

  it("get their campaigns by themselves where the structure wants it", async () => {
    const box = await newBox(400);
    await advance();
    expect((await admin.get(`${base}/campaigns`)).body.items).toEqual([]);
    await admin.send(`${base}/settings`, {
      method: "PATCH",
      body: JSON.stringify({ isAutomatic: true }),
      headers: { "content-type": "application/json" },
    });
    await advance();
    await advance();
    const { items } = (await admin.get(`${base}/campaigns`)).body;
    expect(items).toMatchObject([{
      state: "running",
      counts: { pending: 1 },
      startedBy: { kind: "system" },
    }]);
    expect(await casesOf(items[0].id)).toEqual([[box.address, "pending"]]);
  });

  it("have delays that a structure settles, in an order that makes sense", async () => {
    const change = async (who: Visitor, body: object, headers: Record<string, string> = {}) => {
      const response = await who.send(`${base}/settings`, {
        method: "PATCH",
        body: JSON.stringify(body),
        headers: { "content-type": "application/json", ...headers },
      });
      return { status: response.status, body: await response.json() };
    };
    expect((await admin.get(`${base}/settings`)).body).toEqual({
      ...harness.deps.config.inactivity,
      isAutomatic: false,
      version: 0,
    });
    const faults = (answer: { body: { errors: { pointer: string }[] } }) =>
      answer.body.errors.map((one) => one.pointer);
    expect(faults(await change(admin, { objectionDays: 40 }))).toEqual(["/depublishAfterDays"]);
    expect(faults(await change(admin, { depublishAfterDays: 50 }))).toEqual(["/closeAfterDays"]);
    expect(faults(await change(admin, { noticeAfterDays: 0, objectionDays: "x" }))).toEqual([
      "/noticeAfterDays",
      "/objectionDays",
    ]);
    expect((await change(admin, { noticeAfterDays: 180 })).body).toMatchObject({
      noticeAfterDays: 180,
      version: 1,
    });
    expect(slug(await change(admin, { noticeAfterDays: 200 }, { "if-match": '"0"' }))).toBe(
      "version-mismatch",
    );
    const manager = await harness.signIn({
      memberships: [{ structureId: tenant.structureId, role: "mailbox_manager" }],
    });
    const stranger = (await newTenant(harness)).administrator;
    expect((await manager.get(`${base}/preview`)).status).toBe(200);
    expect(slug(await change(manager, { noticeAfterDays: 1 }))).toBe("forbidden");
    expect(slug(await manager.post(`${base}/campaigns`, { confirm: true }))).toBe("forbidden");
    expect(slug(await change(stranger, { noticeAfterDays: 1 }))).toBe("structure-not-found");
    expect(slug(await stranger.get(`${base}/preview`))).toBe("structure-not-found");
  });
});
