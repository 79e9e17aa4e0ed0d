import { describe, expect, it } from "vitest";
import { parseWhiteList } from "../../../api/trust-space/parse.ts";
import { entriesFor, now, operatorDn, writeList } from "./signed-lists.ts";

const list = (...domains: string[]) => writeList(now, entriesFor(...domains));
const read = (text: string) => {
  const result = parseWhiteList(text);
  return result.ok ? result.list : undefined;
};
const reasonOf = (text: string) => {
  const result = parseWhiteList(text);
  return result.ok ? "ok" : result.reason;
};

describe("the content of a white list", () => {
  it("is domains, each with the set of its DNs, duplicates told once", () => {
    const other = operatorDn.replace("mss.operateur", "mss.autre");
    const found = read(writeList(now, [
      { domain: "alpha.mssante.test", dn: operatorDn },
      { domain: "alpha.mssante.test", dn: operatorDn.split(",").join(", ") },
      { domain: " ALPHA.mssante.test ", dn: other },
      { domain: "hôpital.mssante.test", dn: operatorDn },
    ]));
    expect(found?.generatedAt).toEqual(now);
    expect(found?.entryCount).toBe(4);
    expect([...found?.domains.keys() ?? []]).toEqual(["alpha.mssante.test", "xn--hpital-ixa.mssante.test"]);
    expect(found?.domains.get("alpha.mssante.test")?.size).toBe(2);
    expect(found?.unreadable).toEqual([]);
  });

  it("leaves out an entry that cannot be read, says which, and keeps the others", () => {
    const found = read(writeList(now, [
      { domain: "alpha.mssante.test", dn: operatorDn },
      { domain: "not a domain", dn: operatorDn },
      { domain: "beta.mssante.test", dn: "mss.beta.test" },
    ]));
    expect([...found?.domains.keys() ?? []]).toEqual(["alpha.mssante.test"]);
    expect(found?.unreadable).toEqual([{ position: 2, field: "Nom" }, {
      position: 3,
      field: "DNCertificatOperateur",
    }]);
  });

  it("is refused when it names no domain", () => {
    expect(reasonOf(list())).toBe("list-empty");
    expect(reasonOf(writeList(now, [{ domain: "no domain", dn: operatorDn }]))).toBe("list-empty");
  });

  it.each([
    ["another root", (text: string) => text.replaceAll("ListeBlancheMSSante", "Liste")],
    ["another namespace", (text: string) => text.replace("listeblanche.mssante.fr/schema", "other.test")],
    ["no date", (text: string) => text.replace(/<DateDeGeneration>.*<\/DateDeGeneration>/, "")],
    [
      "two dates",
      (text: string) => text.replace(/<DateDeGeneration>.*<\/DateDeGeneration>/, (one) => one + one),
    ],
    [
      "a date of no calendar",
      (text: string) => text.replace(/(<DateDeGeneration>\d{4})-\d\d-\d\d/, "$1-02-31"),
    ],
    [
      "a date with an offset",
      (text: string) => text.replace("Z</DateDeGeneration>", "+01:00</DateDeGeneration>"),
    ],
    [
      "a second list",
      (text: string) => text.replace(/<ListeDomaines>[\s\S]*<\/ListeDomaines>/, (one) => one + one),
    ],
    ["an entry of another name", (text: string) => text.replaceAll("Domaine>", "Autre>")],
    ["an entry without its DN", (text: string) => text.replace(/<DNCert.*<\/DNCert\w+>/, "")],
    ["an entry with two names", (text: string) => text.replace(/<Nom>.*<\/Nom>/, (one) => one + one)],
    ["an element inside a name", (text: string) => text.replace("<Nom>alpha", "<Nom>al<b>pha</b>")],
  ])("is refused with %s", (_, change) => {
    const text = list("alpha.mssante.test");
    expect(reasonOf(text)).toBe("ok");
    expect(change(text)).not.toBe(text);
    expect(reasonOf(change(text))).toBe("list-malformed");
  });
});
