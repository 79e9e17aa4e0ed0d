import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sweepAppPasswords } from "../../../api/client-access/mod.ts";
import { createDatabase, createPool } from "../../../api/database/pool.ts";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

const day = 86_400;

describe("the app passwords of a structure", () => {
  let harness: Harness;
  let tenant: Tenant;
  let admin: Visitor;
  let path: string;
  let box: { id: string; address: string };
  beforeAll(async () => {
    harness = await openHarness();
  });
  afterAll(async () => await harness.close());
  beforeEach(async () => {
    tenant = await newTenant(harness);
    admin = tenant.administrator;
    path = `/api/v1/structures/${tenant.structureId}/app-passwords`;
    box = await newMailbox(harness, tenant);
  });

  const slug = (answer: { body: { type: string } }) => answer.body.type.split("/").at(-1);
  const give = async (person: { personId: string }, count = 1, of = { tenant, box }, life = 30 * day) =>
    (await harness.database.rows(
      `insert into app.app_passwords (structure_id, mailbox_id, person_id, device, secret_hash, may_imap, may_submission, created_at, expires_at)
       select $1, $2, $3, 'Poste ' || n, sha256(gen_random_uuid()::text::bytea), true, n % 2 = 0, $4::timestamptz + n * interval '1 microsecond',
         $4::timestamptz + make_interval(secs => $5) from generate_series(1, $6) n returning id`,
      [of.tenant.structureId, of.box.id, person.personId, harness.clock.now(), life, count],
    )).map((row) => String(row.id));
  const live = async (structureId = tenant.structureId) =>
    Number(
      (await harness.database.rows(
        "select count(*) as count from app.app_passwords where structure_id = $1 and revoked_at is null",
        [structureId],
      ))[0]?.count,
    );

  it("are listed page by page in every order, each once, ten thousand of them quickly", async () => {
    const person = await harness.signIn();
    await give(person, 10_000);
    await harness.database.rows(
      "update app.app_passwords set last_used_at = created_at where structure_id = $1 and may_submission",
      [tenant.structureId],
    );
    for (const sort of ["-createdAt", "lastUsedAt", "expiresAt"]) {
      const began = performance.now();
      const first = await admin.get(`${path}?limit=200&sort=${sort}`);
      expect([first.body.total, first.body.items.length]).toEqual([10_000, 200]);
      const second = await admin.get(`${path}?limit=200&sort=${sort}&cursor=${first.body.nextCursor}`);
      const ids = [...first.body.items, ...second.body.items].map((one: { id: string }) => one.id);
      expect(new Set(ids).size).toBe(400);
      expect(performance.now() - began).toBeLessThan(8_000);
    }
    const began = performance.now();
    expect((await admin.get(`${path}?q=camille%20poste%209999`)).body.total).toBe(1);
    expect(performance.now() - began).toBeLessThan(6_000);
    let cursor = "";
    const seen = new Set<string>();
    for (let page = 0; page < 60; page++) {
      const answer = await admin.get(`${path}?limit=200&sort=-lastUsedAt${cursor}`);
      answer.body.items.forEach((one: { id: string }) => seen.add(one.id));
      if (answer.body.nextCursor === null) break;
      cursor = `&cursor=${answer.body.nextCursor}`;
    }
    expect(seen.size).toBe(10_000);
  });

  it("say whose, which box, device, scopes, when made, ending and last used; never a secret or its digest", async () => {
    const person = await harness.signIn({ givenName: "Zoé", familyName: "ÉTIENNE-LAMBERT" });
    await give(person);
    const { body, text } = await admin.get(path);
    expect(body.items).toMatchObject([{
      person: { id: person.personId, familyName: "ÉTIENNE-LAMBERT" },
      address: box.address,
      device: "Poste 1",
      scopes: ["imap"],
      lastUsedAt: null,
      status: "live",
    }]);
    expect(text).not.toMatch(/secret|hash/);
    for (
      const [query, found] of [["etienne", 1], ["zoe poste", 1], [box.address, 1], ["nobody", 0], [
        "%",
        0,
      ]] as const
    ) {
      expect((await admin.get(`${path}?q=${encodeURIComponent(query)}`)).body.total, query).toBe(found);
    }
    harness.clock.pass(31 * day);
    const { administrator } = {
      administrator: await harness.signIn({
        memberships: [{ structureId: tenant.structureId, role: "structure_administrator" }],
      }),
    };
    expect((await administrator.get(`${path}?status=live`)).body.total).toBe(0);
    expect((await administrator.get(`${path}?status=expired`)).body.items).toMatchObject([{
      status: "expired",
    }]);
  });

  it("are given as CSV in which no device is a formula", async () => {
    const person = await harness.signIn();
    const [id] = await give(person);
    await harness.database.rows("update app.app_passwords set device = '=1+1' where id = $1", [id]);
    const answer = await admin.get(`${path}/export?status=live`);
    expect(answer.headers.get("content-type")).toContain("text/csv");
    expect(answer.text).toContain(box.address);
    expect(answer.text).not.toMatch(/;=1/);
  });

  it("end at once, all or some, for good; others' structures are left alone", async () => {
    const person = await harness.signIn();
    const other = await newTenant(harness);
    const theirs = { tenant: other, box: await newMailbox(harness, other) };
    await give(person, 3, theirs);
    const [first, second] = await give(person, 2_000);
    const [foreign] =
      (await harness.database.rows("select id from app.app_passwords where structure_id = $1 limit 1", [
        other.structureId,
      ])).map((row) => String(row.id));
    const some = await admin.post(`${path}/revocation`, {
      appPasswordIds: [first, second, foreign, crypto.randomUUID()],
    });
    expect([some.status, some.body]).toEqual([200, { count: 2 }]);
    const found = await admin.post(`${path}/revocation`, { filter: { q: "1999", status: "live" } });
    expect(found.body).toEqual({ count: 1 });
    const all = await admin.post(`${path}/revocation`, { filter: {} });
    expect(all.body).toEqual({ count: 1_997 });
    expect((await admin.post(`${path}/revocation`, { filter: {} })).body).toEqual({ count: 0 });
    expect([await live(), await live(other.structureId)]).toEqual([0, 3]);
    const traced = await harness.database.rows(
      "select actor_person_id, after from app.audit_events where action = 'app-password.revoke-many' and structure_id = $1 order by id",
      [tenant.structureId],
    );
    expect(traced.map((row) => (row.after as { count: number }).count)).toEqual([2, 1, 1_997, 0]);
    expect(traced[1]?.after).toEqual({ appPasswordIds: "some", count: 1 });
    expect(traced[2]).toMatchObject({ actor_person_id: admin.personId, after: { appPasswordIds: "all" } });
  });

  it("end together though several acts and the switch come at the same moment", async () => {
    const person = await harness.signIn();
    const ids = await give(person, 1_000);
    const acts = await Promise.all([
      admin.post(`${path}/revocation`, { filter: {} }),
      admin.post(`${path}/revocation`, { appPasswordIds: ids.toReversed() }),
      admin.patch(`/api/v1/structures/${tenant.structureId}`, { settings: { appPasswordsAllowed: false } }),
      admin.post(`${path}/revocation`, { filter: { q: "poste" } }),
    ]);
    expect(acts.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(await live()).toBe(0);
  });

  it("end by a choice that is clear: named or filtered, never neither or both", async () => {
    const id = crypto.randomUUID();
    const wrong = [{}, { appPasswordIds: [id], filter: {} }, { appPasswordIds: [] }, {
      filter: { sort: "expiresAt" },
    }];
    for (const body of wrong) {
      expect((await admin.post(`${path}/revocation`, body)).status, JSON.stringify(body)).toBe(422);
    }
  });

  it("are nobody's business without a role there, and a plain user's only one by one", async () => {
    const { structureId } = tenant;
    const user = await harness.signIn({ memberships: [{ structureId, role: "user" }] });
    const manager = await harness.signIn({ memberships: [{ structureId, role: "mailbox_manager" }] });
    const support = await harness.signIn({ operatorRoles: ["operator_support"] });
    const stranger = (await newTenant(harness)).administrator;
    const asks = async (visitor: Visitor) => {
      const list = await visitor.get(path);
      const act = await visitor.post(`${path}/revocation`, { filter: {} });
      return [list.status === 200 ? 200 : slug(list), act.status === 200 ? 200 : slug(act)];
    };
    expect(await asks(user)).toEqual(["forbidden", "forbidden"]);
    expect(await asks(manager)).toEqual([200, 200]);
    expect(await asks(support)).toEqual([200, "forbidden"]);
    expect(await asks(stranger)).toEqual(["structure-not-found", "structure-not-found"]);
  });

  it("end for good in the moment when the structure allows them no more", async () => {
    const person = await harness.signIn();
    await give(person, 500);
    const allow = async (appPasswordsAllowed: boolean) =>
      (await admin.patch(`/api/v1/structures/${tenant.structureId}`, { settings: { appPasswordsAllowed } }))
        .status;
    expect(await allow(false)).toBe(200);
    expect(await live()).toBe(0);
    expect(await allow(true)).toBe(200);
    expect(await live(), "what was forgotten opens nothing again").toBe(0);
  });

  it("are forgotten half a year after their end, with their reminders, and not a day before", async () => {
    const person = await harness.signIn();
    const [ended, revoked, alive] = await give(person, 3);
    await harness.database.rows(
      "update app.app_passwords set expires_at = $2::timestamptz + interval '400 days' where id = $1",
      [
        alive,
        harness.clock.now(),
      ],
    );
    await harness.database.rows("update app.app_passwords set revoked_at = $2 where id = $1", [
      revoked,
      harness.clock.now(),
    ]);
    await harness.database.rows(
      "insert into app.expiry_reminders (structure_id, app_password_id, mailbox_id, days) values ($1, $2, $3, 7)",
      [tenant.structureId, ended, box.id],
    );
    const db = createDatabase(createPool(harness.database.configOf("mss_worker")));
    const worker = { ...harness.system, db };
    const kept = async () =>
      (await harness.database.rows("select id from app.app_passwords where structure_id = $1", [
        tenant.structureId,
      ]))
        .map((row) => row.id);
    harness.clock.pass(179 * day);
    await sweepAppPasswords(worker, 180);
    expect((await kept()).length).toBe(3);
    harness.clock.pass(2 * day);
    await sweepAppPasswords(worker, 180);
    expect((await kept()).toSorted()).toEqual([ended, alive].toSorted());
    harness.clock.pass(30 * day);
    await sweepAppPasswords(worker, 180);
    expect(await kept()).toEqual([alive]);
    await db.destroy();
  });
});
