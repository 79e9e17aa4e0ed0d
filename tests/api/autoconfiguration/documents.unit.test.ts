/** What the documents say, and that nothing that is put into them ends an element. */
import { DOMParser, onErrorStopParsing } from "@xmldom/xmldom";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toAppleProfile } from "../../../api/autoconfiguration/apple-profile.ts";
import { askedDomain, domainOfAddress } from "../../../api/autoconfiguration/asked-domain.ts";
import { toAutoconfig } from "../../../api/autoconfiguration/autoconfig.ts";
import { readAutodiscover, toAutodiscover } from "../../../api/autoconfiguration/autodiscover.ts";
import { listDnsRecords } from "../../../api/autoconfiguration/dns-records.ts";
import { markup } from "../../../api/autoconfiguration/xml.ts";

const access = { host: "mail.operateur.test", imap: 143, imaps: 993, submission: 587, submissions: 465 };
const starttlsOnly = { ...access, imaps: 0, submissions: 0 };

const parse = (text: string) =>
  new DOMParser({ onError: onErrorStopParsing }).parseFromString(text, "text/xml");
const textsOf = (document: ReturnType<typeof parse>, name: string) =>
  Array.from(document.getElementsByTagNameNS("*", name)).map(({ textContent }) => textContent);

describe("the file of Thunderbird", () => {
  test("names each server with its port and its TLS, what MSSanté asks for first, and never a secret", () => {
    const document = parse(toAutoconfig("alpha.mssante.test", access));
    expect(textsOf(document, "domain")).toEqual(["alpha.mssante.test"]);
    expect(textsOf(document, "port")).toEqual(["143", "993", "587", "465"]);
    expect(textsOf(document, "socketType")).toEqual(["STARTTLS", "SSL", "STARTTLS", "SSL"]);
    expect(textsOf(document, "hostname")).toEqual(Array(4).fill("mail.operateur.test"));
    expect(textsOf(document, "username")).toEqual(Array(4).fill("%EMAILADDRESS%"));
    expect(textsOf(document, "authentication").slice(0, 2)).toEqual(["OAuth2", "password-cleartext"]);
    expect(toAutoconfig("alpha.mssante.test", access)).not.toMatch(/plain<|>none</);
  });

  test("leaves out what is not offered", () => {
    const document = parse(toAutoconfig("alpha.mssante.test", starttlsOnly));
    expect(textsOf(document, "socketType")).toEqual(["STARTTLS", "STARTTLS"]);
  });
});

describe("autodiscover", () => {
  const request = (address: string) =>
    `<?xml version="1.0"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">
      <Request>${markup`<EMailAddress>${address}</EMailAddress>`}</Request></Autodiscover>`;

  test("answers with the login that was asked about", () => {
    const address = readAutodiscover(request("anne.allard@alpha.mssante.test")) ?? "";
    expect(address).toBe("anne.allard@alpha.mssante.test");
    const document = parse(toAutodiscover(address, access));
    expect(textsOf(document, "LoginName")).toEqual(Array(4).fill(address));
    expect(textsOf(document, "Type")).toEqual(["IMAP", "IMAP", "SMTP", "SMTP"]);
    expect(textsOf(document, "Encryption")).toEqual(["TLS", "SSL", "TLS", "SSL"]);
    expect(textsOf(document, "SSL")).toEqual(Array(4).fill("on"));
  });

  test.each([
    ["nothing", ""],
    ["no XML", "{}"],
    ["an open element", "<Autodiscover><EMailAddress>a@b.fr"],
    ["two addresses", "<A><EMailAddress>a@b.fr</EMailAddress><EMailAddress>c@d.fr</EMailAddress></A>"],
    [
      "an entity of its own",
      `<!DOCTYPE a [<!ENTITY e "x@alpha.mssante.test">]><a><EMailAddress>&e;</EMailAddress></a>`,
    ],
    ["a foreign file", `<!doctype a SYSTEM "file:///etc/passwd"><a><EMailAddress>a@b.fr</EMailAddress></a>`],
    ["no address", "<Autodiscover><Request/></Autodiscover>"],
  ])("takes %s for no request", (_, text) => {
    expect(readAutodiscover(text)).toBeUndefined();
  });
});

describe("whatever is written into a document", () => {
  const hostile = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("</EMailAddress><x>", `"><!--`, "]]>", "&amp;", "<![CDATA[x]]>", "\u0000\ud800"),
  );

  test("stays the text of one element", () => {
    fc.assert(fc.property(hostile, (text) => {
      const document = parse(`<a>${markup`<b c="${text}">${text}</b>`}</a>`);
      expect(document.documentElement?.childNodes.length).toBe(1);
      expect(document.getElementsByTagName("b")).toHaveLength(1);
      expect(document.getElementsByTagName("b")[0]?.childNodes.length).toBeLessThanOrEqual(1);
    }));
  });

  test("leaves an Apple profile whole", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const box = {
          id: "5b000003-0000-4000-8000-000000000001",
          address: "anne.allard@alpha.mssante.test",
          displayName: text,
          structureName: text,
        };
        // xmldom knows no document type of the network; the rest is read as a device reads it.
        const document = parse(toAppleProfile(box, access).replace(/<!DOCTYPE[^>]*>/, ""));
        const keys = textsOf(document, "key");
        expect(keys.filter((key) => key === "PayloadContent")).toHaveLength(1);
        expect(keys).toHaveLength(new Set(keys).size + 5); // Both payloads have five keys of the same name.
      }),
      { numRuns: 50 },
    );
  });
});

describe("an Apple profile", () => {
  const box = {
    id: "5b000003-0000-4000-8000-000000000001",
    address: "anne.allard@alpha.mssante.test",
    displayName: "Dr Anne ALLARD",
    structureName: "Cabinet médical Alpha",
  };

  test("sets up IMAP and submission over TLS, without a password, and is the same each time", () => {
    const text = toAppleProfile(box, access);
    expect(text).toContain("<key>IncomingMailServerPortNumber</key><integer>993</integer>");
    expect(text).toContain("<key>OutgoingMailServerPortNumber</key><integer>465</integer>");
    expect(text.match(/UseSSL<\/key><true\/>/g)).toHaveLength(2);
    expect(text).not.toMatch(/<key>(Incoming|Outgoing)Password<\/key>/);
    expect(toAppleProfile(box, access)).toBe(text);
    expect(toAppleProfile({ ...box, id: box.id.replace("1", "2") }, access)).not.toBe(text);
    expect(toAppleProfile(box, starttlsOnly)).toContain("<integer>143</integer>");
  });
});

describe("the domain asked about", () => {
  test.each([
    ["autoconfig.alpha.mssante.test", undefined, "alpha.mssante.test"],
    ["AUTOCONFIG.Alpha.mssante.test", undefined, "alpha.mssante.test"],
    ["alpha.mssante.test", undefined, "alpha.mssante.test"],
    ["messagerie.operateur.test", "Anne.Allard@Alpha.mssante.test", "alpha.mssante.test"],
    ["autoconfig.alpha.mssante.test", "%EMAILADDRESS%", "alpha.mssante.test"],
    ["autoconfig.alpha.mssante.test", "x@beta.mssante.test", "beta.mssante.test"],
    ["127.0.0.1", undefined, undefined],
    ["localhost", undefined, undefined],
    ["localhost", `x@${"a".repeat(400)}.test`, undefined],
    ["localhost", "x@a b.test", undefined],
    ["localhost", "x@<script>.test", undefined],
  ])("of host %s and address %s is %s", (host, address, domain) => {
    expect(askedDomain(host, address)).toBe(domain);
  });

  test("an address without a part before the @ has none", () => {
    expect(domainOfAddress("@alpha.mssante.test")).toBeUndefined();
  });
});

test("the records lead to the ports that are offered, say that there is no POP, and end their names with a dot", () => {
  const records = listDnsRecords(
    "alpha.mssante.test",
    starttlsOnly,
    new URL("https://messagerie.operateur.test"),
  );
  expect(records.map(({ type, name, value }) => `${name} ${type} ${value}`)).toEqual([
    "_imap._tcp.alpha.mssante.test SRV 0 1 143 mail.operateur.test.",
    "_submission._tcp.alpha.mssante.test SRV 0 1 587 mail.operateur.test.",
    "_pop3._tcp.alpha.mssante.test SRV 0 0 0 .",
    "_pop3s._tcp.alpha.mssante.test SRV 0 0 0 .",
    "autoconfig.alpha.mssante.test CNAME messagerie.operateur.test.",
    "autodiscover.alpha.mssante.test CNAME messagerie.operateur.test.",
    "_autodiscover._tcp.alpha.mssante.test SRV 0 1 443 messagerie.operateur.test.",
  ]);
  const elsewhere = listDnsRecords(
    "alpha.mssante.test",
    access,
    new URL("https://messagerie.operateur.test:8443"),
  );
  expect(elsewhere.at(-1)?.value, "where the pages really are").toBe("0 1 8443 messagerie.operateur.test.");
});
