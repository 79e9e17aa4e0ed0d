import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

describe("changing a structure", () => {
  let harness: Harness;
  let operator: Visitor;
  let tenant: Tenant;
  const path = (one: Tenant = tenant) => `/api/v1/structures/${one.structureId}`;
  const read = async (one: Tenant) => (await operator.get(path(one))).body;

  beforeAll(async () => {
    harness = await openHarness();
    operator = await harness.signIn({ operatorRoles: ["operator_administrator"] });
    tenant = await newTenant(harness);
  });
  afterAll(async () => await harness.close());

  it("changes what is named and nothing else, as a new version with a row in the trail", async () => {
    const fresh = await newTenant(harness);
    const before = await read(fresh);
    const answer = await operator.patch(path(fresh), {
      name: "Nouveau nom",
      settings: { contactName: "Accueil" },
    });
    expect(answer.body).toEqual({
      ...before,
      name: "Nouveau nom",
      settings: { ...before.settings, contactName: "Accueil" },
      version: before.version + 1,
      updatedAt: expect.any(String),
    });
    expect(answer.headers.get("etag")).toBe(`"${before.version + 1}"`);
    const rows = await harness.database.rows(
      "select before, after from app.audit_events where structure_id = $1 and action = 'structure.change'",
      [fresh.structureId],
    );
    expect(rows).toMatchObject([{ before: { name: before.name }, after: { name: "Nouveau nom" } }]);
  });

  it("is harmless when repeated: what is so already is no new version", async () => {
    const fresh = await newTenant(harness);
    const change = { name: "Le même", quotaMailboxes: 3 };
    const [one, two] = [await operator.patch(path(fresh), change), await operator.patch(path(fresh), change)];
    expect(two.body).toEqual(one.body);
  });

  it("of two administrators refuses the one who saw an older version", async () => {
    const fresh = await newTenant(harness);
    const seen = { "if-match": `"${(await read(fresh)).version}"` };
    const answers = await Promise.all(
      ["A", "B"].map((name) => operator.patch(path(fresh), { settings: { contactName: name } }, seen)),
    );
    expect(answers.map((one) => one.status).sort()).toEqual([200, 412]);
  });

  it("leaves the settings to the structure's administrator, its name and quotas to who is above", async () => {
    const mine = tenant.administrator;
    expect((await mine.patch(path(), { settings: { contactPhone: "+33 1 23 45 67 89" } })).status).toBe(200);
    for (
      const change of [{ name: "X" }, { quotaMailboxes: null }, { quotaBytes: 9 }, { isReseller: true }, {
        resellerId: null,
      }]
    ) {
      expect((await mine.patch(path(), { settings: { contactName: "Y" }, ...change })).body).toMatchObject({
        status: 403,
        action: "structure.administer",
      });
    }
    expect((await read(tenant)).settings.contactName).toBe("");
  });

  it.each(["domain_administrator", "mailbox_manager", "user"] as const)("is not for a %s", async (role) => {
    const person = await harness.signIn({ memberships: [{ structureId: tenant.structureId, role }] });
    expect((await person.patch(path(), { settings: { contactName: "X" } })).body).toMatchObject({
      status: 403,
    });
  });

  it("is refused to another structure's administrator as if there were none", async () => {
    const { administrator } = await newTenant(harness);
    expect((await administrator.patch(path(), { settings: { contactName: "X" } })).body.type).toMatch(
      /structure-not-found$/,
    );
  });

  it.each([
    [{ settings: { contactEmail: "pas une adresse" } }, "/settings/contactEmail"],
    [{ settings: { contactEmail: "аdmin@exemple.fr" } }, "/settings/contactEmail"],
    [{ settings: { contactPhone: "appelez-moi" } }, "/settings/contactPhone"],
    [{ settings: { defaultMailboxQuotaBytes: 1 } }, "/settings/defaultMailboxQuotaBytes"],
    [{ settings: {} }, "/settings"],
    [{ settings: { contactName: "X", colour: "red" } }, "/settings/colour"],
    [{ quotaMailboxes: 2 ** 31 }, "/quotaMailboxes"],
    [{ quotaBytes: 2 ** 60 }, "/quotaBytes"],
    [{ name: "a\u0000b" }, "/name"],
    [{}, ""],
  ])("refuses %j and names the field", async (change, pointer) => {
    const answer = await operator.patch(path(), change);
    expect(new Set(answer.body.errors.map((one: { pointer: string }) => one.pointer))).toEqual(
      new Set([pointer]),
    );
  });

  it("refuses a quota under its use, and says what is in use", async () => {
    const fresh = await newTenant(harness);
    const boxes = [await newMailbox(harness, fresh), await newMailbox(harness, fresh)];
    const used = boxes.reduce((sum, box) => sum + box.quota_bytes, 0);
    expect((await operator.patch(path(fresh), { quotaMailboxes: 1 })).body).toMatchObject({
      status: 409,
      quota: "mailboxes",
      used: 2,
    });
    expect((await operator.patch(path(fresh), { quotaBytes: used - 1 })).body).toMatchObject({
      status: 409,
      quota: "bytes",
      used,
    });
    expect((await operator.patch(path(fresh), { quotaMailboxes: 2, quotaBytes: used })).body).toMatchObject({
      quotaMailboxes: 2,
      usedMailboxes: 2,
      usedBytes: used,
    });
  });

  it("gives new boxes the structure's own default size", async () => {
    const fresh = await newTenant(harness);
    await fresh.administrator.patch(path(fresh), { settings: { defaultMailboxQuotaBytes: 5_000_000 } });
    const answer = await fresh.administrator.post(`${path(fresh)}/mailboxes`, {
      address: `accueil@${fresh.domain}`,
      type: "ORG",
    });
    expect(answer.body).toMatchObject({ quotaBytes: 5_000_000 });
  });
});
