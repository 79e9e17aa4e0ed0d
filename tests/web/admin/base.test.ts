/** What the console's frame, lists and forms rest on, without a browser. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseStructureIdentifier } from "../../../api/tenancy/structure-identifier.ts";
import { Once } from "../../../web/src/lib/admin/client/client.ts";
import { Edit } from "../../../web/src/lib/admin/form/edit.svelte.ts";
import { matching } from "../../../web/src/lib/admin/palette/commands.svelte.ts";
import { toIdNatStruct } from "../../../web/src/lib/admin/structures/identifier.ts";
import { nextSort, queryOf, searchWith } from "../../../web/src/lib/admin/table/table.ts";
import { parseCount } from "../../../web/src/lib/admin/ui/bytes.ts";

describe("lists", () => {
  const filters = [{ id: "status", label: () => "", options: [{ value: "active", label: () => "" }] }];
  const columns = [{ id: "name", label: () => "", text: () => "", sort: "name" }];

  test("a URL says the search, the filters and the sort; what the list does not know is left out", () => {
    expect(queryOf("?q=anne&status=active&sort=-name&tab=2", filters, columns)).toEqual({
      q: "anne",
      sort: "-name",
      filters: { status: "active" },
    });
    expect(queryOf("?status=stolen&sort=secret", filters, columns)).toEqual({ q: "", sort: "", filters: {} });
  });

  test("what a change leaves empty goes out of the URL, what is not the list's stays", () => {
    expect(searchWith("?tab=2&q=anne", { q: "", sort: "name" })).toBe("?tab=2&sort=name");
    expect(searchWith("?q=anne", { q: "" })).toBe("");
  });

  test("a column sorts upwards, downwards, then not at all", () => {
    expect(["", "name", "-name"].map((sort) => nextSort(sort, "name"))).toEqual(["name", "-name", ""]);
  });
});

describe("two people at one thing", () => {
  test("what was typed stays, what was not touched is taken over, and what both changed is disputed", () => {
    const edit = new Edit({ name: "Alpha", phone: "01", email: "a@b.test" });
    edit.draft = { ...edit.draft, name: "Alpha santé", email: "c@d.test" };
    edit.meet({ name: "Alpha groupe", phone: "02", email: "a@b.test" });
    expect(edit.draft).toEqual({ name: "Alpha santé", phone: "02", email: "c@d.test" });
    expect(edit.clashes).toEqual([
      { field: "name", theirs: "Alpha groupe", isDisputed: true },
      { field: "phone", theirs: "02", isDisputed: false },
    ]);
    expect(edit.changed).toEqual(["name", "email"]);
    edit.yield("name");
    expect(edit.draft.name).toBe("Alpha groupe");
    expect(edit.changed).toEqual(["email"]);
  });

  test("one wish has one key until it says something else", () => {
    const once = new Once();
    const first = once.headers({ name: "Alpha" })["idempotency-key"];
    expect(once.headers({ name: "Alpha" })["idempotency-key"]).toBe(first);
    expect(once.headers({ name: "Beta" })["idempotency-key"]).not.toBe(first);
  });
});

describe("what people type", () => {
  test("a FINESS or a SIRET, however written, becomes what the API takes, and nothing else does", () => {
    expect(toIdNatStruct("310 012 345")).toBe("1310012345");
    expect(toIdNatStruct("2a0000123")).toBe("12A0000123");
    expect(toIdNatStruct("123 456 789 00011")).toBe("312345678900011");
    expect(toIdNatStruct("312345678900011")).toBe("312345678900011");
    fc.assert(fc.property(fc.string(), (typed) => {
      const read = toIdNatStruct(typed);
      return read === undefined || parseStructureIdentifier(read).ok;
    }));
  });

  test("a number may hold spaces; nothing is no limit, and words are none", () => {
    expect(["1 400", "", "dix", "-1", "1,5"].map(parseCount)).toEqual([
      1400,
      null,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("Ctrl+K finds a command by the beginnings of its words, accents aside", () => {
    const command = (label: string) => ({
      id: label,
      label,
      group: "",
      icon: "next" as const,
      run: () => {},
    });
    const commands = ["Réglages", "Journal d'audit", "Ouvrir une boîte"].map(command);
    const found = (text: string) => matching(commands, text).map(({ label }) => label);
    expect(found("regl")).toEqual(["Réglages"]);
    expect(found("boite ouv")).toEqual(["Ouvrir une boîte"]);
    expect(found("zz")).toEqual([]);
    expect(found("")).toHaveLength(3);
  });
});
