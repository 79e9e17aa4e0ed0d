/**
 * The test authority, shaped as IGC-Santé's family « Élémentaire » (facts of the ANS certificates, three years for a
 * leaf): root → AC ELEMENTAIRE ORGANISATIONS → leaf. It exists because no real IGC-Santé certificate may be used in
 * development; its keys are made at run time and never committed.
 *
 * A second intermediate of the same root (another « gamme ») and a foreign authority that copies the names are part
 * of it, so that refusals can be proved.
 */

import {
  BasicConstraintsExtension,
  CRLDistributionPointsExtension,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
  type X509Crl,
  X509CrlGenerator,
} from "./x509.ts";

export const algorithm = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
} as const;

const day = 86_400_000;
const leafYears = 3;

/** A certificate with its private key. */
export interface Identity {
  readonly certificate: X509Certificate;
  readonly keys: CryptoKeyPair;
}

/** Purposes that a leaf may be made for; each gives the usages that IGC-Santé gives. */
export type Purpose = "list-signer" | "server" | "client";

export interface LeafRequest {
  readonly purpose: Purpose;
  readonly commonName: string;
  /** Raison sociale. */
  readonly organisation: string;
  /** idNat_Struct: 1 + FINESS or 3 + SIRET. */
  readonly idNatStruct: string;
  /** « Département (NN) ». */
  readonly department: string;
  readonly hosts?: readonly string[];
  readonly email?: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly crlUrl?: string;
}

export interface Authority {
  readonly root: Identity;
  /** « AC IGC-SANTE ELEMENTAIRE ORGANISATIONS »: the only one that the operators trust. */
  readonly organisations: Identity;
}

function igcName(commonName: string): JsonName {
  return [{ C: ["FR"] }, { O: ["ASIP-SANTE"] }, { OU: ["0002 187512751"] }, { OU: ["IGC-SANTE"] }, {
    CN: [commonName],
  }];
}

/**
 * Makes a root and an intermediate.
 *
 * @param now instant from which validity is counted; the authorities began a year before it
 * @param rootName, intermediateName common names; a foreign authority may copy those of another
 */
export async function createAuthority(
  now: Date,
  rootName = "TEST AC RACINE IGC-SANTE ELEMENTAIRE",
  intermediateName = "TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS",
): Promise<Authority> {
  const keys = await generateKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: igcName(rootName),
    keys,
    serialNumber: serial(),
    notBefore: new Date(now.getTime() - 365 * day),
    notAfter: new Date(now.getTime() + 3650 * day),
    signingAlgorithm: algorithm,
    extensions: authorityExtensions(1),
  });
  const root = { certificate, keys };
  return { root, organisations: await createIntermediate(root, intermediateName, now) };
}

/** An intermediate of `root`, valid for nine years. */
export async function createIntermediate(root: Identity, commonName: string, now: Date): Promise<Identity> {
  const keys = await generateKeys();
  const certificate = await X509CertificateGenerator.create({
    subject: igcName(commonName),
    issuer: root.certificate.subjectName,
    publicKey: keys.publicKey,
    signingKey: root.keys.privateKey,
    serialNumber: serial(),
    notBefore: new Date(now.getTime() - 365 * day),
    notAfter: new Date(now.getTime() + 3285 * day),
    signingAlgorithm: algorithm,
    extensions: authorityExtensions(0),
  });
  return { certificate, keys };
}

/** A leaf signed by `issuer`, valid three years from `now` unless the request says otherwise. */
export async function issueLeaf(issuer: Identity, request: LeafRequest, now: Date): Promise<Identity> {
  const keys = await generateKeys();
  const certificate = await X509CertificateGenerator.create({
    subject: [
      { C: ["FR"] },
      { ST: [request.department] },
      { O: [request.organisation] },
      { OU: [request.idNatStruct] },
      { CN: [request.commonName] },
    ],
    issuer: issuer.certificate.subjectName,
    publicKey: keys.publicKey,
    signingKey: issuer.keys.privateKey,
    serialNumber: serial(),
    notBefore: request.notBefore ?? new Date(now.getTime() - 30 * day),
    notAfter: request.notAfter ?? new Date(now.getTime() + (leafYears * 365 - 30) * day),
    signingAlgorithm: algorithm,
    extensions: leafExtensions(request),
  });
  return { certificate, keys };
}

/** The revocation list of `issuer`, with the serial numbers given. */
export async function issueCrl(
  issuer: Identity,
  revoked: readonly X509Certificate[],
  thisUpdate: Date,
  nextUpdate = new Date(thisUpdate.getTime() + 7 * day),
): Promise<X509Crl> {
  return await X509CrlGenerator.create({
    issuer: issuer.certificate.subjectName,
    thisUpdate,
    nextUpdate,
    signingAlgorithm: algorithm,
    signingKey: issuer.keys.privateKey,
    entries: revoked.map(({ serialNumber }) => ({ serialNumber, revocationDate: thisUpdate })),
  });
}

export async function generateKeys(): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

/** 16 random bytes, first bit clear so that the number is positive, as IGC-Santé's are. */
function serial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function authorityExtensions(pathLength: number): Extension[] {
  return [
    new BasicConstraintsExtension(true, pathLength, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
  ];
}

const emailProtection = "1.3.6.1.5.5.7.3.4";
const serverAuth = "1.3.6.1.5.5.7.3.1";
const clientAuth = "1.3.6.1.5.5.7.3.2";

function leafExtensions(request: LeafRequest): Extension[] {
  const { purpose, hosts = [], email, crlUrl } = request;
  const usages = purpose === "list-signer"
    ? KeyUsageFlags.digitalSignature | KeyUsageFlags.nonRepudiation
    : KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment;
  const extended = { "list-signer": emailProtection, server: serverAuth, client: clientAuth }[purpose];
  const names = [
    ...hosts.map((value) => ({ type: "dns" as const, value })),
    ...(email === undefined ? [] : [{ type: "email" as const, value: email }]),
  ];
  return [
    new BasicConstraintsExtension(false),
    new KeyUsagesExtension(usages, true),
    new ExtendedKeyUsageExtension([extended]),
    ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]),
    ...(crlUrl === undefined ? [] : [new CRLDistributionPointsExtension([crlUrl])]),
  ];
}
