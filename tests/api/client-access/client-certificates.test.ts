import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newClientPem } from "../../support/client-certificate.ts";
import { type Harness, openHarness } from "../../support/harness.ts";
import { newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

describe("client certificates of a structure", () => {
  let harness: Harness;
  let tenant: Tenant;
  let box: { id: string; address: string };
  beforeAll(async () => {
    harness = await openHarness();
    tenant = await newTenant(harness);
    box = await newMailbox(harness, tenant, { type: "APP" });
  });
  afterAll(async () => await harness.close());

  const path = (structureId = tenant.structureId) => `/api/v1/structures/${structureId}/client-certificates`;
  const wish = async () => ({ label: "DPI", certificate: await newClientPem(), mailboxIds: [box.id] });
  const slug = (answer: { body: { type: string } }) => answer.body.type.split("/").at(-1);

  it("are registered by their public part, and known by subject, issuer, serial and digest", async () => {
    const answer = await tenant.administrator.post(path(), await wish());
    expect([answer.status, answer.headers.get("etag")]).toEqual([201, '"1"']);
    expect(answer.body).toMatchObject({
      label: "DPI",
      status: "in_force",
      mailboxes: [{ id: box.id, address: box.address }],
      lastUsedAt: null,
    });
    expect(answer.body.subject).toContain("OU=1750000123");
    expect(answer.body.sha256).toMatch(/^[0-9a-f]{64}$/);
    const listed = await tenant.administrator.get(path());
    expect(listed.body.items).toContainEqual(answer.body);
    const [event] = await harness.database.rows(
      "select after from app.audit_events where action = 'client-certificate.create' order by id desc limit 1",
    );
    expect(event?.after).toMatchObject({ certificateId: answer.body.id, mailboxIds: [box.id] });
  });

  it.each<[string, () => Promise<Record<string, unknown>>, string]>([
    ["no certificate", () => Promise.resolve({ certificate: "azerty" }), "/certificate"],
    [
      "a private key",
      async () => ({ certificate: `${await newClientPem()}-----BEGIN PRIVATE KEY-----` }),
      "/certificate",
    ],
    [
      "two certificates",
      async () => ({ certificate: `${await newClientPem()}\n${await newClientPem()}` }),
      "/certificate",
    ],
    [
      "one for servers",
      async () => ({ certificate: await newClientPem({ purpose: "server" }) }),
      "/certificate",
    ],
    [
      "one out of date",
      async () => ({ certificate: await newClientPem({ notAfter: new Date(Date.now() - 3_600_000) }) }),
      "/certificate",
    ],
    [
      "a box of people",
      async () => ({ mailboxIds: [(await newMailbox(harness, tenant)).id] }),
      "/mailboxIds/0",
    ],
    [
      "a box of another structure",
      async () => ({
        mailboxIds: [(await newMailbox(harness, await newTenant(harness), { type: "APP" })).id],
      }),
      "/mailboxIds/0",
    ],
    ["the same box twice", () => Promise.resolve({ mailboxIds: [box.id, box.id] }), "/mailboxIds"],
  ])("are refused: %s", async (_what, change, pointer) => {
    const answer = await tenant.administrator.post(path(), { ...await wish(), ...await change() });
    expect([answer.status, answer.body.errors?.[0]?.pointer]).toEqual([422, pointer]);
  });

  it("stand once in a structure, and another that registers the same learns nothing", async () => {
    const other = await newTenant(harness);
    const body = await wish();
    await tenant.administrator.post(path(), body);
    expect(slug(await tenant.administrator.post(path(), body))).toBe("client-certificate-exists");
    const theirs = await newMailbox(harness, other, { type: "APP" });
    const answer = await other.administrator.post(path(other.structureId), {
      ...body,
      mailboxIds: [theirs.id],
    });
    expect(answer.status).toBe(201);
    expect(slug(await other.administrator.get(path()))).toBe("structure-not-found");
    expect(slug(await other.administrator.post(path(), body))).toBe("structure-not-found");
  });

  it("are changed under the version that was seen, and withdrawn for good", async () => {
    const made = (await tenant.administrator.post(path(), await wish())).body;
    const one = `${path()}/${made.id}`;
    const changed = await tenant.administrator.patch(one, { mailboxIds: [], label: "Labo" }, {
      "if-match": '"1"',
    });
    expect(changed.body).toMatchObject({ label: "Labo", mailboxes: [], version: 2 });
    expect(slug(await tenant.administrator.patch(one, { label: "x" }, { "if-match": '"1"' }))).toBe(
      "version-mismatch",
    );
    for (const _turn of [1, 2]) expect((await tenant.administrator.delete(one)).status).toBe(204);
    expect(slug(await tenant.administrator.patch(one, { label: "x" }))).toBe("client-certificate-withdrawn");
    const events = await harness.database.rows(
      "select action from app.audit_events where subject_id = $1 order by id",
      [made.id],
    );
    expect(events.map((row) => row.action)).toEqual([
      "client-certificate.create",
      "client-certificate.change",
      "client-certificate.withdraw",
    ]);
  });

  it("are the administrators' alone, and no software's", async () => {
    const of = (role: "user" | "mailbox_manager") =>
      harness.signIn({ memberships: [{ structureId: tenant.structureId, role }] });
    expect(slug(await (await of("user")).get(path()))).toBe("forbidden");
    expect((await (await of("mailbox_manager")).get(path())).status).toBe(200);
    expect(slug(await (await of("mailbox_manager")).post(path(), await wish()))).toBe("forbidden");
  });
});
