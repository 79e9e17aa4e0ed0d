import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";

const root = new URL("../../", import.meta.url);
/** How many requirements each section of ASVS 5.0 has, as published. */
const sections: Readonly<Record<string, number>> = {
  "6.1": 3,
  "6.2": 12,
  "6.3": 8,
  "6.4": 6,
  "6.5": 8,
  "6.6": 4,
  "6.7": 2,
  "6.8": 4,
  "7.1": 3,
  "7.2": 4,
  "7.3": 2,
  "7.4": 5,
  "7.5": 3,
  "7.6": 2,
  "9.1": 3,
  "9.2": 4,
  "10.1": 2,
  "10.2": 3,
  "10.3": 5,
  "10.4": 16,
  "10.5": 5,
  "10.6": 2,
  "10.7": 3,
};

const rows = (await readFile(new URL("docs/security/asvs.md", root), "utf8")).split("\n")
  .map((line) => line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "")))
  .filter(([id]) => /^\d+\.\d+\.\d+$/.test(id ?? ""));

test("every line of the chapters is answered, once", () => {
  const expected = Object.entries(sections).flatMap(([section, count]) =>
    Array.from({ length: count }, (_, index) => `${section}.${index + 1}`)
  );
  expect(rows.map(([id]) => id)).toEqual(expected);
});

test.each(rows.filter(([, verdict]) => verdict === "oui" || verdict === "en partie"))(
  "%s is proved by a test that is there",
  async (_id, _verdict, answer = "", proof = "") => {
    expect(answer.length).toBeGreaterThan(3);
    const named = /^`([^`]+)` « (.+) »$/.exec(proof);
    if (named === null) {
      expect(proof).toMatch(/^sans objet/);
      return;
    }
    const text = await readFile(new URL(named[1]!, root), "utf8");
    expect(text).toContain(`"${named[2]}"`);
  },
);
