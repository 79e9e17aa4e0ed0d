/** The edge's own server certificate, one for IMAP and SMTP. In development it is signed by itself, made once and kept. */
import { privateDirectory } from "../../scripts/stack/packages.ts";
import type { Account } from "../../scripts/stack/part.ts";
import { makeServerCertificate } from "../mta/certificate.ts";
import { writePrivateFile } from "../mta/private-file.ts";

/** @param directory made when absent; its files belong to `runAs` */
export async function edgeCertificate(
  directory: string,
  hostName: string,
  runAs: Account | undefined,
): Promise<{ certificateFile: string; privateKeyFile: string }> {
  const certificateFile = `${privateDirectory(directory, runAs)}/server.crt`;
  const privateKeyFile = `${directory}/server.key`;
  const isThere = await Deno.stat(certificateFile).then(() => true, () => false);
  if (!isThere) {
    const made = await makeServerCertificate(hostName, new Date());
    await writePrivateFile(privateKeyFile, made.privateKey, runAs);
    await writePrivateFile(certificateFile, made.certificate, runAs);
  }
  return { certificateFile, privateKeyFile };
}
