/** Client certificates of applicative boxes: good ones and every kind of bad one, as IGC-Santé's family is shaped. */
import type { X509Certificate } from "../../../mailserver/certificates/x509.ts";
import {
  createAuthority,
  type Identity,
  issueCrl,
  issueLeaf,
  type LeafRequest,
} from "../../../mailserver/certificates/authority.ts";
import { crlPem, privateKeyPem } from "../../../mailserver/certificates/directory.ts";
import type { ClientIdentity } from "../../support/smtp-client.ts";

export interface TestCertificate extends ClientIdentity {
  /** Lower case hexadecimal, as Exim and the API have it. */
  readonly serial: string;
  readonly der: Uint8Array<ArrayBuffer>;
}

export interface Authorities {
  /** PEM of the authorities that the edge trusts. */
  readonly trusted: string;
  /** PEM of their revocation lists. */
  readonly revocations: string;
  readonly valid: TestCertificate;
  readonly revoked: TestCertificate;
  readonly expired: TestCertificate;
  /** Its authority copies the trusted one's names. */
  readonly foreign: TestCertificate;
  /** Made for a server only. */
  readonly serverOnly: TestCertificate;
}

const day = 86_400_000;

export async function makeAuthorities(): Promise<Authorities> {
  const now = new Date();
  const [ours, theirs] = await Promise.all([createAuthority(now), createAuthority(now)]);
  const request: LeafRequest = {
    purpose: "client",
    commonName: "dpi.hopital.test",
    organisation: "HOPITAL D'ESSAI, SUD",
    idNatStruct: "1750000123",
    department: "Paris (75)",
  };
  const long = { notBefore: new Date(now.getTime() - 20 * day), notAfter: new Date(now.getTime() - day) };
  const [valid, revoked, expired, foreign, serverOnly] = await Promise.all([
    issueLeaf(ours.organisations, request, now),
    issueLeaf(ours.organisations, request, now),
    issueLeaf(ours.organisations, { ...request, ...long }, now),
    issueLeaf(theirs.organisations, request, now),
    issueLeaf(ours.organisations, { ...request, purpose: "server" }, now),
  ]);
  const lists = await Promise.all([
    issueCrl(ours.organisations, [revoked.certificate], now),
    issueCrl(ours.root, [], now),
  ]);
  const own = (identity: Identity) => toPem(identity, ours.organisations);
  return {
    trusted: [ours.root, ours.organisations].map(({ certificate }) => `${certificate.toString("pem")}\n`)
      .join(""),
    revocations: lists.map(crlPem).join(""),
    valid: await own(valid),
    revoked: await own(revoked),
    expired: await own(expired),
    foreign: await toPem(foreign, theirs.organisations),
    serverOnly: await own(serverOnly),
  };
}

async function toPem(identity: Identity, issuer: Identity): Promise<TestCertificate> {
  const chain: X509Certificate[] = [identity.certificate, issuer.certificate];
  return {
    cert: chain.map((certificate) => `${certificate.toString("pem")}\n`).join(""),
    key: await privateKeyPem(identity),
    serial: identity.certificate.serialNumber,
    der: new Uint8Array(identity.certificate.rawData),
  };
}
