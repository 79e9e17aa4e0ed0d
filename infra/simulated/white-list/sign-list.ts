/** Writes and signs a white list in the form that the ANS publishes: enveloped XMLDSig, one Reference to the whole. */

import { SignedXml } from "xml-crypto";
import type { Identity } from "../../../mailserver/certificates/authority.ts";
import { privateKeyPem } from "../../../mailserver/certificates/directory.ts";

export interface ListEntry {
  readonly domain: string;
  /** DNCertificatOperateur, as the list writes it. */
  readonly dn: string;
  readonly description?: string;
}

/** The unsigned list. Dates are written to the second, in UTC, as the real one. */
export function writeList(generatedAt: Date, entries: readonly ListEntry[]): string {
  const date = `${generatedAt.toISOString().slice(0, 19)}Z`;
  const domains = entries.map(({ domain, dn, description }) => `
        <Domaine>
            <Nom>${escape(domain)}</Nom>
            <Description>${
    escape(description ?? `Domaine de messagerie MSSanté de test ${domain}`)
  }</Description>
            <DNCertificatOperateur>${escape(dn)}</DNCertificatOperateur>
            <ResponsableContact>01 00 00 00 00, responsable@operateur.test</ResponsableContact>
            <SupportContact>01 00 00 00 00, support@operateur.test</SupportContact>
            <DateMAJ>${date}</DateMAJ>
        </Domaine>`).join("");
  return `<?xml version="1.0" encoding="UTF-8"?><ListeBlancheMSSante xmlns="https://listeblanche.mssante.fr/schema">
    <DateDeGeneration>${date}</DateDeGeneration>
    <ListeDomaines>${domains}
    </ListeDomaines>
</ListeBlancheMSSante>`;
}

/** Signs `xml` with the identity's key and appends the Signature as the root's last child. */
export async function signList(xml: string, signer: Identity): Promise<string> {
  const signature = new SignedXml({
    privateKey: await privateKeyPem(signer),
    publicCert: signer.certificate.toString("pem"),
    signatureAlgorithm: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    canonicalizationAlgorithm: "http://www.w3.org/2001/10/xml-exc-c14n#",
  });
  signature.addReference({
    xpath: "/*",
    uri: "",
    isEmptyUri: true,
    transforms: [
      "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
      "http://www.w3.org/2001/10/xml-exc-c14n#",
    ],
    digestAlgorithm: "http://www.w3.org/2001/04/xmlenc#sha256",
  });
  signature.computeSignature(xml, { location: { reference: "/*", action: "append" } });
  return signature.getSignedXml();
}

function escape(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
