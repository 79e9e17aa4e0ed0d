import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { touchLastAuthenticated } from "../../../api/mailboxes/mod.ts";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

describe("the list of mailboxes", () => {
  let harness: Harness;
  let tenant: Tenant;
  let other: Tenant;
  let operator: Visitor;
  const names = ["Zoé Lemaître", "anne allard", "Accueil 100 %", "Cœur & poumons", ""];

  beforeAll(async () => {
    harness = await openHarness();
    [tenant, other] = [await newTenant(harness), await newTenant(harness)];
    operator = await harness.signIn({ operatorRoles: ["operator_support"] });
    for (const [index, name] of names.entries()) {
      harness.clock.pass(1);
      const { id } = await newMailbox(harness, tenant, {
        localPart: `box-${9 - index}`,
        type: index === 0 ? "APP" : "ORG",
      });
      const answer = await tenant.administrator.send(`/api/v1/mailboxes/${id}`, {
        method: "PATCH",
        body: JSON.stringify({
          displayName: name,
          service: index === 2 ? "Standard_1" : "",
          quotaBytes: (index + 1) * 1_048_576,
        }),
        headers: { "content-type": "application/json" },
      });
      expect(answer.status).toBe(200);
      if (index === 1) await touchLastAuthenticated(harness.deps, id, harness.clock.now());
    }
    await newMailbox(harness, other, { localPart: "voisin" });
  });
  afterAll(async () => await harness.close());

  const list = async (
    query: string,
    visitor = tenant.administrator,
    path = `/api/v1/structures/${tenant.structureId}/mailboxes`,
  ) => {
    const { body } = await visitor.get(`${path}?${query}`);
    return body;
  };
  const localParts = (body: { items: { address: string }[] }) =>
    body.items.map(({ address }) => address.split("@")[0]);

  it.each([
    ["lemaitre", ["box-9"]],
    ["LEMAÎTRE zoe", ["box-9"]],
    ["box-8", ["box-8"]],
    ["100 %", ["box-7"]],
    ["standard_", ["box-7"]],
    ["_", ["box-7"]],
    ["cœur", ["box-6"]],
    ["zoe allard", []],
    ["voisin", []],
  ])("finds %j by words, whatever their accents and capitals", async (q, found) => {
    expect(localParts(await list(new URLSearchParams({ q }).toString()))).toEqual(found);
  });

  it("is ordered both ways by each field, in pages that leave none out and none twice", async () => {
    for (
      const sort of [
        "address",
        "displayName",
        "type",
        "status",
        "quotaBytes",
        "createdAt",
        "updatedAt",
        "lastAuthenticatedAt",
      ]
    ) {
      const whole = localParts(await list(`sort=${sort}`));
      expect([sort, whole.toSorted()]).toEqual([sort, ["box-5", "box-6", "box-7", "box-8", "box-9"]]);
      expect([sort, localParts(await list(`sort=-${sort}`))]).toEqual([sort, whole.toReversed()]);
      const paged: unknown[] = [];
      for (let cursor = "";;) {
        const body = await list(`sort=${sort}&limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`);
        paged.push(...localParts(body));
        if (body.nextCursor === null) break;
        cursor = body.nextCursor;
      }
      expect([sort, paged]).toEqual([sort, whole]);
    }
    expect(localParts(await list("sort=createdAt"))).toEqual(["box-9", "box-8", "box-7", "box-6", "box-5"]);
    expect(localParts(await list("sort=-lastAuthenticatedAt&limit=1"))).toEqual(["box-8"]);
    expect(localParts(await list("sort=displayName"))).toEqual(["box-5", "box-7", "box-8", "box-6", "box-9"]);
  });

  it("is narrowed by type, state, provisioning, domain and how long nobody has opened a box", async () => {
    expect(localParts(await list("type=APP"))).toEqual(["box-9"]);
    expect(localParts(await list("status=suspended"))).toEqual([]);
    expect(localParts(await list("provisioning=pending"))).toHaveLength(5);
    expect(localParts(await list(`domainId=${tenant.domainId}`))).toHaveLength(5);
    expect(localParts(await list(`domainId=${other.domainId}`))).toEqual([]);
    const now = encodeURIComponent(new Date(harness.clock.now().getTime() + 1000).toISOString());
    expect(localParts(await list(`inactiveSince=${now}`))).toHaveLength(5);
    const before = encodeURIComponent(new Date(harness.clock.now().getTime() - 3_600_000).toISOString());
    expect(localParts(await list(`inactiveSince=${before}`))).toEqual([]);
  });

  it("refuses an order that there is not, and a cursor of another order", async () => {
    expect((await list("sort=password")).errors).toMatchObject([{ pointer: "/query/sort" }]);
    const { nextCursor } = await list("sort=address&limit=1");
    expect((await list(`sort=createdAt&cursor=${nextCursor}`)).errors).toMatchObject([{
      pointer: "/query/cursor",
    }]);
    const bad = btoa(JSON.stringify(["9999-99-99 00:00:00+00", crypto.randomUUID()])).replaceAll("=", "");
    expect((await list(`sort=createdAt&cursor=${bad}`)).errors).toMatchObject([{ pointer: "/query/cursor" }]);
  });

  it("shows the operator every structure's boxes, and nobody else", async () => {
    expect(localParts(await list(`q=voisin`, operator, "/api/v1/mailboxes"))).toEqual(["voisin"]);
    expect(localParts(await list(`q=lemaitre`, operator, "/api/v1/mailboxes"))).toEqual(["box-9"]);
    expect((await tenant.administrator.get("/api/v1/mailboxes")).body.type).toMatch(/forbidden$/);
  });

  it("notes an opening to the hour: the second within it writes nothing", async () => {
    const { id } = await newMailbox(harness, other, { localPart: `x${crypto.randomUUID()}` });
    const read = async () =>
      (await other.administrator.get(`/api/v1/mailboxes/${id}`)).body.lastAuthenticatedAt;
    const first = harness.clock.now();
    await touchLastAuthenticated(harness.deps, id, first);
    await touchLastAuthenticated(harness.deps, id, new Date(first.getTime() + 1_800_000));
    expect(await read()).toBe(first.toISOString());
    const later = new Date(first.getTime() + 3_700_000);
    await touchLastAuthenticated(harness.deps, id, later);
    expect(await read()).toBe(later.toISOString());
  });
});
