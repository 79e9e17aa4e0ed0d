import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newIdNatStruct, newMailbox, newTenant } from "../../support/tenants.ts";

const path = "/api/v1/structures";

describe("the list of structures", () => {
  let harness: Harness;
  let operator: Visitor;
  const idNatStruct = newIdNatStruct();
  const domain = `cardio-${crypto.randomUUID()}.test`;
  const names = async (query: string, by: Visitor = operator) =>
    (await by.get(`${path}?${query}`)).body.items.map((one: { name: string }) => one.name);

  beforeAll(async () => {
    harness = await openHarness();
    operator = await harness.signIn({ operatorRoles: ["operator_administrator"] });
    await operator.post(path, { idNatStruct, name: "Hôpital Saint-Éloi", domains: [domain] });
    await operator.post(path, { idNatStruct: newIdNatStruct(), name: "Cabinet 100% dentaire" });
    for (let boxes = 0; boxes < 3; boxes++) {
      const tenant = await newTenant(harness);
      for (let one = 0; one < boxes; one++) await newMailbox(harness, tenant);
    }
  });
  afterAll(async () => await harness.close());

  it.each([
    ["saint eloi", ["Hôpital Saint-Éloi"]],
    ["HÔPITAL", ["Hôpital Saint-Éloi"]],
    ["hopital", ["Hôpital Saint-Éloi"]],
    ["100%", ["Cabinet 100% dentaire"]],
    ["%", ["Cabinet 100% dentaire"]],
    ["nowhere", []],
    ["\\", []],
    ["_", []],
  ])("is searched for %j by name, without case nor accents", async (q, found) => {
    expect(await names(`q=${encodeURIComponent(q)}`)).toEqual(found);
  });

  it("is searched by identifier and by domain", async () => {
    expect(await names(`q=${idNatStruct}`)).toEqual(["Hôpital Saint-Éloi"]);
    expect(await names(`q=${domain.slice(0, 20)}`)).toEqual(["Hôpital Saint-Éloi"]);
  });

  it.each(["name", "createdAt", "usedMailboxes", "usedBytes"])(
    "is sorted by %s both ways, and paged through without losing or doubling any",
    async (field) => {
      const walk = async (sort: string) => {
        const ids: string[] = [];
        for (let next: string | null = ""; next !== null;) {
          const { body } = await operator.get(`${path}?limit=2&sort=${sort}${next}`) as {
            body: { items: { id: string }[]; nextCursor: string | null };
          };
          ids.push(...body.items.map((one) => one.id));
          next = body.nextCursor && `&cursor=${body.nextCursor}`;
        }
        return ids;
      };
      const [up, down] = [await walk(field), await walk(`-${field}`)];
      expect(new Set(up).size).toBe(up.length);
      expect(up).toHaveLength(
        Number((await harness.database.rows("select count(*) from app.structures"))[0]?.count),
      );
      expect(down).toEqual(up.toReversed());
    },
  );

  it("puts those with the most boxes first when asked", async () => {
    const { items } = (await operator.get(`${path}?sort=-usedMailboxes`)).body;
    const used = items.map((one: { usedMailboxes: number }) => one.usedMailboxes);
    expect(used[0]).toBe(2);
    expect(used).toEqual(used.toSorted((one: number, two: number) => two - one));
  });

  it("refuses a cursor of another sort, and one that was made by hand", async () => {
    const { nextCursor } = (await operator.get(`${path}?limit=1`)).body;
    const forged = (key: readonly string[]) =>
      new TextEncoder().encode(JSON.stringify(key)).toBase64({ alphabet: "base64url" });
    for (
      const query of [
        `sort=-name&cursor=${nextCursor}`,
        `sort=usedMailboxes&cursor=${forged(["usedMailboxes", "many", "x"])}`,
        `sort=usedMailboxes&cursor=${forged(["usedMailboxes", "99999999999", "x"])}`,
        `sort=createdAt&cursor=${forged(["createdAt", "2026-13-01T00:00:00.000Z", "x"])}`,
        "cursor=x",
        "sort=colour",
        "status=gone",
        "q=%00",
        "resellerId=x",
      ]
    ) {
      expect([query, (await operator.get(`${path}?${query}`)).status]).toEqual([query, 422]);
    }
  });

  it("shows who has a role his structure with what is set up, and the search none of the others", async () => {
    const tenant = await newTenant(harness);
    await newMailbox(harness, tenant);
    expect((await tenant.administrator.get(path)).body.items).toMatchObject([{
      id: tenant.structureId,
      usedMailboxes: 1,
      onboarding: { hasDomain: true, hasAdministrator: true, hasMailbox: true },
    }]);
    expect(await names("q=hopital", tenant.administrator)).toEqual([]);
  });

  it("of domains is searched, filtered and sorted too", async () => {
    const tenant = await newTenant(harness);
    const at = `${path}/${tenant.structureId}/domains`;
    for (const name of ["a", "b"]) await operator.post(at, { name: `${name}.${tenant.domain}` });
    const list = async (query: string) =>
      (await tenant.administrator.get(`${at}?${query}`)).body.items.map((one: { name: string }) => one.name);
    const all = [`a.${tenant.domain}`, `b.${tenant.domain}`, tenant.domain].sort();
    expect(await list("")).toEqual(all);
    expect(await list("sort=-name")).toEqual(all.toReversed());
    expect(await list(`q=B.${tenant.domain}`)).toEqual([`b.${tenant.domain}`]);
    expect(await list("status=suspended")).toEqual([]);
    const { nextCursor } = (await tenant.administrator.get(`${at}?limit=2&sort=-name`)).body;
    expect(await list(`sort=-name&limit=2&cursor=${nextCursor}`)).toEqual([all[0]]);
  });
});
