import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { type Guard, openGuard, sweepAttacks, tellOfAttack } from "../../../api/guard/mod.ts";
import { createDatabase, createPool } from "../../../api/database/pool.ts";
import { type Harness, openHarness } from "../../support/harness.ts";
import { newMailbox, newTenant } from "../../support/tenants.ts";
import { enrol } from "../staff/people.ts";

const newAddress = () => Array.from({ length: 4 }, () => 1 + Math.floor(Math.random() * 200)).join(".");

describe("an attack on the ways in", () => {
  let harness: Harness;
  let guard: Guard;
  beforeAll(async () => {
    // A numbered database of its own, which is emptied here on purpose.
    harness = await openHarness({
      redisUrl: new URL("/7", inject("redisUrl")).href,
      config: { trustedProxies: 1 },
    });
    if (harness.deps.redis.status !== "ready") await once(harness.deps.redis, "ready");
    guard = openGuard(harness.deps);
  });
  afterAll(async () => await harness.close());
  // No two attacks begin at the same time, and what failed in another test is not counted with this one's.
  beforeEach(async () => {
    harness.clock.pass(1);
    await harness.deps.redis.flushdb();
  });

  const spray = async (address: string, count = 20, from = guard) => {
    for (let number = 0; number < count; number++) {
      const account = `${crypto.randomUUID()}@alpha.test`;
      await from.failed({ way: "imap", account, address, reason: "secret-wrong" });
    }
  };
  const guess = async (way: "imap" | "staff", account: string) => {
    for (let number = 0; number < 20; number++) {
      await guard.failed({ way, account, address: newAddress(), reason: "secret-wrong" });
    }
  };
  const events = async () =>
    await harness.database.rows(
      "select structure_id, actor_label, subject_kind, subject_id, after from app.audit_events where action = 'sign-in-attack.detect' order by id",
    );
  const jobs = async () =>
    await harness.database.rows(
      "select payload from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id where t.identifier = 'tell-of-attack'",
    );
  /** Somebody on call, who has just come. */
  const look = async () =>
    await (await harness.signIn({ operatorRoles: ["operator_support"] })).get("/api/v1/dashboard");
  const shown = async (network: string) => {
    const { body } = await look();
    return {
      attention: body.attention,
      attack: body.attacks.find((one: { network: string }) => one.network === network),
    };
  };
  const networkOf = (address: string) => `${address.split(".").slice(0, 3).join(".")}.0/24`;

  it("is one act in the trail and one alert however long it lasts and whoever sees it", async () => {
    const address = newAddress();
    const before = [(await events()).length, (await jobs()).length];
    const other = openGuard(harness.deps);
    await Promise.all([spray(address, 25), spray(address, 25, other)]);
    for (let minute = 0; minute < 3; minute++) {
      harness.clock.pass(300);
      await harness.deps.redis.del(...await harness.deps.redis.keys("mss:guard:reported:*"));
      await spray(address, 30);
    }
    expect([(await events()).length, (await jobs()).length]).toEqual(before.map((count) => count + 1));
    expect((await events()).at(-1)).toMatchObject({
      structure_id: null,
      actor_label: "guard",
      subject_kind: "sign-in-attack",
      after: { kind: "spraying", service: "imap", network: networkOf(address), count: 20 },
    });
  });

  it("is at the top of the operator's dashboard while it goes on, then among what has ended for three days", async () => {
    const address = newAddress();
    await spray(address, 24);
    const ongoing = await shown(networkOf(address));
    expect(ongoing.attention.map((one: { kind: string }) => one.kind)).toContain("sign-in-attack");
    expect(ongoing.attack).toMatchObject({
      kind: "spraying",
      way: "imap",
      isOngoing: true,
      subject: null,
      startedAt: harness.clock.now().toISOString(),
    });
    harness.clock.pass(901);
    const over = await shown(networkOf(address));
    expect(over.attack.isOngoing).toBe(false);
    const kinds = over.attention.map((one: { kind: string }) => one.kind);
    expect([kinds.includes("sign-in-attack"), kinds.includes("sign-in-attack-ended")]).toEqual([false, true]);
    harness.clock.pass(3 * 86_400);
    expect((await shown(networkOf(address))).attack).toBeUndefined();
  });

  it("that begins again after it was over is another", async () => {
    const address = newAddress();
    const before = (await events()).length;
    await spray(address);
    harness.clock.pass(3_600);
    await harness.deps.redis.del(...await harness.deps.redis.keys("mss:guard:reported:*"));
    await spray(address);
    expect((await events()).length).toBe(before + 2);
  });

  it("on one box names it, in the trail of its structure, whose administrator reads it there", async () => {
    const tenant = await newTenant(harness);
    const box = await newMailbox(harness, tenant);
    await guess("imap", box.address.toUpperCase());
    const { body } = await look();
    expect(body.attacks[0]).toMatchObject({
      kind: "guessing",
      network: null,
      subject: { kind: "mailbox", id: box.id, label: box.address, structureId: tenant.structureId },
    });
    const trail = await tenant.administrator.get(
      `/api/v1/structures/${tenant.structureId}/audit?action=sign-in-attack.detect`,
    );
    expect(trail.body.items).toMatchObject([{ subjectId: box.id, after: { kind: "guessing", count: 20 } }]);
    const own = await tenant.administrator.get(`/api/v1/structures/${tenant.structureId}/dashboard`);
    expect(own.body.attacks).toEqual([]);
  });

  it("on the staff names the account; on nobody's name it names nothing", async () => {
    const member = await enrol(harness);
    await guess("staff", member.login);
    const seen = (await look()).body.attacks[0];
    expect(seen.subject).toMatchObject({ kind: "person", id: member.personId, label: member.login });
    harness.clock.pass(1);
    const nobody = `${crypto.randomUUID()}@nowhere.test`;
    await guess("imap", nobody);
    const { body, text } = await look();
    expect(body.attacks[0].subject).toBeNull();
    expect(text).not.toContain(nobody);
    expect(harness.logLines.join()).not.toContain(nobody);
    expect(JSON.stringify(await harness.database.rows("select * from app.sign_in_attacks"))).not.toContain(
      nobody,
    );
  });

  it("on the staff's sign-in page is seen behind the proxy of the house, and lets the others of that address in", async () => {
    const address = newAddress();
    const send = (login: string) =>
      harness.stranger.post("/auth/staff/password", { login, password: "Printemps2026!" }, {
        "x-forwarded-for": address,
      });
    for (let number = 0; number < 5; number++) {
      expect((await send(`u${crypto.randomUUID()}`)).status).toBe(401);
    }
    expect((await shown(networkOf(address))).attack).toMatchObject({ way: "staff", count: 5 });
    const member = await enrol(harness);
    expect(await member.browser.isSignedIn()).toBe(true);
  });

  it("of a thousand machines is not a thousand rows", async () => {
    await harness.database.rows(
      `insert into app.sign_in_attacks (kind, way, fingerprint, count, started_at, last_at)
         select 'spraying', 'imap', decode(md5(n::text), 'hex'), 20, $1, $1 from generate_series(1, 100) n`,
      [harness.clock.now()],
    );
    const before = (await events()).length;
    await spray(newAddress());
    expect((await events()).length).toBe(before);
    expect(harness.logLines.at(-1)).toContain("guard.attack-not-recorded");
    const { body } = await look();
    expect(body.attacks).toHaveLength(50);
    await harness.database.rows("delete from app.sign_in_attacks");
  });

  it("with the database away ends no sign-in", async () => {
    const away = { transaction: () => ({ execute: () => Promise.reject(new Error("away")) }) };
    const blind = openGuard({ ...harness.deps, db: away as unknown as Harness["deps"]["db"] });
    await spray(newAddress(), 20, blind);
    expect(harness.logLines.at(-1)).toContain("guard.attack-not-recorded");
  });

  it("is swept after a year", async () => {
    await harness.database.rows(
      `insert into app.sign_in_attacks (kind, way, fingerprint, count, started_at, last_at)
         values ('spraying', 'imap', '\\x00', 20, $1, $1)`,
      [new Date(harness.clock.now().getTime() - 366 * 86_400_000)],
    );
    const before = await harness.database.rows("select count(*)::int as n from app.sign_in_attacks");
    const db = createDatabase(createPool(harness.database.configOf("mss_worker")));
    await sweepAttacks({ ...harness.system, db });
    await db.destroy();
    const after = await harness.database.rows("select count(*)::int as n from app.sign_in_attacks");
    expect(after[0]?.n).toBe(Number(before[0]?.n) - 1);
  });

  describe("is told to the people on call", () => {
    const secret = `whsec_${btoa("0123456789abcdef0123456789abcdef")}`;
    const calls: { headers: IncomingHttpHeaders; body: string }[] = [];
    let status = 204;
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => body += chunk);
      request.on("end", () => {
        calls.push({ headers: request.headers, body });
        response.writeHead(status).end();
      });
    });
    let url: string;
    beforeAll(async () => {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts`;
    });
    afterAll(() => void server.close());
    const begin = async () => {
      harness.clock.pass(7_200);
      const address = newAddress();
      await spray(address);
      const [row] = await harness.database.rows(
        "select id from app.sign_in_attacks order by started_at desc limit 1",
      );
      return { address, id: String(row?.id) };
    };

    it("by a signed call without an address or an account", async () => {
      const { address, id } = await begin();
      await tellOfAttack(harness.system, { url, secret }, id);
      const { headers, body } = calls.at(-1)!;
      expect(JSON.parse(body)).toMatchObject({
        type: "sign-in-attack.detect",
        data: { attackId: id, kind: "spraying", way: "imap", count: 20 },
      });
      expect(body).not.toContain(address.split(".").slice(0, 3).join("."));
      const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
      const mac = createHmac("sha256", "0123456789abcdef0123456789abcdef").update(signed).digest("base64");
      expect(headers["webhook-signature"]).toBe(`v1,${mac}`);
    });

    it("again until it is taken, under the same id; nowhere when no receiver is set", async () => {
      const { id } = await begin();
      status = 503;
      await expect(tellOfAttack(harness.system, { url, secret }, id)).rejects.toThrow("status 503");
      status = 200;
      await tellOfAttack(harness.system, { url, secret }, id);
      expect(calls.slice(-2).map(({ headers }) => headers["webhook-id"])).toEqual([id, id]);
      const before = calls.length;
      await tellOfAttack(harness.system, null, id);
      await tellOfAttack(harness.system, { url, secret }, crypto.randomUUID());
      expect(calls.length).toBe(before);
    });
  });
});
