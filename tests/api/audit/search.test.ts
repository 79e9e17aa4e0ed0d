import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recordAudit } from "../../../api/audit/mod.ts";
import { inSystem } from "../../../api/database/in-tenant.ts";
import { type Harness, openHarness } from "../../support/harness.ts";
import { newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

describe("the trail of a structure", () => {
  let harness: Harness;
  let tenant: Tenant;
  let other: Tenant;
  const path = (query = "") => `/api/v1/structures/${tenant.structureId}/audit${query}`;

  beforeAll(async () => {
    harness = await openHarness();
    [tenant, other] = [await newTenant(harness), await newTenant(harness)];
  });
  afterAll(async () => await harness.close());

  it("shows who did what, the newest first, with its place in the chain", async () => {
    const box = await newMailbox(harness, tenant);
    await tenant.administrator.post(`/api/v1/mailboxes/${box.id}/suspension`, { reason: "Départ à l'été" });
    const { status, body } = await tenant.administrator.get(path());
    expect(status).toBe(200);
    const [last, before] = body.items;
    expect(last).toMatchObject({
      structureId: tenant.structureId,
      actorKind: "person",
      actorId: tenant.administrator.personId,
      actorLabel: "Camille TEST",
      action: "mailbox.suspend",
      subjectKind: "mailbox",
      subjectId: box.id,
      before: { status: "active" },
      after: { status: "suspended" },
      reason: "Départ à l'été",
    });
    expect(last.seq).toBe(before.seq + 1);
    expect(last.previousHash).toBe(before.hash);
    expect(last.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it("is searched by words without accents, act, author, subject and time", async () => {
    const box = await newMailbox(harness, tenant, { localPart: "recherche.100_pour" });
    await tenant.administrator.post(`/api/v1/mailboxes/${box.id}/suspension`, { reason: "Congé maternité" });
    const actions = async (query: string) =>
      (await tenant.administrator.get(path(query))).body.items.map((one: { action: string }) => one.action);
    expect(await actions("?q=conge%20MATERNITE")).toEqual(["mailbox.suspend"]);
    expect(await actions("?q=recherche.100_pour")).toEqual(["mailbox.suspend", "mailbox.create"]);
    expect(await actions("?q=100%25pour")).toEqual([]);
    expect(await actions(`?subjectId=${box.id}&action=mailbox.create`)).toEqual(["mailbox.create"]);
    expect(await actions(`?subjectId=${box.id}&actorId=${tenant.administrator.personId}`)).toEqual([
      "mailbox.suspend",
    ]);
    const now = harness.clock.now().getTime();
    const at = (seconds: number) => encodeURIComponent(new Date(now + seconds * 1000).toISOString());
    expect(await actions(`?subjectId=${box.id}&from=${at(-1)}&to=${at(1)}`)).toHaveLength(2);
    expect(await actions(`?subjectId=${box.id}&to=${at(-1)}`)).toEqual([]);
    expect(await actions(`?subjectId=${box.id}&from=${at(1)}`)).toEqual([]);
  });

  it("comes in pages that later rows do not move", async () => {
    for (let i = 0; i < 4; i++) await newMailbox(harness, tenant);
    const all = (await tenant.administrator.get(path("?limit=200"))).body.items;
    const first = (await tenant.administrator.get(path("?limit=2"))).body;
    await newMailbox(harness, tenant);
    const second = (await tenant.administrator.get(path(`?limit=2&cursor=${first.nextCursor}`))).body;
    const ids = (items: { id: number }[]) => items.map((one) => one.id);
    expect([...ids(first.items), ...ids(second.items)]).toEqual(ids(all).slice(0, 4));
  });

  it("leaves as CSV, filtered alike, without a formula", async () => {
    const box = await newMailbox(harness, tenant);
    await tenant.administrator.post(`/api/v1/mailboxes/${box.id}/suspension`, { reason: "=1+1" });
    const { status, headers, text } = await tenant.administrator.get(
      `/api/v1/structures/${tenant.structureId}/audit/export?subjectId=${box.id}`,
    );
    expect([status, headers.get("content-type")]).toEqual([200, "text/csv; charset=utf-8"]);
    const lines = text.trim().split("\r\n");
    expect(lines[0]).toContain("numero;date;structure;auteur_type;auteur_id;auteur;acte");
    expect(lines.slice(1).map((line) => line.split(";")[6])).toEqual(["mailbox.suspend", "mailbox.create"]);
    expect(text).not.toMatch(/;"?=1\+1/);
    const foreign = `/api/v1/structures/${tenant.structureId}/audit/export`;
    expect((await other.administrator.get(foreign)).body.type).toMatch(/structure-not-found$/);
    expect((await tenant.administrator.get("/api/v1/audit/export")).body.type).toMatch(/forbidden$/);
  });

  it("refuses what it does not know, by name", async () => {
    const { body } = await tenant.administrator.get(
      path("?action=mailbox.fly&actorId=x&from=yesterday&limit=0"),
    );
    expect(body.errors.map((one: { pointer: string }) => one.pointer).sort()).toEqual([
      "/query/action",
      "/query/actorId",
      "/query/from",
      "/query/limit",
    ]);
    const cursor = btoa(JSON.stringify(["1'; drop table x"])).replaceAll("=", "");
    expect((await tenant.administrator.get(path(`?cursor=${cursor}`))).status).toBe(422);
  });

  it("is another structure's secret, and a member's who does not run it", async () => {
    expect((await other.administrator.get(path())).body.type).toMatch(/structure-not-found$/);
    const member = await harness.signIn({
      memberships: [{ structureId: tenant.structureId, role: "mailbox_manager" }],
    });
    expect((await member.get(path())).body.type).toMatch(/forbidden$/);
    expect((await harness.stranger.get(path())).status).toBe(401);
    const mine = (await other.administrator.get(`/api/v1/structures/${other.structureId}/audit`)).body.items;
    expect(new Set(mine.map((one: { structureId: string }) => one.structureId))).toEqual(
      new Set([other.structureId]),
    );
  });

  it("is, everywhere and with the operator's own acts, for the operator and his auditor alone", async () => {
    await inSystem(harness.system, (tx) =>
      recordAudit(tx, harness.system, {
        action: "white-list.import",
        subject: { kind: "white-list", id: crypto.randomUUID() },
      }));
    const auditor = await harness.signIn({ operatorRoles: ["auditor"] });
    const { body } = await auditor.get("/api/v1/audit?limit=200");
    const structures = new Set(body.items.map((one: { structureId: string | null }) => one.structureId));
    expect([...structures]).toEqual(
      expect.arrayContaining([null, tenant.structureId, other.structureId]),
    );
    for (
      const visitor of [
        await harness.signIn({ operatorRoles: ["operator_support"] }),
        tenant.administrator,
      ]
    ) {
      expect((await visitor.get("/api/v1/audit")).body.type).toMatch(/forbidden$/);
    }
  });
});
