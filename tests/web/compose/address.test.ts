import { describe, expect, test } from "vitest";
import { isAddress, parseAddresses } from "../../../web/src/lib/compose/address.ts";

describe("typed addresses", () => {
  test.each([
    ["a@b.test", [{ name: null, email: "a@b.test" }]],
    ["Dr Anne <a@b.test>", [{ name: "Dr Anne", email: "a@b.test" }]],
    ['"Allard, Anne" <a@b.test>; c@d.test', [
      { name: "Allard, Anne", email: "a@b.test" },
      { name: null, email: "c@d.test" },
    ]],
    ["a@b.test c@d.test\ne@f.test,", [
      { name: null, email: "a@b.test" },
      { name: null, email: "c@d.test" },
      { name: null, email: "e@f.test" },
    ]],
    ["anne", [{ name: null, email: "anne" }]],
    [" , ;\n", []],
  ])("%s", (text, expected) => expect(parseAddresses(text)).toEqual(expected));

  test.each(["a@b.test", "anne.allard+x@alpha.mssante.fr", "o'neil@x-y.example"])(
    "%s may be written to",
    (text) => {
      expect(isAddress(text)).toBe(true);
    },
  );

  test.each([
    "anne",
    "a@b",
    "@b.test",
    "a b@c.test",
    "a@b..test",
    "a..b@c.test",
    "é@b.test",
    `${"a".repeat(65)}@b.test`,
    "a@-b.test",
  ])(
    "%s is not an address",
    (text) => expect(isAddress(text)).toBe(false),
  );
});
