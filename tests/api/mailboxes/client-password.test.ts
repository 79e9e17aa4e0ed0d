import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

describe("a box's client password", () => {
  let harness: Harness;
  let tenant: Tenant;
  const path = (id: string) => `/api/v1/mailboxes/${id}/client-password`;
  const give = async (visitor: Visitor, id: string) => {
    const response = await visitor.send(path(id), { method: "PUT", headers: { "idempotency-key": "same" } });
    return { headers: response.headers, status: response.status, body: await response.json() };
  };
  const hashOf = async (address: string) =>
    (await harness.database.rows("select secret from mail_directory.login where login = $1", [address]))[0]
      ?.secret;
  const verifies = (secret: string, hash: unknown) => {
    const bytes = Buffer.from(String(hash).replace("{SSHA512}", ""), "base64");
    return createHash("sha512").update(secret).update(bytes.subarray(64)).digest().equals(
      bytes.subarray(0, 64),
    );
  };

  beforeAll(async () => {
    harness = await openHarness();
    tenant = await newTenant(harness);
  });
  afterAll(async () => await harness.close());

  it("is shown once, kept as a hash that the mail server's view shows, and stands nowhere else", async () => {
    const box = await newMailbox(harness, tenant);
    expect(await hashOf(box.address)).toBeNull();
    const { headers, status, body } = await give(tenant.administrator, box.id);
    expect([status, headers.get("cache-control"), body.address]).toEqual([200, "no-store", box.address]);
    expect(body.password).toMatch(/^([a-z2-9]{8}-){3}[a-z2-9]{8}$/);
    expect(verifies(body.password, await hashOf(box.address))).toBe(true);
    const kept = await harness.database.rows(
      "select 1 from app.idempotency_keys union all select 1 from app.audit_events where to_jsonb(audit_events)::text like $1",
      [`%${body.password}%`],
    );
    expect(kept).toEqual([]);
    expect(harness.logLines.join()).not.toContain(body.password);
  });

  it("ends the one before, and what it had let in", async () => {
    const box = await newMailbox(harness, tenant);
    const first = (await give(tenant.administrator, box.id)).body.password;
    const second = (await give(tenant.administrator, box.id)).body.password;
    const hash = await hashOf(box.address);
    expect([verifies(first, hash), verifies(second, hash)]).toEqual([false, true]);
    const jobs = await harness.database.rows(
      "select task_identifier from graphile_worker.jobs where key = $1",
      [`end-sessions:${box.id}`],
    );
    expect(jobs).toEqual([{ task_identifier: "end-sessions" }]);
  });

  it("can be withdrawn, also twice", async () => {
    const box = await newMailbox(harness, tenant);
    await give(tenant.administrator, box.id);
    for (const _time of [1, 2]) expect((await tenant.administrator.delete(path(box.id))).status).toBe(204);
    expect(await hashOf(box.address)).toBeNull();
    const trail = await harness.database.rows(
      "select after->>'hasClientSecret' as has from app.audit_events where subject_id = $1 and action = 'mailbox.set-client-secret' order by id",
      [box.id],
    );
    expect(trail).toEqual([{ has: "true" }, { has: "false" }]);
  });

  it("is not for who may only look", async () => {
    const box = await newMailbox(harness, tenant);
    const support = await harness.signIn({ operatorRoles: ["operator_support"] });
    expect((await give(support, box.id)).body).toMatchObject({ status: 403 });
  });

  it("is not made where the structure allows none; what was given before stays until it is withdrawn", async () => {
    const box = await newMailbox(harness, tenant);
    const allow = (appPasswordsAllowed: boolean) =>
      tenant.administrator.patch(`/api/v1/structures/${tenant.structureId}`, {
        settings: { appPasswordsAllowed },
      });
    await allow(false);
    const refused = await tenant.administrator.send(path(box.id), { method: "PUT" });
    expect(refused.status).toBe(409);
    expect((await refused.json()).type).toMatch(/app-passwords-not-allowed$/);
    expect((await tenant.administrator.delete(path(box.id))).status).toBe(204);
    await allow(true);
    expect((await tenant.administrator.send(path(box.id), { method: "PUT" })).status).toBe(200);
  });
});
