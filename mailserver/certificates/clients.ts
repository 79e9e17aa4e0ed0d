/**
 * Client certificates of structures, as IGC-Santé's « AUTH_CLI » are: O the structure's name, OU its idNat_Struct, CN free.
 * With them an applicative box signs in. The authorities and their revocation lists lie in files that the edge reads; the
 * root's list is there too, since servers ask for one of each authority of the chain.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Authority, createAuthority, type Identity, issueCrl, issueLeaf } from "./authority.ts";
import { crlPem, readIdentity, replaceFile, writeIdentity } from "./directory.ts";
import type { X509Certificate } from "./x509.ts";

export interface ClientAuthority extends Authority {
  /** The authorities, as PEM. */
  readonly authoritiesFile: string;
  /** A revocation list of each of them, as PEM. */
  readonly crlFile: string;
}

const day = 86_400_000;

/** The authority of `directory`, made when it holds none. Its revocation lists are written anew, valid for 30 days. */
export async function ensureClientAuthority(directory: string, now: Date): Promise<ClientAuthority> {
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const authority = await readAuthority(directory) ?? await makeAuthority(directory, now);
  const authoritiesFile = join(directory, "authorities.pem");
  const chain = [authority.organisations, authority.root].map(({ certificate }) =>
    certificate.toString("pem")
  );
  await replaceFile(authoritiesFile, `${chain.join("\n")}\n`);
  const made = { ...authority, authoritiesFile, crlFile: join(directory, "crl.pem") };
  await revokeClients(made, [], now);
  return made;
}

/** Writes the revocation lists with these certificates on them and no others. Who reads them must be told to. */
export async function revokeClients(
  { root, organisations, crlFile }: ClientAuthority,
  revoked: readonly X509Certificate[],
  now: Date,
): Promise<void> {
  const from = new Date(now.getTime() - 60_000);
  const until = new Date(now.getTime() + 30 * day);
  const lists = [await issueCrl(organisations, revoked, from, until), await issueCrl(root, [], from, until)];
  await replaceFile(crlFile, lists.map(crlPem).join(""));
}

/** A structure's client certificate, written to `<directory>/<name>.pem` and `.key`; an existing one is returned. */
export async function ensureClientCertificate(
  issuer: Identity,
  directory: string,
  name: string,
  structure: { readonly idNatStruct: string; readonly organisation: string },
  now: Date,
): Promise<Identity> {
  const found = await readIdentity(directory, name);
  if (found !== undefined && found.certificate.notAfter > now) return found;
  const made = await issueLeaf(issuer, {
    purpose: "client",
    commonName: name,
    department: "Paris (75)",
    ...structure,
  }, now);
  await writeIdentity(directory, name, made);
  return made;
}

async function readAuthority(directory: string): Promise<Authority | undefined> {
  const root = await readIdentity(directory, "root");
  const organisations = await readIdentity(directory, "organisations");
  return root === undefined || organisations === undefined ? undefined : { root, organisations };
}

async function makeAuthority(directory: string, now: Date): Promise<Authority> {
  const authority = await createAuthority(now);
  await writeIdentity(directory, "organisations", authority.organisations);
  await writeIdentity(directory, "root", authority.root);
  return authority;
}
