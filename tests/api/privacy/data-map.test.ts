/** The data map is the register of processing: it must name every column that stands in the database, once. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Category, dataMap, notPersonal, printRegister } from "../../../api/privacy/mod.ts";
import { readPersonData } from "../../../api/privacy/export-queries.ts";
import { inSystem } from "../../../api/database/in-tenant.ts";
import { type Harness, openHarness } from "../../support/harness.ts";

describe("the data map", () => {
  let harness: Harness;
  beforeAll(async () => void (harness = await openHarness()));
  afterAll(async () => await harness.close());

  const named = () => [
    ...Object.values(dataMap).flatMap((one: Category) => [...one.columns]),
    ...notPersonal,
  ];

  it("names every table of the database, and none that is not there", async () => {
    const rows = await harness.database.rows(
      "select table_name || '.*' as name from information_schema.tables where table_schema = 'app' order by 1",
    );
    const tables = rows.map((row) => (row as { name: string }).name);
    expect([...named()].sort()).toEqual(tables.sort());
  });

  it("files each table under one category", () => {
    expect(new Set(named()).size).toBe(named().length);
  });

  it("has a part in the archive of a person for each category that is about him", async () => {
    const { personId } = await harness.signIn();
    const data = await inSystem(harness.system, (tx) => readPersonData(tx, personId));
    // Imports and campaigns speak of boxes; the person's own box is in `courrier`.
    const aboutBoxes = ["gestion-en-nombre"];
    expect(Object.keys(data).sort()).toEqual(
      Object.keys(dataMap).filter((name) => !aboutBoxes.includes(name)).sort(),
    );
    expect(data["identite"]).toHaveLength(1);
    expect(data["sessions"]).toHaveLength(1);
  });

  it("is the register that stands in docs: print it again after a change (deno task register)", async () => {
    const file = new URL("../../../docs/registre-des-traitements.md", import.meta.url);
    expect(await Deno.readTextFile(file)).toBe(printRegister().trimEnd() + "\n");
  });

  it("is told to an administrator of a structure, and to nobody without a role", async () => {
    const nobody = await harness.signIn();
    expect((await nobody.get("/api/v1/privacy/register")).status).toBe(403);
    const auditor = await harness.signIn({ operatorRoles: ["auditor"] });
    const { items } = (await auditor.get("/api/v1/privacy/register")).body;
    expect(items.map((one: { name: string }) => one.name)).toEqual(Object.keys(dataMap));
  });
});
