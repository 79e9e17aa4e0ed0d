/** Lists signed by a test authority that lives as long as the test file. */

import {
  type Authority,
  createAuthority,
  createIntermediate,
  type Identity,
  issueCrl,
  issueLeaf,
  type LeafRequest,
} from "../../../mailserver/certificates/authority.ts";
import type { X509Crl } from "../../../mailserver/certificates/x509.ts";
import { type ListEntry, signList, writeList } from "../../../infra/simulated/white-list/sign-list.ts";

export const now = new Date("2026-11-21T08:00:00Z");
export const day = 86_400_000;
export const signerName = "alb.mssante.fr";
export const operatorDn =
  "CN=mss.operateur.mssante.test,OU=312345678900011,O=OPERATEUR DE TEST,ST=Paris (75),C=FR";

export const signerRequest: LeafRequest = {
  purpose: "list-signer",
  commonName: signerName,
  organisation: "SIGNATAIRE DE TEST",
  idNatStruct: "347976684200724",
  department: "Hauts-de-Seine (92)",
};

export interface Signers {
  readonly authority: Authority;
  readonly signer: Identity;
  readonly crl: X509Crl;
}

export async function createSigners(): Promise<Signers> {
  const authority = await createAuthority(now);
  const signer = await issueLeaf(authority.organisations, signerRequest, now);
  return { authority, signer, crl: await issueCrl(authority.organisations, [], now) };
}

export function entriesFor(...domains: string[]): ListEntry[] {
  return domains.map((domain) => ({ domain, dn: operatorDn }));
}

/** A signed list generated `secondsAgo` before `now`. */
export async function signedList(
  signer: Identity,
  entries: readonly ListEntry[],
  secondsAgo = 3600,
): Promise<string> {
  return await signList(writeList(new Date(now.getTime() - secondsAgo * 1000), entries), signer);
}

export const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

export { createAuthority, createIntermediate, issueCrl, issueLeaf, signList, writeList };
