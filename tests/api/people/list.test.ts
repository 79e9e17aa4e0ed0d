import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newIdNatPs, newMailbox, newMember, newTenant, type Tenant } from "../../support/tenants.ts";

describe("people of a structure", () => {
  let harness: Harness;
  let tenant: Tenant;
  let other: Tenant;
  let operator: Visitor;
  const elisee = { idNatPs: newIdNatPs(), familyName: "D’ARC-ŒUVRÉ", givenName: "Élisée" };
  const path = (query = "", one: Tenant = tenant) => `/api/v1/structures/${one.structureId}/people${query}`;
  const namesOf = async (query: string) => {
    const answer = await tenant.administrator.get(path(query));
    expect(answer.status, answer.text).toBe(200);
    return answer.body.items.map((one: { familyName: string }) => one.familyName);
  };

  beforeAll(async () => {
    harness = await openHarness();
    [tenant, other] = [await newTenant(harness), await newTenant(harness)];
    operator = await harness.signIn({ operatorRoles: ["operator_support"], familyName: "SOUTIEN" });
    for (const person of [elisee, { idNatPs: newIdNatPs(), familyName: "BERNARD", givenName: "Bruno" }]) {
      await tenant.administrator.post(`/api/v1/structures/${tenant.structureId}/memberships`, {
        ...person,
        role: "user",
      });
    }
    await newMailbox(harness, tenant, {
      type: "PER",
      localPart: "elisee.darc",
      holderIdNatPs: elisee.idNatPs,
    });
    const box = await newMailbox(harness, tenant, { localPart: "accueil" });
    await newMember(harness, box.id); // Noa TEST
  });
  afterAll(async () => await harness.close());

  it.each([
    ["a name without its accents", "elisee"],
    ["a name in capitals", "ÉLISÉE"],
    ["a ligature written out, behind a hyphen", "arc oeuvre"],
    ["the words in any order", "oeuvre elisee"],
    ["a hyphen and an apostrophe", "d'arc-œuvré"],
    ["the address", "elisee.darc@"],
    ["the RPPS", elisee.idNatPs.slice(1)],
    ["a part of the identity", elisee.idNatPs],
  ])("are found by %s", async (_name, q) => {
    expect(await namesOf(`?q=${encodeURIComponent(q)}`)).toEqual([elisee.familyName]);
  });

  it("are found by signs as they are, not as patterns", async () => {
    for (const q of ["%", "_", "\\", "' or 1=1"]) {
      expect(await namesOf(`?q=${encodeURIComponent(q)}`)).toEqual([]);
    }
  });

  it("show who they are, their roles here and their boxes here", async () => {
    await harness.signIn({
      idNatPs: newIdNatPs(),
      memberships: [{ structureId: other.structureId, role: "user" }],
    });
    const { body } = await tenant.administrator.get(path("?q=elisee"));
    expect(body.items).toMatchObject([{
      idNatPs: elisee.idNatPs,
      rpps: elisee.idNatPs.slice(1),
      givenName: "Élisée",
      status: "invited",
      lastSignedInAt: null,
      roles: [{ structureId: tenant.structureId, role: "user" }],
      mailboxes: [{ address: `elisee.darc@${tenant.domain}` }],
      invitation: null,
      departure: null,
    }]);
    const one = await tenant.administrator.get(path(`/${body.items[0].id}`));
    expect(one.body).toEqual(body.items[0]);
    const box = await tenant.administrator.get(path("?q=accueil"));
    expect(box.body.items).toMatchObject([{ givenName: "Noa", roles: [{ role: "user" }] }]);
  });

  it("are sorted, filtered and paged", async () => {
    expect(await namesOf("")).toEqual(["BERNARD", elisee.familyName, "TEST", "TEST"]);
    expect(await namesOf("?sort=-name&q=e&status=invited")).toEqual(["TEST", elisee.familyName, "BERNARD"]);
    expect(await namesOf("?role=user")).toEqual(["BERNARD", elisee.familyName, "TEST"]);
    expect(await namesOf("?role=structure_administrator&status=active")).toEqual(["TEST"]);
    expect(await namesOf("?status=departed")).toEqual([]);
    for (const sort of ["name", "-name", "lastSignedInAt", "-lastSignedInAt", "createdAt", "-createdAt"]) {
      const seen: string[] = [];
      let cursor = "";
      do {
        const { body } = await tenant.administrator.get(path(`?sort=${sort}&limit=1${cursor}`));
        seen.push(...body.items.map((one: { id: string }) => one.id));
        cursor = body.nextCursor === null ? "" : `&cursor=${body.nextCursor}`;
      } while (cursor !== "" && seen.length < 10);
      expect([sort, new Set(seen).size, seen.length]).toEqual([sort, 4, 4]);
    }
  });

  it("are no longer shown when nothing is left between them and the structure", async () => {
    const fresh = await newTenant(harness);
    const box = await newMailbox(harness, fresh);
    const member = await newMember(harness, box.id);
    const shown = async () => (await fresh.administrator.get(path(`/${member.person_id}`, fresh))).status;
    expect(await shown()).toBe(200);
    await fresh.administrator.delete(`/api/v1/mailboxes/${box.id}/members/${member.person_id}`);
    expect(await shown()).toBe(200); // Still a user of the structure.
    await fresh.administrator.delete(
      `/api/v1/structures/${fresh.structureId}/memberships/${member.person_id}/user`,
    );
    expect(await shown()).toBe(404);
  });

  it("follow what is known of the person: names, state, last sign-in", async () => {
    const fresh = await newTenant(harness);
    const [one, two] = [
      await harness.signIn({ memberships: [{ structureId: fresh.structureId, role: "user" }] }),
      await harness.signIn({ memberships: [{ structureId: fresh.structureId, role: "user" }] }),
    ];
    await harness.database.rows(
      "update app.people set family_name = 'ÉLAN', last_signed_in_at = '2026-11-20' where id = $1",
      [one.personId],
    );
    await harness.database.rows(
      "update app.people set status = 'suspended', last_signed_in_at = '2026-11-21' where id = $1",
      [two.personId],
    );
    const ids = async (query: string) =>
      (await fresh.administrator.get(path(query, fresh))).body.items.map((item: { id: string }) => item.id);
    expect(await ids("?q=elan")).toEqual([one.personId]);
    expect(await ids("?status=suspended")).toEqual([two.personId]);
    expect(await ids("?status=active&role=user")).toEqual([one.personId]);
    const sorted = await ids("?sort=-lastSignedInAt");
    expect(sorted.slice(0, 2)).toEqual([two.personId, one.personId]);
  });

  it("are hidden from the neighbour, and from who has no more than a box", async () => {
    expect((await other.administrator.get(path())).body.type).toMatch(/structure-not-found$/);
    const { body } = await tenant.administrator.get(path("?q=elisee"));
    const foreign = await other.administrator.get(path(`/${body.items[0].id}`, other));
    expect(foreign.body.type).toMatch(/person-not-found$/);
    const user = await harness.signIn({ memberships: [{ structureId: other.structureId, role: "user" }] });
    expect((await user.get(path("", other))).body).toMatchObject({ status: 403, action: "person.read" });
    expect((await user.get("/api/v1/people")).status).toBe(403);
    expect((await tenant.administrator.get("/api/v1/people")).status).toBe(403);
  });

  it("refuse a cursor of another list and a sort that there is not", async () => {
    for (const key of [["a"], ["a", "b"], ["a", "b", "c"]]) {
      const cursor = new TextEncoder().encode(JSON.stringify(key)).toBase64({ alphabet: "base64url" });
      const { body } = await tenant.administrator.get(path(`?cursor=${encodeURIComponent(cursor)}`));
      expect(body.errors).toMatchObject([{ pointer: "/query/cursor" }]);
    }
    expect((await tenant.administrator.get(path("?sort=secret"))).body.errors).toMatchObject([
      { pointer: "/query/sort" },
    ]);
    expect((await tenant.administrator.get(path("?q=%00"))).status).toBe(422);
  });

  it("are all the operator's to find, with their roles everywhere", async () => {
    const { body } = await operator.get(`/api/v1/people?q=${encodeURIComponent(`darc@${tenant.domain}`)}`);
    expect(body.items).toMatchObject([{
      idNatPs: elisee.idNatPs,
      mailboxes: [{ address: `elisee.darc@${tenant.domain}` }],
    }]);
    const staff = await operator.get("/api/v1/people?q=soutien");
    expect(staff.body.items).toMatchObject([{ roles: [{ structureId: null, role: "operator_support" }] }]);
  });
});
