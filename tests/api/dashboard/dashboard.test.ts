import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newIdNatPs, newMailbox, newMember, newTenant, type Tenant } from "../../support/tenants.ts";

describe("the dashboard", () => {
  let harness: Harness;
  let tenant: Tenant;
  let other: Tenant;
  let operator: Visitor;

  beforeAll(async () => {
    harness = await openHarness();
    [tenant, other] = [await newTenant(harness), await newTenant(harness)];
    operator = await harness.signIn({ operatorRoles: ["operator_support"] });
    await newMailbox(harness, other, { localPart: "foreign" });
  });
  afterAll(async () => await harness.close());

  interface Seen {
    kind: string;
    severity: string;
    count: number;
    subjects: { label: string; reason: string | null }[];
  }
  const read = async (visitor: Visitor, path: string) => {
    const { status, body } = await visitor.get(path);
    expect(status).toBe(200);
    return new Map((body.attention as Seen[]).map((one) => [one.kind, one]));
  };
  const ofTenant = () => read(tenant.administrator, `/api/v1/structures/${tenant.structureId}/dashboard`);

  it("names a box that the mail server refused, and why, until it is as asked", async () => {
    const { id, address } = await newMailbox(harness, tenant);
    const set = (provisioning: string, reason: string | null) =>
      harness.database.rows(
        "update app.mailboxes set provisioning = $2, provisioning_reason = $3 where id = $1",
        [id, provisioning, reason],
      );
    await set("action_required", "account-refused");
    expect((await ofTenant()).get("mailbox-provisioning-failed")).toMatchObject({
      severity: "critical",
      count: 1,
      subjects: [{ label: address, reason: "account-refused" }],
    });
    await set("applied", null);
    expect((await ofTenant()).has("mailbox-provisioning-failed")).toBe(false);
  });

  it("counts all and names the oldest five", async () => {
    for (let number = 0; number < 7; number++) {
      await newMember(harness, (await newMailbox(harness, tenant, { type: "ORG" })).id);
    }
    const before = (await ofTenant()).get("mailbox-without-member")?.count ?? 0;
    for (let number = 0; number < 7; number++) await newMailbox(harness, tenant, { type: "ORG" });
    const after = (await ofTenant()).get("mailbox-without-member");
    expect(after?.count).toBe(before + 7);
    expect(after?.subjects).toHaveLength(5);
  });

  it("calls a change late when the mail server has not had it for ten minutes", async () => {
    expect((await ofTenant()).has("mailbox-provisioning-late")).toBe(false);
    await newMailbox(harness, tenant);
    await harness.database.rows(
      "update app.mailboxes set provisioning = 'pending', updated_at = $2 where structure_id = $1",
      [tenant.structureId, new Date(harness.clock.now().getTime() - 11 * 60_000)],
    );
    expect((await ofTenant()).get("mailbox-provisioning-late")?.severity).toBe("warning");
    await harness.database.rows(
      "update app.mailboxes set provisioning = 'applied' where structure_id = $1",
      [tenant.structureId],
    );
  });

  it("says that the mail server is down, the most urgent first", async () => {
    const { body } = await tenant.administrator.get(`/api/v1/structures/${tenant.structureId}/dashboard`);
    expect(body.services.mailServer).toBe("unavailable");
    expect(body.attention[0].kind).toBe("mail-server-unavailable");
    const ranks = body.attention.map((one: Seen) => ["critical", "warning", "notice"].indexOf(one.severity));
    expect(ranks).toEqual(ranks.toSorted());
  });

  it("shows the operator every structure and the white list, and a structure nothing of another", async () => {
    const all = await read(operator, "/api/v1/dashboard");
    expect(all.has("white-list-missing")).toBe(true);
    expect(all.get("mailbox-without-member")?.count).toBeGreaterThan(0);
    const own = await tenant.administrator.get(`/api/v1/structures/${tenant.structureId}/dashboard`);
    expect(own.text).not.toContain("foreign@");
    expect(own.body).toMatchObject({
      structure: { id: tenant.structureId },
      whiteList: null,
      figures: { structures: 1, domains: 1 },
    });
  });

  it("names a quota that is nearly full, an invitation without answer, a box not opened for long", async () => {
    const fresh = await newTenant(harness);
    const { structureId, administrator } = fresh;
    await administrator.post(`/api/v1/structures/${structureId}/invitations`, {
      idNatPs: newIdNatPs(),
      givenName: "Noa",
      familyName: "TEST",
      role: "user",
    });
    await newMailbox(harness, fresh, { type: "PER" });
    await harness.database.rows(
      "update app.mailboxes set created_at = $2 where structure_id = $1",
      [structureId, new Date(harness.clock.now().getTime() - 336 * 86_400_000)],
    );
    await harness.database.rows(
      "update app.structures set quota_mailboxes = used_mailboxes where id = $1",
      [structureId],
    );
    const found = await read(administrator, `/api/v1/structures/${structureId}/dashboard`);
    expect(found.get("quota-mailboxes-nearly-full")).toMatchObject({ severity: "warning", count: 1 });
    expect(found.get("invitation-pending")?.subjects[0]?.label).toBe("Noa TEST");
    expect(found.get("mailbox-inactive")?.count).toBe(1);
    // What the structure has settled itself holds, for the operator's screen too.
    await harness.database.rows(
      "insert into app.inactivity_settings (structure_id, notice_after_days, objection_days, depublish_after_days, close_after_days) values ($1, 337, 30, 30, 30)",
      [structureId],
    );
    for (const path of [`/api/v1/structures/${structureId}/dashboard`, "/api/v1/dashboard"]) {
      expect((await read(operator, path)).has("mailbox-inactive")).toBe(false);
    }
  });

  it("asks for a structure's first administrator", async () => {
    const lonely = await newTenant(harness);
    await harness.database.rows("delete from app.memberships where structure_id = $1", [lonely.structureId]);
    const found = await read(operator, `/api/v1/structures/${lonely.structureId}/dashboard`);
    expect(found.get("structure-without-administrator")?.count).toBe(1);
    expect(found.has("structure-without-domain")).toBe(false);
  });

  it("names a certificate of software that ends within a month, until a later one of its subject stands beside it", async () => {
    const { structureId, administrator } = await newTenant(harness);
    const register = async (subject: string, days: number) =>
      await harness.database.rows(
        `insert into app.client_certificates (structure_id, label, subject, issuer, subject_key, issuer_key, serial, sha256, not_after)
         values ($1, 'DPI', $2, 'CN=ca', $2, 'CN=ca', '1', sha256(gen_random_uuid()::text::bytea), $3::timestamptz + make_interval(days => $4))`,
        [structureId, subject, harness.clock.now(), days],
      );
    const look = async () =>
      (await read(administrator, `/api/v1/structures/${structureId}/dashboard`)).get(
        "client-certificate-expiring",
      );
    await register("CN=later", 31);
    expect(await look()).toBeUndefined();
    await register("CN=soon", 29);
    expect(await look()).toMatchObject({ severity: "warning", count: 1, subjects: [{ label: "DPI" }] });
    await register("CN=soon", 400);
    expect(await look()).toBeUndefined();
    await harness.database.rows(
      "update app.client_certificates set withdrawn_at = now() where not_after > $1",
      [
        new Date(harness.clock.now().getTime() + 100 * 86_400_000),
      ],
    );
    expect(await look()).toMatchObject({ count: 1 });
  });

  it("asks a fresh structure for its first box and for the charter, once one is published", async () => {
    const fresh = await newTenant(harness);
    const look = () => read(fresh.administrator, `/api/v1/structures/${fresh.structureId}/dashboard`);
    const before = await look();
    expect(before.get("structure-without-mailbox")).toMatchObject({ severity: "notice", count: 1 });
    expect(before.has("charter-not-accepted")).toBe(false);
    const publisher = await harness.signIn({ operatorRoles: ["operator_administrator"] });
    const charter = await publisher.post("/api/v1/privacy/charters", {
      version: "1",
      title: "Charte",
      text: "Texte de la charte.",
    });
    expect((await look()).get("charter-not-accepted")).toMatchObject({ severity: "notice", count: 1 });
    await newMailbox(harness, fresh);
    await fresh.administrator.post("/api/v1/privacy/charter/acceptance", { charterId: charter.body.id });
    const after = await look();
    expect(after.has("structure-without-mailbox")).toBe(false);
    expect(after.has("charter-not-accepted")).toBe(false);
  });

  it("is nobody else's: 403 for a plain user and for the platform's, 404 for a foreign structure", async () => {
    const user = await harness.signIn({
      memberships: [{ structureId: tenant.structureId, role: "user" }],
    });
    const path = `/api/v1/structures/${tenant.structureId}/dashboard`;
    expect((await user.get(path)).status).toBe(403);
    expect((await other.administrator.get(path)).status).toBe(404);
    expect((await tenant.administrator.get("/api/v1/dashboard")).status).toBe(403);
  });
});
