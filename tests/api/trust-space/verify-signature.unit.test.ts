import { beforeAll, describe, expect, it } from "vitest";
import { parseWhiteList } from "../../../api/trust-space/parse.ts";
import { verifySignature } from "../../../api/trust-space/verify-signature.ts";
import { createSigners, encode, entriesFor, signedList, type Signers } from "./signed-lists.ts";

let signers: Signers;
let good: string;
beforeAll(async () => {
  signers = await createSigners();
  good = await signedList(signers.signer, entriesFor("alpha.mssante.test", "beta.mssante.test"));
});

const verify = (text: string) => verifySignature(encode(text));
const signatureOf = (text: string) => /<Signature [\s\S]*<\/Signature>/.exec(text)?.[0] ?? "";
const evilEntry = () =>
  /<Domaine>[\s\S]*?<\/Domaine>/.exec(good)?.[0].replaceAll("alpha.mssante.test", "evil.test") ?? "";
/** The root's content, its Signature left out. */
const contentOf = (text: string) =>
  text.slice(text.indexOf(">", text.indexOf("<Liste")) + 1, text.indexOf("<Signature ")).trimEnd();
const root = (content: string, signature: string) =>
  `<?xml version="1.0" encoding="UTF-8"?><ListeBlancheMSSante xmlns="https://listeblanche.mssante.fr/schema">` +
  `${content}${signature}</ListeBlancheMSSante>`;

describe("a signed list", () => {
  it("gives its signed content, without the Signature, and its signer", () => {
    const result = verify(good);
    if (!result.ok) throw new Error(result.reason);
    expect(result.signer.subject).toBe(signers.signer.certificate.subject);
    expect(result.signedXml).not.toContain("Signature");
    const parsed = parseWhiteList(result.signedXml);
    expect(parsed.ok && [...parsed.list.domains.keys()]).toEqual(["alpha.mssante.test", "beta.mssante.test"]);
  });

  it("is refused after any change of one byte of its content", () => {
    const places = [
      "<Nom>",
      "<DNCertificatOperateur>",
      "<DateDeGeneration>",
      "<Description>",
    ];
    for (const place of places) {
      const at = good.indexOf(place) + place.length;
      const changed = `${good.slice(0, at)}${good[at] === "3" ? "4" : "3"}${good.slice(at + 1)}`;
      expect(verify(changed)).toMatchObject({ ok: false, reason: "content-altered" });
    }
  });

  it("is refused after a change of its signature's value, digest or certificate", () => {
    const change = (tag: string) =>
      good.replace(
        new RegExp(`<${tag}>([\\s\\S]{10})(.)`),
        (_, head, one) => `<${tag}>${head}${one === "A" ? "B" : "A"}`,
      );
    expect(verify(change("SignatureValue"))).toMatchObject({ ok: false, reason: "signature-invalid" });
    expect(verify(change("DigestValue"))).toMatchObject({ ok: false, reason: "content-altered" });
    expect(verify(change("X509Certificate")).ok).toBe(false);
  });

  it("is refused at every length short of its own, as truncated", () => {
    for (const part of [0, 0.01, 0.2, 0.5, 0.8, 0.99]) {
      expect(verify(good.slice(0, Math.floor(good.length * part)))).toMatchObject({
        ok: false,
        reason: "list-truncated",
      });
    }
    expect(verify(good.slice(0, -1))).toMatchObject({ ok: false, reason: "list-truncated" });
  });

  it("is refused when it is not XML in UTF-8", () => {
    expect(verify(good.replace("<Nom>", "<Nom"))).toMatchObject({ ok: false, reason: "list-unreadable" });
    expect(verify(good.replace("<Nom>", "<Nom><b>"))).toMatchObject({ ok: false, reason: "list-unreadable" });
    const latin = encode(good.replace("<Description>", "<Description>#"));
    latin[latin.indexOf(0x23)] = 0xe9;
    expect(verifySignature(latin)).toMatchObject({ ok: false, reason: "list-unreadable" });
    expect(verify("<html><body>Accès refusé</body></html>")).toMatchObject({
      ok: false,
      reason: "signature-missing",
    });
  });
});

describe("markup that changes what a reader sees", () => {
  it.each([
    ["an external entity", `<!DOCTYPE ListeBlancheMSSante [<!ENTITY x SYSTEM "file:///etc/passwd">]>`, "&x;"],
    ["entities that grow", `<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>`, "&b;"],
    ["a bare DOCTYPE", "<!DOCTYPE ListeBlancheMSSante>", ""],
    ["an entity that nothing defines", "", "&more;"],
    ["a comment", "", "<!-- x -->"],
    ["CDATA", "", "<![CDATA[x]]>"],
    ["a processing instruction", "", "<?x evil?>"],
    ["a stylesheet", `<?xml-stylesheet href="x.xsl"?>`, ""],
  ])("%s is refused before anything is parsed", (_, before, inside) => {
    const text = good.replace("<ListeBlancheMSSante", `${before}<ListeBlancheMSSante`).replace(
      "</Nom>",
      `${inside}</Nom>`,
    );
    expect(verify(text)).toMatchObject({ ok: false, reason: "forbidden-markup" });
  });
});

describe("signature wrapping", () => {
  const attacks: readonly (readonly [string, string, () => string])[] = [
    ["no Signature at all", "signature-missing", () => root(contentOf(good), "")],
    [
      "a second Signature",
      "several-signatures",
      () => root(contentOf(good), signatureOf(good) + signatureOf(good)),
    ],
    [
      "a second Signature inside an entry",
      "several-signatures",
      () => good.replace("</Domaine>", `${signatureOf(good)}</Domaine>`),
    ],
    [
      "the signed root inside another root",
      "signature-misplaced",
      () => root(`${contentOf(good)}<Ancien>${good.replace(/^<\?.*?\?>/, "")}</Ancien>`, ""),
    ],
    [
      "the Signature before the content",
      "signature-misplaced",
      () => root(signatureOf(good) + contentOf(good), ""),
    ],
    [
      "an entry after the Signature",
      "signature-misplaced",
      () => root(contentOf(good), `${signatureOf(good)}${evilEntry()}`),
    ],
    [
      "an entry added before the Signature",
      "content-altered",
      () => root(contentOf(good) + evilEntry(), signatureOf(good)),
    ],
    [
      "the signed root in an Object of the Signature",
      "signature-malformed",
      () =>
        root(
          contentOf(good).replaceAll("alpha", "evil"),
          signatureOf(good).replace(
            "</Signature>",
            `<Object>${root(contentOf(good), "").slice(38)}</Object></Signature>`,
          ),
        ),
    ],
    [
      "a Reference to an element by its Id",
      "signature-malformed",
      () => good.replace('URI=""', 'URI="#signed"').replace("<ListeDomaines>", '<ListeDomaines Id="signed">'),
    ],
    ["a Reference without URI", "signature-malformed", () => good.replace(' URI=""', "")],
    [
      "a second Reference",
      "signature-malformed",
      () => good.replace(/<Reference [\s\S]*<\/Reference>/, (one) => one + one.replace('URI=""', 'URI="#x"')),
    ],
    [
      "a Signature of another namespace",
      "signature-malformed",
      () =>
        good.replace(
          '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#">',
          '<Signature xmlns="urn:other">',
        ),
    ],
    [
      "a second SignedInfo",
      "signature-malformed",
      () => good.replace(/<SignedInfo>[\s\S]*<\/SignedInfo>/, (one) => one + one),
    ],
    [
      "a second DigestValue",
      "signature-malformed",
      () => good.replace(/<DigestValue>.*<\/DigestValue>/, (one) => one + one),
    ],
    [
      "a second certificate",
      "signer-unreadable",
      () => good.replace(/<X509Certificate>[\s\S]*<\/X509Certificate>/, (one) => one + one),
    ],
    [
      "a bare key in place of the certificate",
      "signer-unreadable",
      () => good.replace(/<X509Data>[\s\S]*<\/X509Data>/, "<KeyName>alb.mssante.fr</KeyName>"),
    ],
  ];
  it.each(attacks)("%s is refused: %s", (_, reason, attack) => {
    const text = attack();
    expect(text).not.toBe(good);
    expect(verify(text)).toMatchObject({ ok: false, reason });
  });

  it.each([
    [
      "HMAC",
      "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
      "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
    ],
    [
      "RSA-SHA1",
      "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
      "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
    ],
    ["SHA-1", "http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1"],
    [
      "XSLT",
      "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
      "http://www.w3.org/TR/1999/REC-xslt-19991116",
    ],
    [
      "an XPath filter",
      "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
      "http://www.w3.org/TR/1999/REC-xpath-19991116",
    ],
    [
      "canonicalisation with comments",
      "http://www.w3.org/2001/10/xml-exc-c14n#",
      "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
    ],
    [
      "inclusive canonicalisation",
      "http://www.w3.org/2001/10/xml-exc-c14n#",
      "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    ],
  ])("%s is not an accepted algorithm", (_, accepted, other) => {
    expect(verify(good.replace(accepted, other))).toMatchObject({ ok: false, reason: "algorithm-refused" });
  });

  it("refuses one transform fewer, one more, or parameters to one", () => {
    const [first = ""] = /<Transform [^>]*\/?>(<\/Transform>)?/.exec(good) ?? [];
    for (const text of [good.replace(first, ""), good.replace(first, first + first)]) {
      expect(verify(text)).toMatchObject({ ok: false, reason: "algorithm-refused" });
    }
    const prefixes = `<InclusiveNamespaces xmlns="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="x"/>`;
    const open = first.replace(/\/>$/, ">").replace(/<\/Transform>$/, "");
    expect(verify(good.replace(first, `${open}${prefixes}</Transform>`))).toMatchObject({
      ok: false,
      reason: "algorithm-refused",
    });
  });
});
