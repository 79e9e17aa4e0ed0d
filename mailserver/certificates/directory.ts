/**
 * The test authority on disk: made once in a private directory, found again at the next start, so that the
 * certificates of a running stack stay the same. Keys are readable by their owner only and never leave the machine.
 */

import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  algorithm,
  type Authority,
  createAuthority,
  createIntermediate,
  type Identity,
  issueCrl,
  issueLeaf,
} from "./authority.ts";
import { PemConverter, X509Certificate, type X509Crl } from "./x509.ts";

/** What the stack needs: who signs the white list, in the good form and in each form that must be refused. */
export interface TestCertificates extends Authority {
  readonly listSigner: Identity;
  /** Revoked in the CRL of `organisations`. */
  readonly revokedSigner: Identity;
  /** Its validity ended the day before `now`. */
  readonly expiredSigner: Identity;
  /** Right names, unknown authority. */
  readonly foreignSigner: Identity;
  /** Signed by another intermediate of the same root: another « gamme ». */
  readonly otherRangeSigner: Identity;
  /** Paths of the public files. */
  readonly trustFile: string;
  readonly crlFile: string;
}

const day = 86_400_000;
const names = [
  "root",
  "organisations",
  "list-signer",
  "revoked-signer",
  "expired-signer",
  "foreign-signer",
  "other-range-signer",
] as const;
type Name = typeof names[number];

/**
 * The certificates of `directory`, made when it holds none. The CRL is written anew each time, valid seven days.
 *
 * @param signerName common name of the list's signer (the ANS signs as alb.mssante.fr)
 */
export async function ensureCertificates(
  directory: string,
  now: Date,
  signerName = "alb.mssante.fr",
): Promise<TestCertificates> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const found = await readAll(directory);
  const isUsable = found !== undefined && found["list-signer"].certificate.notAfter > now &&
    found["list-signer"].certificate.subjectName.getField("CN")[0] === signerName;
  const identities = isUsable ? found : await makeAll(now, signerName);
  if (!isUsable) {
    for (const name of names) await writeIdentity(directory, name, identities[name]);
  }
  const trustFile = join(directory, "trust.pem");
  const crlFile = join(directory, "crl.pem");
  await replaceFile(
    trustFile,
    `${identities.organisations.certificate.toString("pem")}\n${
      identities.root.certificate.toString("pem")
    }\n`,
  );
  const revoked = [identities["revoked-signer"].certificate];
  const crl = await issueCrl(identities.organisations, revoked, new Date(now.getTime() - 60_000));
  await replaceFile(crlFile, crlPem(crl));
  return {
    root: identities.root,
    organisations: identities.organisations,
    listSigner: identities["list-signer"],
    revokedSigner: identities["revoked-signer"],
    expiredSigner: identities["expired-signer"],
    foreignSigner: identities["foreign-signer"],
    otherRangeSigner: identities["other-range-signer"],
    trustFile,
    crlFile,
  };
}

async function makeAll(now: Date, signerName: string): Promise<Record<Name, Identity>> {
  const authority = await createAuthority(now);
  const foreign = await createAuthority(now);
  const otherRange = await createIntermediate(authority.root, "TEST AC IGC-SANTE ELEMENTAIRE PERSONNES", now);
  const request = {
    purpose: "list-signer",
    commonName: signerName,
    organisation: "SIGNATAIRE DE TEST",
    idNatStruct: "347976684200724",
    department: "Hauts-de-Seine (92)",
    email: "alb@mssante.test",
  } as const;
  const expired = { notBefore: new Date(now.getTime() - 300 * day), notAfter: new Date(now.getTime() - day) };
  return {
    root: authority.root,
    organisations: authority.organisations,
    "list-signer": await issueLeaf(authority.organisations, request, now),
    "revoked-signer": await issueLeaf(authority.organisations, request, now),
    "expired-signer": await issueLeaf(authority.organisations, { ...request, ...expired }, now),
    "foreign-signer": await issueLeaf(foreign.organisations, request, now),
    "other-range-signer": await issueLeaf(otherRange, request, now),
  };
}

async function readAll(directory: string): Promise<Record<Name, Identity> | undefined> {
  const read: Partial<Record<Name, Identity>> = {};
  for (const name of names) {
    const identity = await readIdentity(directory, name);
    if (identity === undefined) return undefined; // never made, or interrupted: made anew
    read[name] = identity;
  }
  return read as Record<Name, Identity>;
}

/** What `writeIdentity` wrote; undefined when one of the two files is not there. */
export async function readIdentity(directory: string, name: string): Promise<Identity | undefined> {
  const certificate = await readFile(join(directory, `${name}.pem`), "utf8").catch(() => undefined);
  const key = await readFile(join(directory, `${name}.key`), "utf8").catch(() => undefined);
  return certificate === undefined || key === undefined ? undefined : await toIdentity(certificate, key);
}

async function toIdentity(certificatePem: string, keyPem: string): Promise<Identity> {
  const certificate = new X509Certificate(certificatePem);
  const encoded = PemConverter.decodeFirst(keyPem);
  const privateKey = await crypto.subtle.importKey("pkcs8", encoded, algorithm, true, ["sign"]);
  const publicKey = await certificate.publicKey.export(algorithm, ["verify"]);
  return { certificate, keys: { privateKey, publicKey } };
}

/** A CRL as PEM, with the label that other programs expect (RFC 7468 §7). */
export function crlPem(crl: X509Crl): string {
  return `${PemConverter.encode(crl.rawData, "X509 CRL")}\n`;
}

/** Private key as PKCS #8 PEM. */
export async function privateKeyPem(identity: Identity): Promise<string> {
  const encoded = await crypto.subtle.exportKey("pkcs8", identity.keys.privateKey);
  return PemConverter.encode(encoded, "PRIVATE KEY");
}

/** Writes `<name>.pem` and `<name>.key`, the key readable by its owner only. */
export async function writeIdentity(directory: string, name: string, identity: Identity): Promise<void> {
  await replaceFile(join(directory, `${name}.key`), `${await privateKeyPem(identity)}\n`, 0o600);
  await replaceFile(join(directory, `${name}.pem`), `${identity.certificate.toString("pem")}\n`);
}

/** A reader sees the old file or the new one, never half of one. */
export async function replaceFile(path: string, text: string, mode = 0o644): Promise<void> {
  await writeFile(`${path}.new`, text, { mode });
  await rename(`${path}.new`, path);
}
