import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness } from "../../support/harness.ts";
import { newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

describe("service accounts", () => {
  let harness: Harness;
  let tenant: Tenant;
  let other: Tenant;
  const path = (one: Tenant = tenant) => `/api/v1/structures/${one.structureId}/service-accounts`;
  const input = (scopes: string[] = ["mailbox.read"]) => ({ name: `DPI ${crypto.randomUUID()}`, scopes });

  beforeAll(async () => {
    harness = await openHarness();
    [tenant, other] = [await newTenant(harness), await newTenant(harness)];
  });
  afterAll(async () => await harness.close());

  const newAccount = async (scopes?: string[], one: Tenant = tenant) =>
    (await one.administrator.post(path(one), input(scopes))).body;
  const newKey = async (account: { id: string }, body: unknown = { expiresAt: null }, one: Tenant = tenant) =>
    (await one.administrator.post(`${path(one)}/${account.id}/keys`, body)).body;
  /** As software asks: with a key, without cookie or origin. */
  const ask = async (secret: string, url: string, init: RequestInit = {}) => {
    const response = await harness.app.request(url, {
      ...init,
      headers: { authorization: `Bearer ${secret}`, ...(init.headers as Record<string, string>) },
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === "" ? null : JSON.parse(text),
    };
  };
  const mailboxes = (one: Tenant = tenant) => `/api/v1/structures/${one.structureId}/mailboxes`;

  it("act in their structure within their scopes, and the trail names them", async () => {
    const account = await newAccount(["mailbox.read", "mailbox.create"]);
    const { secret, prefix } = await newKey(account);
    expect(secret).toMatch(/^mss_sk_[\w-]{43}$/);
    expect(secret.startsWith(prefix)).toBe(true);
    expect((await ask(secret, mailboxes())).status).toBe(200);
    const made = await ask(secret, mailboxes(), {
      method: "POST",
      body: JSON.stringify({ address: `dpi-${crypto.randomUUID()}@${tenant.domain}`, type: "APP" }),
      headers: { "content-type": "application/json" },
    });
    expect(made.status).toBe(201);
    const trail = await harness.database.rows(
      "select actor_kind, actor_person_id, actor_label from app.audit_events where subject_id = $1",
      [made.body.id],
    );
    expect(trail).toEqual([{
      actor_kind: "service",
      actor_person_id: account.id,
      actor_label: account.name,
    }]);
    const refused = await ask(secret, `/api/v1/mailboxes/${made.body.id}/suspension`, {
      method: "POST",
      body: JSON.stringify({ reason: "x" }),
      headers: { "content-type": "application/json" },
    });
    expect(refused.body).toMatchObject({ status: 403, action: "mailbox.suspend" });
  });

  it("see nothing of the neighbour, of the operator, of people's mail or of rights", async () => {
    const { secret } = await newKey(await newAccount(["mailbox.read", "structure.read"]));
    const theirs = await newMailbox(harness, other);
    expect((await ask(secret, mailboxes(other))).body.type).toMatch(/structure-not-found$/);
    expect((await ask(secret, `/api/v1/mailboxes/${theirs.id}`)).body.type).toMatch(/mailbox-not-found$/);
    expect((await ask(secret, "/api/v1/people")).status).toBe(403);
    expect((await ask(secret, "/api/v1/session")).status).toBe(401);
    expect((await ask(secret, "/jmap/session")).status).toBe(401);
    expect((await ask(secret, path())).status).toBe(403);
  });

  it("are never given what gives rights or opens mail", async () => {
    for (
      const scope of [
        "membership.grant",
        "operator-role.grant",
        "service-account.create",
        "service-account-key.create",
        "app-password.create",
        "client-certificate.create",
        "export.request-mailbox",
        "structure.suspend",
        "session.end",
        "consent.decide",
        "no.such",
      ]
    ) {
      const { body } = await tenant.administrator.post(path(), input([scope]));
      expect([scope, body.errors?.[0]?.pointer]).toEqual([scope, "/scopes/0"]);
    }
    expect((await tenant.administrator.post(path(), input([]))).body.errors).toMatchObject([
      { pointer: "/scopes" },
    ]);
  });

  it("keep their secret out of the database, the trail, the log and a repeated answer", async () => {
    const account = await newAccount();
    const url = `${path()}/${account.id}/keys`;
    const headers = { "idempotency-key": crypto.randomUUID() };
    const [one, two] = [
      await tenant.administrator.post(url, { expiresAt: null }, headers),
      await tenant.administrator.post(url, { expiresAt: null }, headers),
    ];
    expect(one.headers.get("cache-control")).toBe("no-store");
    expect(two.body.secret).not.toBe(one.body.secret);
    await ask(one.body.secret, mailboxes());
    const token = one.body.secret.slice("mss_sk_".length);
    const dump = await harness.database.rows(
      `select (select string_agg(k::text, '') from app.service_account_keys k) ||
        coalesce((select string_agg(a::text, '') from app.audit_events a), '') ||
        coalesce((select string_agg(i::text, '') from app.idempotency_keys i), '') as text`,
    );
    expect(String(dump[0]?.text)).not.toContain(token);
    expect(harness.logLines.join("\n")).not.toContain(token);
    const read = await tenant.administrator.get(`${path()}/${account.id}`);
    expect(read.text).not.toContain(token);
    expect(read.body.keys).toHaveLength(2);
    const used = read.body.keys.find((key: { id: string }) => key.id === one.body.id);
    expect(used.lastUsedAt).not.toBeNull();
  });

  it("are refused when the key is unknown, revoked or out of time, whatever cookie comes with it", async () => {
    const account = await newAccount();
    const end = new Date(harness.clock.now().getTime() + 60_000).toISOString();
    const [short, long] = [await newKey(account, { expiresAt: end }), await newKey(account)];
    const statusOf = async (secret: string) =>
      (await ask(secret, mailboxes(), { headers: { cookie: tenant.administrator.cookie } })).status;
    expect([await statusOf(short.secret), await statusOf(long.secret)]).toEqual([200, 200]);
    expect(await statusOf(`mss_sk_${"a".repeat(43)}`)).toBe(401);
    expect(await statusOf("mss_sk_")).toBe(401);
    const key = `${path()}/${account.id}/keys/${long.id}`;
    const statuses = [await tenant.administrator.delete(key), await tenant.administrator.delete(key)]
      .map((one) => one.status);
    expect(statuses).toEqual([204, 204]);
    await expect.poll(() => statusOf(long.secret), { timeout: 3_000 }).toBe(401);
    expect(await statusOf(short.secret)).toBe(200);
    await harness.database.rows("update app.service_account_keys set expires_at = $2 where id = $1", [
      short.id,
      new Date(harness.clock.now().getTime() - 1),
    ]);
    await expect.poll(() => statusOf(short.secret), { timeout: 3_000 }).toBe(401);
  });

  it("stop with their structure's suspension and with their own revocation, for good", async () => {
    const mine = await newTenant(harness);
    const account = await newAccount(undefined, mine);
    const { secret } = await newKey(account, undefined, mine);
    const status = async () => (await ask(secret, mailboxes(mine))).status;
    expect(await status()).toBe(200);
    await harness.database.rows("update app.structures set status = 'suspended' where id = $1", [
      mine.structureId,
    ]);
    await expect.poll(status, { timeout: 3_000 }).toBe(401);
    await harness.database.rows("update app.structures set status = 'active' where id = $1", [
      mine.structureId,
    ]);
    await expect.poll(status, { timeout: 3_000 }).toBe(200);
    const url = `${path(mine)}/${account.id}`;
    const statuses = [await mine.administrator.delete(url), await mine.administrator.delete(url)]
      .map((one) => one.status);
    expect(statuses).toEqual([204, 204]);
    await expect.poll(status, { timeout: 3_000 }).toBe(401);
    const late = await mine.administrator.post(`${url}/keys`, { expiresAt: null });
    expect(late.body.type).toMatch(/service-account-revoked$/);
    expect((await mine.administrator.post(path(mine), { ...input(), name: account.name })).status).toBe(201);
  });

  it("are changed by version, and what is so already changes nothing", async () => {
    const account = await newAccount();
    const change = async (body: unknown, match: string) => {
      const response = await tenant.administrator.send(`${path()}/${account.id}`, {
        method: "PATCH",
        body: JSON.stringify(body),
        headers: { "content-type": "application/json", "if-match": match },
      });
      return { status: response.status, body: await response.json() };
    };
    const scopes = ["mailbox.create", "mailbox.read"];
    const done = await change({ scopes: scopes.toReversed() }, '"1"');
    expect(done.body).toMatchObject({ scopes, version: 2, name: account.name });
    expect((await change({ scopes }, '"2"')).body.version).toBe(2);
    expect((await change({ name: "Autre" }, '"1"')).body).toMatchObject({ status: 412, currentVersion: 2 });
    const rows = await harness.database.rows("select action from app.audit_events where subject_id = $1", [
      account.id,
    ]);
    expect(rows.map((row) => row.action)).toEqual(["service-account.create", "service-account.change"]);
  });

  it("have names of their own, and ends that are to come", async () => {
    const account = await newAccount();
    const taken = await tenant.administrator.post(path(), { ...input(), name: account.name });
    expect(taken.body).toMatchObject({ status: 409, name: account.name });
    const past = { ...input(), expiresAt: "2020-01-01T00:00:00Z" };
    expect((await tenant.administrator.post(path(), past)).body.errors).toMatchObject([
      { pointer: "/expiresAt" },
    ]);
  });

  it("are for administrators, and hidden from the neighbour's", async () => {
    const account = await newAccount();
    const manager = await harness.signIn({
      memberships: [{ structureId: tenant.structureId, role: "domain_administrator" }],
    });
    expect((await manager.get(path())).body).toMatchObject({ status: 403, action: "service-account.read" });
    expect((await manager.post(path(), input())).status).toBe(403);
    const foreign = await other.administrator.get(`${path(other)}/${account.id}`);
    expect(foreign.body.type).toMatch(/service-account-not-found$/);
    expect((await other.administrator.get(path())).body.type).toMatch(/structure-not-found$/);
  });

  it("repeat a POST under its key like everybody, each account with its own keys", async () => {
    const [one, two] = [
      await newKey(await newAccount(["mailbox.create"])),
      await newKey(await newAccount(["mailbox.create"])),
    ];
    const send = (secret: string, address: string) =>
      ask(secret, mailboxes(), {
        method: "POST",
        body: JSON.stringify({ address: `${address}@${tenant.domain}`, type: "APP" }),
        headers: { "content-type": "application/json", "idempotency-key": "1" },
      });
    const [first, again] = [await send(one.secret, "repeated"), await send(one.secret, "repeated")];
    expect([first.status, again.status, again.headers.get("idempotency-replayed")]).toEqual([
      201,
      201,
      "true",
    ]);
    expect(again.body).toEqual(first.body);
    expect((await send(two.secret, "another")).status).toBe(201);
  });
});
