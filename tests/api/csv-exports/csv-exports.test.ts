import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCsv } from "../../../api/http/csv.ts";
import { newImport } from "../../support/batches.ts";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

describe("a list as CSV", () => {
  let harness: Harness;
  let tenant: Tenant;
  let admin: Visitor;

  beforeAll(async () => {
    harness = await openHarness();
    tenant = await newTenant(harness);
    admin = tenant.administrator;
  });
  afterAll(async () => await harness.close());

  const path = (list: string) => `/api/v1/structures/${tenant.structureId}/${list}/export`;
  const exported = async (visitor: Visitor, address: string) => {
    const answer = await visitor.get(address);
    expect(answer.status, answer.text).toBe(200);
    const read = readCsv(new TextEncoder().encode(answer.text));
    if (!read.ok) throw new Error(read.reason);
    return { answer, header: read.header, rows: read.rows.map((row) => row.cells) };
  };

  it("holds every row, however many pages the list has, by the list's own filters", async () => {
    const other = await newTenant(harness);
    const rows = Array.from(
      { length: 620 },
      (_, place) => `p${place}@${other.domain};${place % 2 ? "ORG" : "APP"}`,
    );
    const id = await newImport(harness, other, ["adresse;type", ...rows].join("\n"));
    const lines = await exported(other.administrator, `/api/v1/batches/${id}/lines/export`);
    expect(lines.rows.length).toBe(620);
    await harness.database.rows(
      `with box as (insert into app.mailboxes (structure_id, domain_id, address, type, quota_bytes)
         select $1, $2, 'x' || n || '@' || $3::text, 'ORG', 104857600 from generate_series(1, 1100) n returning *)
       insert into app.addresses (address, structure_id, mailbox_id, kind) select address, structure_id, id, 'main' from box`,
      [other.structureId, other.domainId, other.domain],
    );
    const list = `/api/v1/structures/${other.structureId}/mailboxes/export`;
    const { rows: boxes, answer } = await exported(other.administrator, `${list}?sort=-address`);
    expect(new Set(boxes.map(([address]) => address)).size).toBe(1100);
    expect(boxes.map(([address]) => address)).toEqual(boxes.map(([address]) => address).sort().reverse());
    expect(answer.headers.get("content-disposition")).toMatch(
      /^attachment; filename="boites-\d{4}-\d\d-\d\d\.csv"$/,
    );
    expect((await exported(other.administrator, `${list}?type=APP`)).rows).toEqual([]);
  });

  it("of mailboxes can be sent back as an import, and changes nothing", async () => {
    await newMailbox(harness, tenant, { type: "PER" });
    const box = await newMailbox(harness, tenant, { localPart: "formule" });
    await harness.database.rows(
      "update app.mailboxes set display_name = '=cmd|''/c calc''!A1', service = '-1', description = '+33' where id = $1",
      [box.id],
    );
    const { answer } = await exported(admin, path("mailboxes"));
    expect(answer.text).toContain("'=cmd|");
    expect(answer.text).not.toMatch(/;=cmd/);
    const id = await newImport(harness, tenant, answer.text);
    expect((await admin.get(`/api/v1/batches/${id}`)).body).toMatchObject({
      lineCount: 2,
      counts: { unchanged: 2, change: 0, error: 0 },
    });
  });

  it("stands under every list", async () => {
    expect((await exported(admin, path("people"))).rows.map(([name]) => name)).toContain("TEST");
    const roles = (await exported(admin, path("memberships"))).rows.map((cells) => cells[3]);
    expect(roles).toContain("structure_administrator");
    expect((await exported(admin, path("domains"))).rows[0]?.slice(0, 2)).toEqual([tenant.domain, "active"]);
    const operator = await harness.signIn({ operatorRoles: ["operator_support"] });
    const structures = await exported(operator, "/api/v1/structures/export?sort=-createdAt");
    expect(structures.rows.some(([, name]) => name?.startsWith("Structure "))).toBe(true);
    const { address } = await newMailbox(harness, await newTenant(harness));
    const all = await exported(operator, `/api/v1/mailboxes/export?q=${address.split("@")[0]}`);
    expect(all.rows.map((cells) => cells[0])).toEqual([address]);
  });

  it("is for who may see the list: a problem and no half file for everybody else", async () => {
    const stranger = (await newTenant(harness)).administrator;
    const user = await harness.signIn({ memberships: [{ structureId: tenant.structureId, role: "user" }] });
    const slug = async (visitor: Visitor, address: string) =>
      (await visitor.get(address)).body.type.split("/").pop();
    for (const list of ["mailboxes", "people", "memberships", "domains"]) {
      expect([list, await slug(stranger, path(list))]).toEqual([list, "structure-not-found"]);
      expect([list, await slug(user, path(list))]).toEqual([list, "forbidden"]);
    }
    expect(await slug(admin, "/api/v1/structures/export")).toBe("forbidden");
    expect(await slug(admin, "/api/v1/mailboxes/export")).toBe("forbidden");
  });
});
