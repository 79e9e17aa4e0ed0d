import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normaliseDn, parseDn } from "../../../api/trust-space/dn.ts";

/** Each pair is one name, written as the white list does and as a certificate or another entry does. */
const sameNames: readonly (readonly [string, string, string])[] = [
  [
    "the order of a certificate is the reverse",
    "CN=mss.enovacom.fr,OU=344368557300034,O=ENOVACOM,ST=Bouches-du-Rhône (13),C=FR",
    "C=FR,ST=Bouches-du-Rhône (13),O=ENOVACOM,OU=344368557300034,CN=mss.enovacom.fr",
  ],
  [
    "a space after the comma",
    "CN=a.test, OU=343975235300037, O=APICEM, C=FR",
    "CN=a.test,OU=343975235300037,O=APICEM,C=FR",
  ],
  ["quotes and repeated spaces", `O="CENTRE HOSPITALIER   ORTHEZ",C=FR`, "O=CENTRE HOSPITALIER ORTHEZ,C=FR"],
  ["a no-break space", `O="CLCC\u00a0 INSTITUT CURIE",C=FR`, "C=FR,O=CLCC INSTITUT CURIE"],
  ["a no-break space before a space", `O="HOPITAL LA\u00a0 MUSSE",C=FR`, "O=HOPITAL LA MUSSE,C=FR"],
  ["raw quotes inside a value", `CN=a,O=CRLCC "PAUL STRAUSS",C=FR`, `C=FR,O=CRLCC \\"PAUL STRAUSS\\",CN=a`],
  [
    "raw quotes in another place",
    `O=CENTRE HOSPITALIER "FRANCK-JOLY",C=FR`,
    `C=FR,O="CENTRE HOSPITALIER \\"FRANCK-JOLY\\""`,
  ],
  [
    "a comma in quotes or escaped",
    `O="CLINIQUE DE L'ÉPERON, SUD",C=FR`,
    `C=FR,O=CLINIQUE DE L'ÉPERON\\, SUD`,
  ],
  ["accents composed or decomposed", "O=É\u0065\u0301,C=FR", "C=FR,O=ÉÉ"],
  ["accents as escaped bytes", "O=\\C3\\89PERON,C=FR", "C=FR,O=éperon"],
  ["upper and lower case", "cn=MSS.Test,c=fr", "C=FR,CN=mss.test"],
  ["S is ST, E is EMAIL", "S=Nord (59),E=a@b.test", "ST=Nord (59),EMAILADDRESS=a@b.test"],
  ["an attribute of several values", "OU=1+O=MULTI,C=FR", "C=FR,O=MULTI,OU=1"],
  ["plus, semicolon and backslash", `O=A + B;C\\\\D,C=FR`, `C=FR,O=A \\+ B\\;C\\\\D`],
  ["an object identifier", "OID.2.5.4.97=NTRFR-1,C=FR", "C=FR,2.5.4.97=ntrfr-1"],
];

const differentNames: readonly (readonly [string, string])[] = [
  ["L=Nord (59),C=FR", "ST=Nord (59),C=FR"],
  ["CN=a.test,O=X,C=FR", "CN=b.test,O=X,C=FR"],
  ["CN=a.test,C=FR", "CN=a.test,O=X,C=FR"],
  ["OU=a,OU=a,C=FR", "OU=a,C=FR"],
  ["O=HOPITAL E,C=FR", "O=HOPITAL É,C=FR"],
  [`O="A,CN=b",C=FR`, "O=A,CN=b,C=FR"],
];

const unreadable = [
  "",
  "   ",
  "no equal sign",
  "CN=",
  "CN=a,",
  ",CN=a",
  "CN=a,,C=FR",
  `O=a\\`,
  "O=\\C3,C=FR",
  "CN=a,=b",
  `CN="a`,
  `O="PAUL" STRAUSS,C=FR`,
  "CN=" + "a".repeat(2000),
];

describe("the comparable form of a DN", () => {
  it.each(sameNames)("sees through %s", (_, one, other) => {
    expect(normaliseDn(one)).toBeDefined();
    expect(normaliseDn(one)).toBe(normaliseDn(other));
  });

  it.each(differentNames)("keeps %s apart from %s", (one, other) => {
    expect(normaliseDn(one)).toBeDefined();
    expect(normaliseDn(other)).toBeDefined();
    expect(normaliseDn(one)).not.toBe(normaliseDn(other));
  });

  it.each(unreadable)("has no form for %j, so that it equals nothing", (text) => {
    expect(normaliseDn(text)).toBeUndefined();
  });

  it("is one attribute a line, sorted as PostgreSQL sorts by code point", () => {
    expect(normaliseDn("CN=b,OU=2,OU=10,C=FR")).toBe("C=fr\nCN=b\nOU=10\nOU=2");
  });
});

const types = ["CN", "OU", "O", "ST", "L", "C", "2.5.4.97"];
const value = fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 })
  .filter((text) =>
    text.replace(/[\s\u00a0\u2000-\u200b\u202f\u205f\u3000\ufeff]/gu, "") !== "" && text.isWellFormed()
  );
const name = fc.array(fc.record({ type: fc.constantFrom(...types), value }), { minLength: 1, maxLength: 6 });
type Attribute = { readonly type: string; readonly value: string };

/** RFC 4514 §2.4. */
const escaped = ({ type, value }: Attribute) =>
  `${type}=${value.replace(/[\\",+;<>=]/g, (one) => `\\${one}`).replace(/^[ #]| $/g, (one) => `\\${one}`)}`;
const hexadecimal = ({ type, value }: Attribute) =>
  `${type}=${
    Array.from(new TextEncoder().encode(value), (byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("")
  }`;

describe("the comparable form, for any name", () => {
  it("does not depend on the order nor on the way of writing", () => {
    fc.assert(fc.property(name, (attributes) => {
      const form = normaliseDn(attributes.map(escaped).join(","));
      expect(form).toBeDefined();
      expect(normaliseDn(attributes.toReversed().map(escaped).join(", "))).toBe(form);
      expect(normaliseDn(attributes.map(hexadecimal).join(","))).toBe(form);
      expect(normaliseDn(attributes.map(escaped).join("+"))).toBe(form);
    }));
  });

  it("keeps every attribute: none is lost, none is made up", () => {
    fc.assert(fc.property(name, (attributes) => {
      const read = parseDn(attributes.map(escaped).join(","));
      expect(read?.map(({ type }) => type)).toEqual(attributes.map(({ type }) => type));
    }));
  });

  it("does not change when it is taken again", () => {
    fc.assert(fc.property(name, (attributes) => {
      const once = parseDn(attributes.map(escaped).join(",")) ?? [];
      expect(normaliseDn(once.map(escaped).join(","))).toBe(normaliseDn(attributes.map(escaped).join(",")));
    }));
  });

  it("never fails on any text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 80 }), (text) => {
      normaliseDn(text);
      normaliseDn(`CN=${text}`);
    }));
  });
});
