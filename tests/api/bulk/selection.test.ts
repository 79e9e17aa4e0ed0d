import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { checkBatch } from "../../../api/bulk/mod.ts";
import { newImport, runToEnd, sendFile, undoToEnd } from "../../support/batches.ts";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

describe("a batch", () => {
  let harness: Harness;
  let tenant: Tenant;
  let admin: Visitor;
  const path = () => `/api/v1/structures/${tenant.structureId}/batches`;
  const select = async (body: object) => {
    const answer = await admin.post(path(), body);
    if (answer.status === 201) {
      await checkBatch(harness.system, { structureId: tenant.structureId, batchId: answer.body.id });
    }
    return answer;
  };
  const boxes = async () =>
    await harness.database.rows(
      "select address, status, service, quota_bytes::text as quota, suspension_reason from app.mailboxes where structure_id = $1 order by address",
      [tenant.structureId],
    );
  const slug = (answer: { body: { type: string } }) => answer.body.type.split("/").pop();

  beforeAll(async () => {
    harness = await openHarness();
  });
  afterAll(async () => await harness.close());
  beforeEach(async () => {
    tenant = await newTenant(harness);
    admin = tenant.administrator;
  });

  it("does one act on the boxes that were selected, and takes it back", async () => {
    const [a, b] = [
      await newMailbox(harness, tenant, { localPart: "a" }),
      await newMailbox(harness, tenant, { localPart: "b" }),
    ];
    await newMailbox(harness, tenant, { localPart: "c" });
    const before = await boxes();
    for (const [action, status] of [["suspend", "suspended"], ["close", "closing"]] as const) {
      const { body } = await select({ action, mailboxIds: [a.id, b.id], reason: "Fermeture du service" });
      expect((await runToEnd(harness, tenant, body.id)).body.progress).toMatchObject({ done: 2, failed: 0 });
      expect((await boxes()).map((box) => box.status)).toEqual([status, status, "active"]);
      expect((await undoToEnd(harness, tenant, body.id)).body).toMatchObject({
        state: "undone",
        progress: { undone: 2, kept: 0, done: 0 },
      });
      expect(await boxes()).toEqual(before);
    }
  });

  it("changes all that a filter finds, and gives each its own value back", async () => {
    await newMailbox(harness, tenant, { localPart: "a" });
    await newMailbox(harness, tenant, { localPart: "b", type: "APP" });
    await admin.send(`/api/v1/mailboxes/${(await newMailbox(harness, tenant, { localPart: "c" })).id}`, {
      method: "PATCH",
      body: JSON.stringify({ service: "Ancien" }),
      headers: { "content-type": "application/json" },
    });
    const before = await boxes();
    const { body } = await select({
      action: "change",
      filter: { type: "ORG" },
      fields: { service: "Nouveau", quota_mo: "300" },
    });
    expect((await runToEnd(harness, tenant, body.id)).body.progress).toMatchObject({ done: 2 });
    expect((await boxes()).map((box) => [box.service, box.quota])).toEqual([
      ["Nouveau", String(300 * 1_048_576)],
      ["", "104857600"],
      ["Nouveau", String(300 * 1_048_576)],
    ]);
    await undoToEnd(harness, tenant, body.id);
    expect(await boxes()).toEqual(before);
  });

  it("undone, closes what it made and keeps the mail; the address is opened again by the same line", async () => {
    const file = `adresse;type;alias\nn@${tenant.domain};ORG;m@${tenant.domain}`;
    const id = await newImport(harness, tenant, file);
    await runToEnd(harness, tenant, id);
    await undoToEnd(harness, tenant, id);
    expect(await boxes()).toMatchObject([{ status: "closing" }]);
    const again = await newImport(harness, tenant, file);
    expect((await admin.get(`/api/v1/batches/${again}`)).body.counts).toMatchObject({ reopen: 1, error: 0 });
    await runToEnd(harness, tenant, again);
    expect(await boxes()).toMatchObject([{ status: "active" }]);
    // Another holder does not get it: the address is taken.
    await undoToEnd(harness, tenant, again);
    const other = await newImport(harness, tenant, `adresse;type\nn@${tenant.domain};APP`);
    expect((await admin.get(`/api/v1/batches/${other}`)).body.counts).toMatchObject({ error: 1 });
  });

  it("undone, leaves alone a box that somebody has changed since", async () => {
    const box = await newMailbox(harness, tenant, { localPart: "a" });
    await newMailbox(harness, tenant, { localPart: "b" });
    const { body } = await select({ action: "change", filter: {}, fields: { service: "Neuf" } });
    await runToEnd(harness, tenant, body.id);
    await admin.post(`/api/v1/mailboxes/${box.id}/suspension`, { reason: "absent" });
    const undone = await undoToEnd(harness, tenant, body.id);
    expect(undone.body.progress).toMatchObject({ undone: 1, kept: 1 });
    expect(await boxes()).toMatchObject([{ service: "Neuf", status: "suspended" }, { service: "" }]);
    const kept = await admin.get(`/api/v1/batches/${body.id}/lines?outcome=kept`);
    expect(kept.body.items[0].errors).toMatchObject([{ code: "changed-meanwhile" }]);
    // Undone is undone: neither again nor corrected nor run.
    expect((await undoToEnd(harness, tenant, body.id)).body.progress).toEqual(undone.body.progress);
    expect(slug(await admin.post(`/api/v1/batches/${body.id}/run`, { skipErrors: true }))).toBe(
      "batch-state-forbids",
    );
  });

  it("names the wrong fields, and boxes that are none of the structure's", async () => {
    const foreign = await newMailbox(harness, await newTenant(harness));
    const pointers = async (body: object) =>
      (await admin.post(path(), body)).body.errors?.map((one: { pointer: string }) => one.pointer);
    expect(await pointers({ action: "erase", mailboxIds: ["x"] })).toEqual(["/action", "/mailboxIds/0"]);
    expect(await pointers({ action: "close" })).toEqual(["/mailboxIds"]);
    expect(await pointers({ action: "change", filter: {} })).toEqual(["/fields"]);
    expect(await pointers({ action: "change", filter: {}, fields: { adresse: "a@b" } })).toContain(
      "/fields/adresse",
    );
    expect(await pointers({ action: "close", filter: { q: "nobody" } })).toEqual(["/filter"]);
    expect(slug(await admin.post(path(), { action: "close", mailboxIds: [foreign.id] }))).toBe(
      "mailbox-not-found",
    );
  });

  it("is for who writes boxes; who only reads them sees it; another structure sees nothing", async () => {
    const id = await newImport(harness, tenant, `adresse;type\nn@${tenant.domain};ORG`);
    const as = (role: "mailbox_manager" | "user") =>
      harness.signIn({ memberships: [{ structureId: tenant.structureId, role }] });
    const [manager, user] = [await as("mailbox_manager"), await as("user")];
    const support = await harness.signIn({ operatorRoles: ["operator_support"] });
    const stranger = (await newTenant(harness)).administrator;
    const run = { skipErrors: true };
    expect((await manager.get(`/api/v1/batches/${id}`)).status).toBe(200);
    expect((await support.get(`/api/v1/batches/${id}`)).status).toBe(200);
    expect(slug(await support.post(`/api/v1/batches/${id}/run`, run))).toBe("forbidden");
    for (const nobody of [user, stranger]) {
      expect(slug(await nobody.get(`/api/v1/batches/${id}`))).toBe("batch-not-found");
      expect(slug(await nobody.post(`/api/v1/batches/${id}/run`, run))).toBe("batch-not-found");
    }
    expect(slug(await user.get(path()))).toBe("forbidden");
    expect(slug(await stranger.get(path()))).toBe("structure-not-found");
    expect((await sendFile(user, tenant.structureId, "adresse\na@b")).status).toBe(403);
    expect((await manager.post(`/api/v1/batches/${id}/run`, run)).status).toBe(200);
  });

  it("meant for an older version is refused, and one that was given up does nothing any more", async () => {
    const id = await newImport(harness, tenant, `adresse;type\nn@${tenant.domain};ORG`);
    const stale = { "if-match": '"1"' };
    expect(slug(await admin.post(`/api/v1/batches/${id}/run`, { skipErrors: true }, stale))).toBe(
      "version-mismatch",
    );
    expect((await admin.delete(`/api/v1/batches/${id}`)).status).toBe(204);
    expect((await admin.delete(`/api/v1/batches/${id}`)).status).toBe(204);
    expect(slug(await admin.post(`/api/v1/batches/${id}/run`, { skipErrors: true }))).toBe(
      "batch-state-forbids",
    );
    expect(await boxes()).toEqual([]);
  });

  it("is listed, the newest first, page by page", async () => {
    const ids: string[] = [];
    for (let count = 0; count < 3; count++) {
      ids.unshift((await sendFile(admin, tenant.structureId, `adresse\nn${count}@${tenant.domain}`)).body.id);
      harness.clock.pass(1);
    }
    const first = await admin.get(`${path()}?limit=2`);
    const second = await admin.get(`${path()}?limit=2&cursor=${first.body.nextCursor}`);
    expect([...first.body.items, ...second.body.items].map((one: { id: string }) => one.id)).toEqual(ids);
    expect(second.body.nextCursor).toBeNull();
  });
});
