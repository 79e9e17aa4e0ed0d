import { createHmac } from "node:crypto";
import { Buffer } from "node:buffer";
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createDatabase, createPool } from "../../../api/database/pool.ts";
import type { Context } from "../../../api/context.ts";
import { deliverWebhook, dispatchWebhooks, sweepDeliveries } from "../../../api/webhooks/mod.ts";
import { findFreePorts } from "../../../scripts/stack/ports.ts";
import { type Harness, openHarness } from "../../support/harness.ts";
import { newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

interface Received {
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

const settings = { isPrivateAllowed: true, timeoutSeconds: 1, disableAfterDays: 5, secretOverlapHours: 24 };
let harness: Harness;
let worker: Context;
let tenant: Tenant;
let other: Tenant;
let receiver: Server;
let receiverUrl: string;
let answer: number | "hang";
let received: Received[];

const path = (one = "") => `/api/v1/structures/${tenant.structureId}/webhooks${one}`;
const create = async (events: readonly string[] | null = null) =>
  (await tenant.administrator.post(path(), { url: receiverUrl, events })).body;
const patch = async (id: string, body: unknown, headers: Record<string, string> = {}) => {
  const response = await tenant.administrator.send(path(`/${id}`), {
    method: "PATCH",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  });
  return { status: response.status, body: await response.json() };
};
const jobs = async (kind: string) =>
  await harness.database.rows(
    `select p.payload, j.run_at from graphile_worker.jobs j join graphile_worker._private_jobs p on p.id = j.id
      where j.task_identifier = $1 order by j.id`,
    [kind],
  );
const deliver = async () => {
  await dispatchWebhooks(worker, tenant.structureId);
  const pending = await harness.database.rows(
    "select id from app.webhook_deliveries where status = 'pending' and structure_id = $1 order by seq",
    [tenant.structureId],
  );
  for (const { id } of pending) {
    await deliverWebhook({ ctx: worker, settings }, tenant.structureId, String(id));
  }
};
const deliveries = async (id: string, query = "") =>
  (await tenant.administrator.get(path(`/${id}/deliveries${query}`))).body.items;

beforeAll(async () => {
  harness = await openHarness({ config: { webhooks: settings } });
  const { receiver: port } = findFreePorts(["receiver"]);
  receiverUrl = `http://127.0.0.1:${port}/hook?key=k`;
  receiver = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => body += chunk);
    request.on("end", () => {
      received.push({ headers: request.headers, body });
      if (answer !== "hang") response.writeHead(answer, { location: "/elsewhere" }).end("x".repeat(100_000));
    });
  });
  await new Promise<void>((resolve) => receiver.listen(port, "127.0.0.1", resolve));
  const db = createDatabase(createPool(harness.database.configOf("mss_worker")));
  worker = { ...harness.system, db };
  other = await newTenant(harness);
});
afterAll(async () => {
  receiver.closeAllConnections();
  receiver.close();
  await worker.db.destroy();
  await harness.close();
});
beforeEach(async () => {
  tenant = await newTenant(harness);
  [answer, received] = [204, []];
});

describe("a webhook", () => {
  it("is told, signed, of what happens from then on and of nothing before", async () => {
    const webhook = await create(["mailbox.create", "mailbox.suspend"]);
    const box = await newMailbox(harness, tenant);
    await tenant.administrator.post(`/api/v1/mailboxes/${box.id}/suspension`, { reason: "Secret" });
    await tenant.administrator.delete(`/api/v1/mailboxes/${box.id}/suspension`);
    expect((await jobs("dispatch-webhooks")).map((job) => job.payload)).toContainEqual({
      structureId: tenant.structureId,
    });
    await deliver();
    expect(received.map((one) => JSON.parse(one.body).type)).toEqual(["mailbox.create", "mailbox.suspend"]);
    const [, call] = received;
    const { data, timestamp } = JSON.parse(call!.body);
    expect(timestamp).toBe(harness.clock.now().toISOString());
    expect(data).toEqual({
      structureId: tenant.structureId,
      seq: expect.any(Number),
      subjectKind: "mailbox",
      subjectId: box.id,
      actorKind: "person",
      actorId: tenant.administrator.personId,
      requestId: expect.any(String),
    });
    for (const content of ["Secret", box.address, "Camille"]) expect(call!.body).not.toContain(content);
    const { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": signature } = call!.headers;
    const key = Buffer.from(webhook.secret.slice("whsec_".length), "base64");
    expect(signature).toBe(
      `v1,${createHmac("sha256", key).update(`${id}.${at}.${call!.body}`).digest("base64")}`,
    );
    expect((await deliveries(webhook.id)).map((one: { status: string }) => one.status)).toEqual([
      "delivered",
      "delivered",
    ]);
  });

  it("is told of each act once, however often the jobs run, and in order", async () => {
    await create();
    for (let i = 0; i < 5; i++) await newMailbox(harness, tenant);
    await Promise.all([1, 2, 3].map(() => dispatchWebhooks(worker, tenant.structureId)));
    await deliver();
    await deliver();
    const seqs = received.map((one) => JSON.parse(one.body).data.seq);
    expect(seqs).toHaveLength(6);
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
  });

  it("is told nothing of another structure, and its own acts only to itself", async () => {
    await create(["mailbox.create"]);
    await newMailbox(harness, other);
    await dispatchWebhooks(worker, other.structureId);
    await deliver();
    expect(received).toEqual([]);
  });

  it("shows its secret once and keeps it from the API's own role", async () => {
    const key = { "idempotency-key": crypto.randomUUID() };
    const made = await tenant.administrator.post(path(), { url: "https://si.example.org/" }, key);
    expect(made.status).toBe(201);
    expect(made.headers.get("cache-control")).toBe("no-store");
    const { secret, id } = made.body;
    const answers = [await tenant.administrator.get(path()), await tenant.administrator.get(path(`/${id}`))];
    for (const one of answers) expect(one.text).not.toContain(secret);
    const kept = await harness.database.rows(
      "select 1 from app.idempotency_keys where body::text like $1",
      [`%${secret.slice(6, 20)}%`],
    );
    expect(kept).toEqual([]);
    const trail = await harness.database.rows("select jsonb_agg(e) as all from app.audit_events e");
    expect(JSON.stringify(trail)).not.toContain(secret);
    const api = await harness.database.connect("mss_api");
    await expect(api.query("select secret from app.webhooks")).rejects.toMatchObject({ code: "42501" });
  });

  describe("whose secret is replaced", () => {
    const rotate = async (id: string, body: unknown, headers: Record<string, string> = {}) =>
      await tenant.administrator.post(path(`/${id}/secret`), body, headers);
    /** Which of these secrets have signed the last call. */
    const signers = async (secrets: readonly string[], at = worker.now()) => {
      received = [];
      await newMailbox(harness, tenant);
      await dispatchWebhooks(worker, tenant.structureId);
      const [pending] = await harness.database.rows(
        "select id from app.webhook_deliveries where status = 'pending' and structure_id = $1",
        [tenant.structureId],
      );
      await deliverWebhook(
        { ctx: { ...worker, now: () => at }, settings },
        tenant.structureId,
        String(pending?.id),
      );
      const [call] = received;
      const { "webhook-id": callId, "webhook-timestamp": seconds, "webhook-signature": header } =
        call!.headers;
      const signatures = String(header).split(" ");
      const signing = secrets.filter((secret) => {
        const key = Buffer.from(secret.slice("whsec_".length), "base64");
        const mac = createHmac("sha256", key).update(`${callId}.${seconds}.${call!.body}`).digest("base64");
        return signatures.includes(`v1,${mac}`);
      });
      expect(signatures.length).toBe(signing.length);
      return signing.map((secret) => secrets.indexOf(secret));
    };
    const hours = (count: number) => new Date(worker.now().getTime() + count * 3_600_000);

    it("signs with the new one and, for the hours that were asked, with those before", async () => {
      const { id, secret: first, version } = await create(["mailbox.create"]);
      const second = await rotate(id, { overlapHours: null });
      expect([second.status, second.headers.get("cache-control")]).toEqual([201, "no-store"]);
      expect(second.body).toMatchObject({
        id,
        version: version + 1,
        oldSecretsUntil: hours(settings.secretOverlapHours).toISOString(),
      });
      const third = await rotate(id, { overlapHours: 48 });
      const all = [first, second.body.secret, third.body.secret];
      expect(await signers(all)).toEqual([0, 1, 2]);
      expect(await signers(all, hours(settings.secretOverlapHours + 1))).toEqual([1, 2]);
      expect(await signers(all, hours(49))).toEqual([2]);
    });

    it("ends the others at once when that is asked, and forgets them", async () => {
      const { id, secret: first } = await create(["mailbox.create"]);
      const second = (await rotate(id, { overlapHours: null })).body.secret;
      const third = await rotate(id, { overlapHours: 0 });
      expect(third.body.oldSecretsUntil).toBeNull();
      expect(await signers([first, second, third.body.secret])).toEqual([2]);
      await rotate(id, { overlapHours: 1 });
      await sweepDeliveries({ ...worker, now: () => hours(2) });
      const [row] = await harness.database.rows("select old_secrets from app.webhooks where id = $1", [id]);
      expect(row).toEqual({ old_secrets: [] });
    });

    it("is that of who saw its last version, and its secrets are kept from the API and the trail", async () => {
      const { id, secret: first } = await create(["mailbox.create"]);
      expect((await rotate(id, { overlapHours: null }, { "if-match": '"9"' })).status).toBe(412);
      const { secret: second } = (await rotate(id, { overlapHours: null }, { "if-match": '"1"' })).body;
      const trail = JSON.stringify(await harness.database.rows("select e from app.audit_events e"));
      for (const secret of [first, second]) expect(trail).not.toContain(secret);
      const api = await harness.database.connect("mss_api");
      await expect(api.query("select old_secrets from app.webhooks")).rejects.toMatchObject({
        code: "42501",
      });
    });
  });

  it("leaves its host in the trail and not the path, which may hold a key", async () => {
    const webhook = await create();
    const [row] = await harness.database.rows(
      "select after from app.audit_events where subject_id = $1",
      [webhook.id],
    );
    expect(row?.after).toMatchObject({ host: new URL(receiverUrl).host, status: "active" });
    expect(JSON.stringify(row)).not.toContain("key=k");
  });

  it("is changed by who saw its last version, disabled, and begins again with what happens then", async () => {
    const webhook = await create(["mailbox.create"]);
    expect((await patch(webhook.id, { status: "disabled" }, { "if-match": '"1"' })).body).toMatchObject({
      status: "disabled",
      disabledAt: harness.clock.now().toISOString(),
      version: 2,
    });
    expect((await patch(webhook.id, { events: null }, { "if-match": '"1"' })).status).toBe(412);
    expect(
      (await tenant.administrator.send(path(`/${webhook.id}/test`), {
        method: "POST",
        body: "{}",
        headers: { "content-type": "application/json" },
      })).status,
    ).toBe(409);
    await newMailbox(harness, tenant);
    await deliver();
    expect((await patch(webhook.id, { status: "active" })).body.disabledAt).toBeNull();
    const box = await newMailbox(harness, tenant);
    await deliver();
    expect(received.map((one) => JSON.parse(one.body).data.subjectId)).toEqual([box.id]);
  });

  it("refuses what it cannot be, by field", async () => {
    for (
      const [body, pointer] of [
        [{ url: "nowhere" }, "/url"],
        [{ url: receiverUrl, events: [] }, "/events"],
        [{ url: receiverUrl, events: ["mailbox.fly"] }, "/events/0"],
        [{ url: receiverUrl, secret: "mine" }, "/secret"],
      ] as const
    ) {
      const refused = await tenant.administrator.post(path(), body);
      expect([refused.status, refused.body.errors[0].pointer]).toEqual([422, pointer]);
    }
    for (let i = 0; i < 10; i++) await create();
    expect((await tenant.administrator.post(path(), { url: receiverUrl })).body).toMatchObject({
      type: expect.stringMatching(/webhook-limit-reached$/),
      limit: 10,
    });
  });

  it("is the structure's administrator's to make, the auditor's to see, and another structure's secret", async () => {
    const webhook = await create();
    const manager = await harness.signIn({
      memberships: [{ structureId: tenant.structureId, role: "mailbox_manager" }],
    });
    const auditor = await harness.signIn({ operatorRoles: ["auditor"] });
    expect((await auditor.get(path())).status).toBe(200);
    for (const visitor of [manager, auditor]) {
      expect((await visitor.post(path(), { url: receiverUrl })).body.type).toMatch(/forbidden$/);
      expect((await visitor.delete(path(`/${webhook.id}`))).body.type).toMatch(/forbidden$/);
    }
    expect((await other.administrator.get(path(`/${webhook.id}`))).body.type).toMatch(/structure-not-found$/);
    const foreign = `/api/v1/structures/${other.structureId}/webhooks/${webhook.id}`;
    expect((await other.administrator.get(foreign)).body.type).toMatch(/webhook-not-found$/);
    expect((await other.administrator.get(`${foreign}/deliveries`)).body.type).toMatch(/webhook-not-found$/);
    expect((await tenant.administrator.delete(path(`/${webhook.id}`))).status).toBe(204);
    expect((await tenant.administrator.get(path())).body.items).toEqual([]);
  });
});

describe("a delivery", () => {
  const test = async (id: string) =>
    await tenant.administrator.send(path(`/${id}/test`), {
      method: "POST",
      body: "{}",
      headers: { "content-type": "application/json" },
    });

  it("is tried again later when the receiver fails, under the same id, until it is taken", async () => {
    const webhook = await create(["mailbox.create"]);
    answer = 503;
    expect((await test(webhook.id)).status).toBe(202);
    await deliver();
    const [failed] = await deliveries(webhook.id);
    expect(failed).toMatchObject({
      event: "webhook.test",
      seq: null,
      status: "pending",
      attempts: 1,
      responseStatus: 503,
    });
    expect(Date.parse(failed.nextAttemptAt) - harness.clock.now().getTime()).toBe(5_000);
    const waiting = (await jobs("deliver-webhook")).filter((job) =>
      (job.payload as { deliveryId: string }).deliveryId === failed.id
    );
    expect(waiting.map((job) => (job.run_at as Date).toISOString())).toContain(failed.nextAttemptAt);
    answer = 200;
    await deliver();
    expect((await deliveries(webhook.id, "?status=delivered"))[0]).toMatchObject({ attempts: 2 });
    expect(new Set(received.map((one) => one.headers["webhook-id"]))).toEqual(new Set([failed.id]));
    await deliverWebhook({ ctx: worker, settings }, tenant.structureId, failed.id);
    expect(received).toHaveLength(2);
  });

  it.each(
    [
      ["does not answer", "hang", { error: "timeout", responseStatus: null }],
      ["sends it elsewhere", 302, { error: null, responseStatus: 302 }],
    ] as const,
  )("fails when the receiver %s", async (_what, how, expected) => {
    const webhook = await create(["mailbox.create"]);
    answer = how;
    await test(webhook.id);
    await deliver();
    expect((await deliveries(webhook.id))[0]).toMatchObject({ status: "pending", ...expected });
    expect(received).toHaveLength(1);
  });

  it("reaches no private address, whatever was allowed when the webhook was made", async () => {
    const webhook = await create(["mailbox.create"]);
    await test(webhook.id);
    const [{ id } = { id: "" }] = await deliveries(webhook.id);
    const strict = { ...settings, isPrivateAllowed: false };
    await deliverWebhook({ ctx: worker, settings: strict }, tenant.structureId, id);
    await harness.database.rows("update app.webhooks set url = 'https://localhost/' where id = $1", [
      webhook.id,
    ]);
    await deliverWebhook({ ctx: worker, settings: strict }, tenant.structureId, id);
    expect(received).toEqual([]);
    expect((await deliveries(webhook.id))[0]).toMatchObject({ attempts: 2, error: "private-address" });
  });

  it("disables its webhook when the receiver wants no more, in the trail too", async () => {
    const webhook = await create(["mailbox.create"]);
    answer = 410;
    await test(webhook.id);
    await deliver();
    expect((await deliveries(webhook.id))[0].status).toBe("failed");
    expect((await tenant.administrator.get(path(`/${webhook.id}`))).body.status).toBe("disabled");
    const rows = await harness.database.rows(
      "select actor_kind, reason from app.audit_events where action = 'webhook.disable' and subject_id = $1",
      [webhook.id],
    );
    expect(rows).toEqual([{ actor_kind: "system", reason: "gone" }]);
  });

  it("disables its webhook when every call has failed for days", async () => {
    const webhook = await create(["mailbox.create"]);
    answer = 500;
    await test(webhook.id);
    await deliver();
    expect((await tenant.administrator.get(path(`/${webhook.id}`))).body).toMatchObject({
      status: "active",
      failingSince: harness.clock.now().toISOString(),
    });
    const later = { ...worker, now: () => new Date(harness.clock.now().getTime() + 5 * 86_400_000) };
    const [{ id } = { id: "" }] = await deliveries(webhook.id);
    await deliverWebhook({ ctx: later, settings }, tenant.structureId, id);
    expect((await tenant.administrator.get(path(`/${webhook.id}`))).body.status).toBe("disabled");
  });
});
