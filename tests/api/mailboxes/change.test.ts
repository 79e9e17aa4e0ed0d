import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { closeAtOnce, newIdNatPs, newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

describe("changing a mailbox, its aliases, and proposing an address", () => {
  let harness: Harness;
  let tenant: Tenant;
  let other: Tenant;
  const slug = (answer: { body: { type: string } }) => answer.body.type.split("/").at(-1);
  const patch = async (visitor: Visitor, id: string, body: unknown, headers = {}) => {
    const answer = await visitor.send(`/api/v1/mailboxes/${id}`, {
      method: "PATCH",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", ...headers },
    });
    return { status: answer.status, headers: answer.headers, body: await answer.json() };
  };
  const aliases = (id: string, address?: string) =>
    `/api/v1/mailboxes/${id}/aliases${address === undefined ? "" : `/${encodeURIComponent(address)}`}`;
  const trail = (id: string, action: string) =>
    harness.database.rows("select 1 from app.audit_events where subject_id = $1 and action = $2", [
      id,
      action,
    ]);

  beforeAll(async () => {
    harness = await openHarness();
    [tenant, other] = [await newTenant(harness), await newTenant(harness)];
  });
  afterAll(async () => await harness.close());

  it("writes what it says of itself as a new version, once", async () => {
    const box = await newMailbox(harness, tenant);
    const change = {
      displayName: "Accueil",
      description: "Rez-de-chaussée",
      service: "Standard",
      responsible: "Mme Test",
      redList: true,
      preferredRank: 1,
      phone: "+33 1 23 45 67 89",
      dematerialisation: true,
      quotaBytes: 2_097_152,
    };
    const answer = await patch(tenant.administrator, box.id, change, { "if-match": '"1"' });
    expect(answer.body).toMatchObject({ ...change, version: 2, provisioning: { status: "pending" } });
    expect(answer.headers.get("etag")).toBe('"2"');
    expect((await patch(tenant.administrator, box.id, change)).body.version).toBe(2);
    expect(await trail(box.id, "mailbox.change")).toHaveLength(1);
    expect((await patch(tenant.administrator, box.id, { preferredRank: null })).body.preferredRank)
      .toBeNull();
  });

  it("names each field that is wrong", async () => {
    const box = await newMailbox(harness, tenant);
    for (
      const [body, pointer] of [
        [{}, ""],
        [{ displayName: "x".repeat(129) }, "/displayName"],
        [{ displayName: "a\nb" }, "/displayName"],
        [{ description: "x".repeat(76) }, "/description"],
        [{ quotaBytes: 1 }, "/quotaBytes"],
        [{ preferredRank: 0 }, "/preferredRank"],
        [{ phone: "appelez-moi" }, "/phone"],
        [{ address: `x@${tenant.domain}` }, "/address"],
      ] as const
    ) {
      const answer = await patch(tenant.administrator, box.id, body);
      expect([pointer, answer.status, answer.body.errors?.[0]?.pointer]).toEqual([pointer, 422, pointer]);
    }
    const personal = await newMailbox(harness, tenant, { type: "PER" });
    expect((await patch(tenant.administrator, personal.id, { responsible: "X" })).body.errors).toMatchObject([
      { pointer: "/responsible" },
    ]);
  });

  it("is refused to who may not, who saw another version, over the structure's quota, and on a closed box", async () => {
    const box = await newMailbox(harness, tenant);
    const change = { displayName: "Autre" };
    const support = await harness.signIn({ operatorRoles: ["operator_support"] });
    expect(slug(await patch(support, box.id, change))).toBe("forbidden");
    expect(slug(await patch(other.administrator, box.id, change))).toBe("mailbox-not-found");
    expect(slug(await patch(tenant.administrator, box.id, change, { "if-match": '"7"' }))).toBe(
      "version-mismatch",
    );
    const [{ used } = { used: 0 }] = await harness.database.rows(
      "select used_bytes::float8 as used from app.structures where id = $1",
      [tenant.structureId],
    );
    await harness.database.rows("update app.structures set quota_bytes = used_bytes where id = $1", [
      tenant.structureId,
    ]);
    const over = await patch(tenant.administrator, box.id, { quotaBytes: box.quota_bytes + 1 });
    expect([slug(over), over.body.limit]).toEqual(["quota-bytes-exceeded", used]);
    expect((await patch(tenant.administrator, box.id, { quotaBytes: box.quota_bytes - 1 })).status).toBe(200);
    await harness.database.rows("update app.structures set quota_bytes = null where id = $1", [
      tenant.structureId,
    ]);
    await closeAtOnce(harness, box.id);
    expect(slug(await patch(tenant.administrator, box.id, change))).toBe("mailbox-closed");
  });

  it("two administrators at once: one wins, the other is told", async () => {
    const box = await newMailbox(harness, tenant);
    const answers = await Promise.all(
      ["Un", "Deux"].map((displayName) =>
        patch(tenant.administrator, box.id, { displayName }, { "if-match": '"1"' })
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
  });

  it("gives an alias, which receives at once, and closes it for good", async () => {
    const box = await newMailbox(harness, tenant);
    const address = `a${crypto.randomUUID()}@${tenant.domain}`;
    const isAdmitted = async () =>
      (await harness.database.rows("select name from mail_directory.recipient where address = $1", [
        address,
      ]))[0]?.name;
    const answer = await tenant.administrator.post(aliases(box.id), { address: address.toUpperCase() });
    expect([answer.status, answer.body.aliases, answer.body.version]).toEqual([201, [address], 2]);
    expect(await isAdmitted()).toBe(box.address);
    expect((await tenant.administrator.post(aliases(box.id), { address })).body.version).toBe(2);
    expect(await trail(box.id, "mailbox-alias.add")).toHaveLength(1);
    expect((await tenant.administrator.delete(aliases(box.id, address))).status).toBe(204);
    expect(await isAdmitted()).toBeUndefined();
    expect((await tenant.administrator.get(`/api/v1/mailboxes/${box.id}`)).body).toMatchObject({
      aliases: [],
      version: 3,
    });
    expect(slug(await tenant.administrator.delete(aliases(box.id, address)))).toBe("alias-not-found");
    expect(slug(await tenant.administrator.post(aliases(box.id), { address }))).toBe("mailbox-address-taken");
    expect(slug(await tenant.administrator.delete(aliases(box.id, box.address)))).toBe("alias-not-found");
  });

  it("refuses an alias in another's domain, one that only looks like a colleague's, and the fifty-first", async () => {
    const box = await newMailbox(harness, tenant);
    expect(slug(await tenant.administrator.post(aliases(box.id), { address: `x@${other.domain}` }))).toBe(
      "mailbox-domain-foreign",
    );
    const cyrillic = await tenant.administrator.post(aliases(box.id), { address: `аnne@${tenant.domain}` });
    expect(cyrillic.body.errors).toMatchObject([{
      pointer: "/address",
      detail: expect.stringMatching(/Cyrillic/),
    }]);
    await harness.database.rows(
      `insert into app.addresses (address, structure_id, mailbox_id, kind)
       select 'n' || n || '-${box.id}@${tenant.domain}', $1, $2, 'alias' from generate_series(1, 50) n`,
      [tenant.structureId, box.id],
    );
    const full = await tenant.administrator.post(aliases(box.id), {
      address: `y${crypto.randomUUID()}@${tenant.domain}`,
    });
    expect([slug(full), full.body.limit]).toEqual(["alias-limit-reached", 50]);
  });

  it("proposes prenom.nom, and a number for homonyms, also those that are gone", async () => {
    const suggest = async (
      givenName: string,
      familyName: string,
      visitor = tenant.administrator,
      domainId = tenant.domainId,
    ) =>
      await visitor.get(
        `/api/v1/address-suggestions?${new URLSearchParams({ domainId, givenName, familyName })}`,
      );
    const at = (local: string) => `${local}@${tenant.domain}`;
    expect((await suggest("Zoé", "D’Ormesson-Le Goff")).body).toEqual({
      addresses: [at("zoe.dormesson-legoff"), at("zoe.dormesson-legoff2"), at("zoe.dormesson-legoff3")],
      isHomonym: false,
    });
    const { id } = await newMailbox(harness, tenant, {
      type: "PER",
      localPart: "lea.martin",
      holderIdNatPs: newIdNatPs(),
    });
    await newMailbox(harness, tenant, { localPart: "lea.martin3" });
    await closeAtOnce(harness, id);
    expect((await suggest("Léa", "MARTIN")).body).toEqual({
      addresses: [at("lea.martin2"), at("lea.martin4"), at("lea.martin5")],
      isHomonym: true,
    });
    expect((await suggest("Аnne", "Martin")).body.errors).toMatchObject([{
      pointer: "/query/givenName",
      detail: expect.stringMatching(/Cyrillic/),
    }]);
    expect((await suggest("-", "…")).body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
      "/query/givenName",
      "/query/familyName",
    ]);
    expect(slug(await suggest("A", "B", other.administrator))).toBe("domain-not-found");
    expect(slug(await suggest("A", "B", tenant.administrator, crypto.randomUUID()))).toBe("domain-not-found");
    const support = await harness.signIn({ operatorRoles: ["operator_support"] });
    expect(slug(await suggest("A", "B", support))).toBe("forbidden");
  });
});
