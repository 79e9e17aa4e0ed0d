/** A server certificate of the stand-in, signed by itself: it encrypts on loopback and proves nothing to anybody. */
// @peculiar/x509 wants this polyfill before it is loaded.
import "reflect-metadata";
import * as x509 from "@peculiar/x509";

/** PEM texts. */
export interface ServerCertificate {
  readonly certificate: string;
  readonly privateKey: string;
}

const validDays = 825;

/** Makes a P-256 certificate for the name, `localhost` and 127.0.0.1, valid from yesterday. */
export async function makeServerCertificate(hostName: string, now: Date): Promise<ServerCertificate> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const day = 24 * 60 * 60 * 1000;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: crypto.getRandomValues(new Uint8Array(16)).toHex().replace(/^./, "1"),
    name: [{ CN: [hostName] }],
    notBefore: new Date(now.getTime() - day),
    notAfter: new Date(now.getTime() + validDays * day),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false),
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        x509.ExtendedKeyUsage.clientAuth,
      ]),
      new x509.SubjectAlternativeNameExtension([
        { type: "dns", value: hostName },
        { type: "dns", value: "localhost" },
        { type: "ip", value: "127.0.0.1" },
      ]),
    ],
  }, crypto);
  const key = new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  return {
    certificate: `${certificate.toString("pem").trimEnd()}\n`,
    privateKey: `${x509.PemConverter.encode(key, "PRIVATE KEY").trimEnd()}\n`,
  };
}
