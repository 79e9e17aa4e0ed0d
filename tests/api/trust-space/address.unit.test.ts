import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normaliseDomain, parseAddress } from "../../../api/trust-space/address.ts";

describe("a mail address", () => {
  it.each([
    ["anne.allard@alpha.mssante.test", "anne.allard@alpha.mssante.test"],
    ["  Anne.ALLARD@Alpha.MSSante.Test ", "anne.allard@alpha.mssante.test"],
    ["serviceY_auto@chb.mssante.fr", "servicey_auto@chb.mssante.fr"],
    ["o'neil+x@a-b.c.mssante.fr", "o'neil+x@a-b.c.mssante.fr"],
    ["dr@hôpital.mssante.fr", "dr@xn--hpital-ixa.mssante.fr"],
    ["dr@HO\u0302PITAL.mssante.fr", "dr@xn--hpital-ixa.mssante.fr"],
  ])("%j is %j", (text, address) => {
    expect(parseAddress(text)).toEqual({ address, domain: address.slice(address.indexOf("@") + 1) });
  });

  it.each([
    "",
    "anne",
    "@alpha.mssante.test",
    "anne@",
    "anne@localhost",
    "anne@alpha.mssante.test.",
    "anne@[127.0.0.1]",
    "anne@127.0.0.1",
    "anne@１２７.0.0.1",
    "anne allard@alpha.mssante.test",
    `"anne allard"@alpha.mssante.test`,
    "Anne <anne@alpha.mssante.test>",
    "anne@alpha.mssante.test,bruno@beta.mssante.test",
    "anne@evil.test@alpha.mssante.test",
    "anne..allard@alpha.mssante.test",
    ".anne@alpha.mssante.test",
    "anne@alpha..mssante.test",
    "anne@-alpha.mssante.test",
    "anne@alpha.mssante.test\r\nRCPT TO:<x@gmail.test>",
    "anne%gmail.test@alpha mssante.test",
    "anné@alpha.mssante.test",
    "anne\u0000@alpha.mssante.test",
    "anne@alpha。mssante.test",
    `${"a".repeat(65)}@alpha.mssante.test`,
    `anne@${"a".repeat(64)}.test`,
    `anne@${"abcdefgh.".repeat(30)}test`,
  ])("%j is none", (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  it("is taken again unchanged, for any text that is one", () => {
    fc.assert(fc.property(fc.emailAddress(), (text) => {
      const once = parseAddress(text);
      if (once !== undefined) expect(parseAddress(once.address)).toEqual(once);
    }));
  });

  it("never fails, and its domain is lower-case ASCII, for any text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (local, domain) => {
      const found = parseAddress(`${local}@${domain}`);
      if (found !== undefined) expect(found.address).toMatch(/^[!-~]+@[a-z0-9.-]+$/);
      const name = normaliseDomain(domain);
      if (name !== undefined) expect(name).toMatch(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/);
    }));
  });
});
