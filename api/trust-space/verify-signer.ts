/**
 * Whether a certificate may sign a white list at a given instant: its name, its chain to the authorities that the
 * operator configured, validity, usage and revocation (RFC 5280 §6, the part that a two-step hierarchy needs).
 *
 * The list is the root of everything the platform refuses or lets through, so doubt refuses: without a fresh and
 * valid revocation list of the signer's authority, no new list is taken (the one in force stays).
 */

import { type Refusal, refuse } from "./refusal.ts";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  X509Certificate,
  X509Crl,
} from "./x509.ts";

export interface SignerPolicy {
  /**
   * Authorities that may sign: the issuer itself must be one of them. Trusting a whole root would let in its other
   * families of certificates (« gammes »); a root given with its intermediate only serves to check that intermediate.
   */
  readonly authorities: readonly X509Certificate[];
  /** Revocation lists at hand, of whatever authority, fresh or not. */
  readonly crls: readonly X509Crl[];
  /** Common name of the signer. Its key changes every three years and its company may change too. */
  readonly signerName: string;
  /** The instant at which everything must hold. */
  readonly at: Date;
}

const emailProtection = "1.3.6.1.5.5.7.3.4";
const documentSigning = "1.3.6.1.5.5.7.3.36";
const maximumDepth = 5;

/** Checks the signer; the first doubt is the answer. */
export async function verifySigner(
  signer: X509Certificate,
  policy: SignerPolicy,
): Promise<{ ok: true } | Refusal> {
  const names = signer.subjectName.getField("CN");
  if (names.length !== 1 || names[0] !== policy.signerName) return refuse("signer-unexpected");
  const chain = await buildChain(signer, policy.authorities);
  if (chain === undefined) return refuse("signer-unchained");
  for (const certificate of chain) {
    if (policy.at < certificate.notBefore) return refuse("signer-not-yet-valid", certificate.subject);
    if (policy.at > certificate.notAfter) return refuse("signer-expired", certificate.subject);
  }
  if (!maySign(signer)) return refuse("signer-usage");
  for (const [index, certificate] of chain.entries()) {
    const issuer = chain[index + 1];
    if (issuer === undefined) break;
    const refusal = await checkRevocation(certificate, issuer, policy, index === 0);
    if (refusal !== undefined) return refusal;
  }
  return { ok: true };
}

/** The signer, its authority and, where they are configured, the authorities above; undefined when none issued it. */
async function buildChain(
  signer: X509Certificate,
  authorities: readonly X509Certificate[],
): Promise<X509Certificate[] | undefined> {
  const chain = [signer];
  while (chain.length < maximumDepth) {
    const last = chain.at(-1);
    if (last === undefined || (chain.length > 1 && sameBytes(last.subjectName, last.issuerName))) break;
    const issuer = await findIssuer(last, authorities);
    if (issuer === undefined) break;
    chain.push(issuer);
  }
  return chain.length > 1 ? chain : undefined;
}

async function findIssuer(
  certificate: X509Certificate,
  authorities: readonly X509Certificate[],
): Promise<X509Certificate | undefined> {
  for (const authority of authorities) {
    if (!sameBytes(authority.subjectName, certificate.issuerName) || !isAuthority(authority)) continue;
    if (await certificate.verify({ publicKey: authority.publicKey, signatureOnly: true })) return authority;
  }
  return undefined;
}

interface Encoded {
  toArrayBuffer(): ArrayBuffer;
}
function sameBytes(one: Encoded, other: Encoded): boolean {
  const left = new Uint8Array(one.toArrayBuffer());
  const right = new Uint8Array(other.toArrayBuffer());
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

function isAuthority(certificate: X509Certificate): boolean {
  const constraints = certificate.getExtension(BasicConstraintsExtension);
  const usages = certificate.getExtension(KeyUsagesExtension)?.usages;
  return constraints?.ca === true && (usages === undefined || (usages & KeyUsageFlags.keyCertSign) !== 0);
}

/** Usages bind where they are given: a TLS server's certificate of the same authority must not sign a list. */
function maySign(signer: X509Certificate): boolean {
  if (signer.getExtension(BasicConstraintsExtension)?.ca === true) return false;
  const usages = signer.getExtension(KeyUsagesExtension)?.usages;
  const signing = KeyUsageFlags.digitalSignature | KeyUsageFlags.nonRepudiation;
  if (usages !== undefined && (usages & signing) === 0) return false;
  const extended = signer.getExtension(ExtendedKeyUsageExtension)?.usages.map(String);
  return extended === undefined || extended.includes(emailProtection) || extended.includes(documentSigning);
}

/**
 * The CRL of the signer's own issuer is required. Above it a CRL is heeded when there is one: the operator who
 * configures the root only to check the intermediate has not thereby promised to follow the root's CRL.
 */
async function checkRevocation(
  certificate: X509Certificate,
  issuer: X509Certificate,
  { crls, at }: SignerPolicy,
  isRequired: boolean,
): Promise<Refusal | undefined> {
  let isKnown = false;
  for (const crl of crls) {
    if (!sameBytes(crl.issuerName, issuer.subjectName) || !await crl.verify({ publicKey: issuer })) continue;
    // What an old CRL revoked stays revoked; only its silence is worth nothing.
    if (crl.findRevoked(certificate.serialNumber) !== null) {
      return refuse("signer-revoked", certificate.subject);
    }
    // A critical extension marks a partial, delta or indirect list: its silence says nothing about this certificate.
    const isWhole = crl.extensions.every((extension) => !extension.critical);
    isKnown ||= isWhole && crl.thisUpdate <= at && crl.nextUpdate !== undefined && at <= crl.nextUpdate;
  }
  return isKnown || !isRequired ? undefined : refuse("revocation-unknown");
}

/** Certificates of a PEM file. Throws when it holds none: an operator's trust file is never empty on purpose. */
export function readAuthorities(pem: string): X509Certificate[] {
  const authorities = PemConverter.decodeWithHeaders(pem)
    .filter(({ type }) => type === "CERTIFICATE")
    .map(({ rawData }) => new X509Certificate(rawData));
  if (authorities.length === 0) throw new Error("The trust file holds no certificate.");
  return authorities;
}

/** The CRLs of a download: one in DER, or any number in PEM. What is not a CRL gives none. */
export function readCrls(bytes: Uint8Array<ArrayBuffer>): X509Crl[] {
  try {
    if (bytes[0] === 0x30) return [new X509Crl(bytes)];
    return PemConverter.decodeWithHeaders(new TextDecoder().decode(bytes))
      .filter(({ type }) => type === "X509 CRL" || type === "CRL")
      .map(({ rawData }) => new X509Crl(rawData));
  } catch {
    return []; // The caller then finds no CRL of the authority and says so: "revocation-unknown".
  }
}
