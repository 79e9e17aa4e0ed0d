import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness } from "../../support/harness.ts";
import { newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

describe("reading mailboxes", () => {
  let harness: Harness;
  let tenant: Tenant;
  let other: Tenant;

  beforeAll(async () => {
    harness = await openHarness();
    [tenant, other] = [await newTenant(harness), await newTenant(harness)];
    for (const name of ["d", "a", "c", "e", "b"]) await newMailbox(harness, tenant, { localPart: name });
    await newMailbox(harness, tenant, { localPart: "p", type: "PER" });
    await newMailbox(harness, other, { localPart: "foreign" });
  });
  afterAll(async () => await harness.close());

  const localParts = (items: { address: string }[]) => items.map((one) => one.address.split("@")[0]);

  it("pages through all boxes of the structure and no other, each once, in order", async () => {
    const seen: (string | undefined)[] = [];
    let path: string | null = `/api/v1/structures/${tenant.structureId}/mailboxes?limit=2`;
    while (path !== null) {
      const { body }: { body: { items: { address: string }[]; nextCursor: string | null } } = await tenant
        .administrator.get(path);
      expect(body.items.length).toBeLessThanOrEqual(2);
      seen.push(...localParts(body.items));
      path = body.nextCursor &&
        `/api/v1/structures/${tenant.structureId}/mailboxes?limit=2&cursor=${body.nextCursor}`;
    }
    expect(seen).toEqual(["a", "b", "c", "d", "e", "p"]);
  });

  it("filters by type and status", async () => {
    const path = `/api/v1/structures/${tenant.structureId}/mailboxes`;
    expect(localParts((await tenant.administrator.get(`${path}?type=PER`)).body.items)).toEqual(["p"]);
    expect((await tenant.administrator.get(`${path}?status=suspended`)).body.items).toEqual([]);
    expect((await tenant.administrator.get(`${path}?type=PERS`)).body.errors).toMatchObject([{
      pointer: "/query/type",
    }]);
  });

  it.each([
    "limit=0",
    "limit=201",
    "limit=x",
    "cursor=%00",
    "cursor=e30",
    "cursor=WzFd",
    "cursor=WyJcdTAwMDAiXQ",
  ])(
    "refuses ?%s by its name",
    async (query) => {
      const answer = await tenant.administrator.get(
        `/api/v1/structures/${tenant.structureId}/mailboxes?${query}`,
      );
      expect([answer.status, answer.body.errors[0].pointer]).toEqual([422, `/query/${query.split("=")[0]}`]);
    },
  );

  it("never shows a secret", async () => {
    const fresh = await newTenant(harness);
    const box = await newMailbox(harness, fresh);
    await harness.database.rows(
      "update app.mailboxes set client_secret_hash = '{SSHA512}abc' where id = $1",
      [box.id],
    );
    const answer = await fresh.administrator.get(`/api/v1/mailboxes/${box.id}`);
    expect(answer.text).not.toContain("SSHA512");
  });

  it("is refused to a plain user of the structure", async () => {
    const user = await harness.signIn({ memberships: [{ structureId: tenant.structureId, role: "user" }] });
    expect((await user.get(`/api/v1/structures/${tenant.structureId}/mailboxes`)).body.type).toMatch(
      /forbidden$/,
    );
  });
});
