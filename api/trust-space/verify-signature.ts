/**
 * The enveloped XML signature of a white list (XMLDSig core, one profile of it).
 *
 * The cryptography is xml-crypto's; what is here makes sure that only one form can reach it, the form the ANS
 * publishes: exactly one Signature, last child of the root, exactly one Reference to the whole document (URI=""),
 * exclusive canonicalisation, RSA-SHA256, SHA-256, one certificate. What is trusted afterwards is never the document
 * that came in, but the canonical bytes whose digest was signed: a signature moved around another content (signature
 * wrapping) then has nothing to gain.
 */

import type { Element } from "@xmldom/xmldom";
import { SignedXml } from "xml-crypto";
import { type Refusal, refuse } from "./refusal.ts";
import { X509Certificate } from "./x509.ts";
import { childElements, isElement, parseStrictly, plainMarkup } from "./xml.ts";

/** xml-crypto's typing of a DOM node; the node itself is xmldom's, as the library's own are. */
type LoadedSignature = Exclude<Parameters<SignedXml["loadSignature"]>[0], string>;

const dsig = "http://www.w3.org/2000/09/xmldsig#";
const exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
const enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const rsaSha256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const sha256 = "http://www.w3.org/2001/04/xmlenc#sha256";

/** The real list of 2025 is 3.7 MB; one that is ten times larger is not a list. */
export const maximumBytes = 40 * 1024 * 1024;

export interface VerifiedSignature {
  readonly ok: true;
  /** Canonical form of the document without its Signature: the signed bytes, as text. */
  readonly signedXml: string;
  /** The certificate whose key made the signature. Whether it may sign is `verifySigner`'s question. */
  readonly signer: X509Certificate;
}

/**
 * Checks that `bytes` are a document signed by the certificate it carries.
 *
 * Says nothing about that certificate: see verify-signer.ts.
 */
export function verifySignature(bytes: Uint8Array): VerifiedSignature | Refusal {
  const read = readDocument(bytes);
  if (!read.ok) return read;
  const found = findSignature(read.root);
  if (!found.ok) return found;
  const shape = checkShape(found.signature);
  if (!shape.ok) return shape;
  const signer = readCertificate(shape.certificate);
  if (signer === undefined) return refuse("signer-unreadable");
  return check(read.text, found.signature, signer);
}

function readDocument(bytes: Uint8Array): { ok: true; text: string; root: Element } | Refusal {
  if (bytes.byteLength > maximumBytes) return refuse("list-too-large", `${bytes.byteLength} bytes`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return refuse(isComplete(new TextDecoder().decode(bytes)) ? "list-unreadable" : "list-truncated");
  }
  if (!isComplete(text)) return refuse("list-truncated");
  const plain = plainMarkup(text);
  if (!plain.ok) return plain;
  const root = parseStrictly(plain.text)?.documentElement ?? undefined;
  return root === undefined ? refuse("list-unreadable") : { ok: true, text: plain.text, root };
}

/** True when the last thing of the text closes the first element: the sign of a file that came whole. */
function isComplete(text: string): boolean {
  const first = /<([A-Za-z_][\w.-]*(?::[\w.-]+)?)[\s/>]/.exec(text)?.[1];
  const end = text.trimEnd();
  return end === "" ? false : first === undefined ? end.endsWith(">") : end.endsWith(`</${first}>`);
}

function findSignature(root: Element): { ok: true; signature: Element } | Refusal {
  // Any element of that local name counts, whatever its namespace: none of them has a place elsewhere in a list.
  const signatures = Array.from(root.getElementsByTagNameNS("*", "Signature"));
  const signature = signatures[0];
  if (signature === undefined) return refuse("signature-missing");
  if (signatures.length > 1) return refuse("several-signatures", `${signatures.length}`);
  if (!isElement(signature, dsig, "Signature")) return refuse("signature-malformed", "namespace or prefix");
  const isLastChild = signature.parentNode === root && childElements(root).at(-1) === signature;
  return isLastChild ? { ok: true, signature } : refuse("signature-misplaced");
}

/** Checks every element of the Signature against the one accepted form; anything more or less is refused. */
function checkShape(signature: Element): { ok: true; certificate: string } | Refusal {
  const [signedInfo, signatureValue, keyInfo] =
    exactly(signature, ["SignedInfo", "SignatureValue", "KeyInfo"]) ?? [];
  if (signedInfo === undefined || signatureValue === undefined || keyInfo === undefined) {
    return refuse("signature-malformed", "SignedInfo, SignatureValue, KeyInfo");
  }
  const [c14n, method, reference] =
    exactly(signedInfo, ["CanonicalizationMethod", "SignatureMethod", "Reference"]) ?? [];
  if (c14n === undefined || method === undefined || reference === undefined) {
    return refuse("signature-malformed", "SignedInfo holds one Reference and nothing else");
  }
  const [transforms, digestMethod, digestValue] =
    exactly(reference, ["Transforms", "DigestMethod", "DigestValue"]) ?? [];
  if (transforms === undefined || digestMethod === undefined || digestValue === undefined) {
    return refuse("signature-malformed", "Reference");
  }
  if (reference.getAttribute("URI") !== "") {
    return refuse("signature-malformed", "Reference URI is not empty");
  }
  const [first, second] = exactly(transforms, ["Transform", "Transform"]) ?? [];
  if (first === undefined || second === undefined) return refuse("algorithm-refused", "Transforms");
  const algorithms: readonly (readonly [Element, string])[] = [
    [c14n, exclusive],
    [method, rsaSha256],
    [first, enveloped],
    [second, exclusive],
    [digestMethod, sha256],
  ];
  for (const [element, algorithm] of algorithms) {
    if (element.getAttribute("Algorithm") !== algorithm) {
      return refuse("algorithm-refused", element.localName ?? "");
    }
    // InclusiveNamespaces, XPath filters and HMACOutputLength live in such children.
    if (childElements(element).length > 0) {
      return refuse("algorithm-refused", `parameters of ${element.localName}`);
    }
  }
  const allowed = new Map<Element, readonly string[]>([
    [reference, ["URI"]],
    ...algorithms.map(([one]) => [one, ["Algorithm"]] as const),
  ]);
  const all = [signature, signedInfo, signatureValue, keyInfo, transforms, digestValue, ...allowed.keys()];
  if (all.some((element) => !hasOnlyAttributes(element, allowed.get(element) ?? []))) {
    return refuse("signature-malformed", "unexpected attribute");
  }
  if (childElements(digestValue).length > 0 || childElements(signatureValue).length > 0) {
    return refuse("signature-malformed", "value");
  }
  return readKeyInfo(keyInfo);
}

/** The text of the only X509Certificate of KeyInfo. Several, or a bare key, would leave a choice of who signed. */
function readKeyInfo(keyInfo: Element): { ok: true; certificate: string } | Refusal {
  const [data] = exactly(keyInfo, ["X509Data"]) ?? [];
  const [certificate] = data === undefined ? [] : exactly(data, ["X509Certificate"]) ?? [];
  return certificate === undefined
    ? refuse("signer-unreadable", "KeyInfo holds one X509Certificate and nothing else")
    : { ok: true, certificate: certificate.textContent ?? "" };
}

/** The children of `parent` when they are exactly the XMLDSig elements named, in that order. */
function exactly(parent: Element, names: readonly string[]): Element[] | undefined {
  const children = childElements(parent);
  const isExact = children.length === names.length &&
    children.every((child, index) => isElement(child, dsig, names[index] ?? ""));
  return isExact ? children : undefined;
}

function hasOnlyAttributes(element: Element, names: readonly string[]): boolean {
  return Array.from(element.attributes).every(({ name, value }) =>
    names.includes(name) || (name === "xmlns" && value === dsig)
  );
}

function readCertificate(base64: string): X509Certificate | undefined {
  const compact = base64.replace(/\s/g, "");
  if (!/^[A-Za-z0-9+/]{100,16000}={0,2}$/.test(compact)) return undefined;
  try {
    return new X509Certificate(compact);
  } catch {
    return undefined;
  }
}

function check(text: string, signature: Element, signer: X509Certificate): VerifiedSignature | Refusal {
  // The key is given by us; the library's own look into KeyInfo stays off (its default).
  const verifier = new SignedXml({ publicCert: signer.toString("pem") });
  try {
    verifier.loadSignature(signature as unknown as LoadedSignature);
    if (!verifier.checkSignature(text)) return refuse("content-altered");
  } catch (error) {
    const isValue = error instanceof Error &&
      error.message.startsWith("invalid signature: the signature value");
    return isValue ? refuse("signature-invalid") : refuse("signature-malformed", "refused by the library");
  }
  const [signedXml, ...others] = verifier.getSignedReferences();
  if (signedXml === undefined || others.length > 0) return refuse("signature-malformed", "references");
  return { ok: true, signedXml, signer };
}
