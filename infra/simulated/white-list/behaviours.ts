/** The ways in which the simulated server can misbehave: each gives the body that a client then gets. */

import type { TestCertificates } from "../../../mailserver/certificates/directory.ts";
import { type ListEntry, signList, writeList } from "./sign-list.ts";

export const behaviours = [
  "good",
  "tampered",
  "second-signature",
  "external-entity",
  "truncated",
  "unsigned",
  "expired-signer",
  "revoked-signer",
  "foreign-signer",
  "other-range-signer",
  "older",
  "empty",
  "slow",
  "error",
  "crl-expired",
  "crl-missing",
] as const;
export type Behaviour = typeof behaviours[number];

export function isBehaviour(text: unknown): text is Behaviour {
  return behaviours.some((one) => one === text);
}

const day = 86_400_000;

/** The list as served under a behaviour. `slow`, `error` and the CRL's own are the server's: their list is good. */
export async function writeBody(
  behaviour: Behaviour,
  certificates: TestCertificates,
  generatedAt: Date,
  entries: readonly ListEntry[],
): Promise<string> {
  const xml = writeList(generatedAt, entries);
  const sign = (signer: TestCertificates["listSigner"], text = xml) => signList(text, signer);
  const good = () => sign(certificates.listSigner);
  switch (behaviour) {
    case "tampered":
      return changeOneByte(await good());
    case "second-signature":
      return repeatSignature(await good());
    case "external-entity":
      return addExternalEntity(await good());
    case "truncated": {
      const text = await good();
      return text.slice(0, Math.floor(text.length * 0.6));
    }
    case "unsigned":
      return xml;
    case "expired-signer":
      return await sign(certificates.expiredSigner);
    case "revoked-signer":
      return await sign(certificates.revokedSigner);
    case "foreign-signer":
      return await sign(certificates.foreignSigner);
    case "other-range-signer":
      return await sign(certificates.otherRangeSigner);
    case "older":
      return await sign(
        certificates.listSigner,
        writeList(new Date(generatedAt.getTime() - 10 * day), entries),
      );
    case "empty":
      return await sign(certificates.listSigner, writeList(generatedAt, []));
    default:
      return await good();
  }
}

/** One letter of the first domain's name. */
function changeOneByte(text: string): string {
  const at = text.indexOf("<Nom>") + "<Nom>".length;
  return text.slice(0, at) + (text[at] === "x" ? "y" : "x") + text.slice(at + 1);
}

function repeatSignature(text: string): string {
  const [signature] = /<Signature[\s\S]*<\/Signature>/.exec(text) ?? [""];
  return text.replace(signature, () => signature + signature);
}

function addExternalEntity(text: string): string {
  const doctype = `<!DOCTYPE ListeBlancheMSSante [<!ENTITY more SYSTEM "file:///etc/hostname">]>`;
  return text.replace("<ListeBlancheMSSante", `${doctype}<ListeBlancheMSSante`).replace(
    "</Nom>",
    "&more;</Nom>",
  );
}
