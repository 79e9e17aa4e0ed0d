/** A client certificate that nobody signed: for what reads certificates and checks no chain. */
import "reflect-metadata";
import { ExtendedKeyUsageExtension, X509Certificate, X509CertificateGenerator } from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const clientAuthentication = "1.3.6.1.5.5.7.3.2", serverAuthentication = "1.3.6.1.5.5.7.3.1";

export async function newClientPem(
  wish: { readonly purpose?: "client" | "server"; readonly notAfter?: Date; readonly like?: string } = {},
): Promise<string> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as CryptoKeyPair;
  const certificate = await X509CertificateGenerator.createSelfSigned({
    // A renewal keeps the names of the one before.
    name: wish.like === undefined
      ? [{ C: ["FR"] }, { O: ["CLINIQUE D'ESSAI"] }, { OU: ["1750000123"] }, { CN: [crypto.randomUUID()] }]
      : new X509Certificate(wish.like).subjectName.toJSON(),
    keys,
    serialNumber: crypto.randomUUID().replaceAll("-", ""),
    notBefore: new Date(Date.now() - 86_400_000),
    notAfter: wish.notAfter ?? new Date(Date.now() + 365 * 86_400_000),
    signingAlgorithm: algorithm,
    extensions: [
      new ExtendedKeyUsageExtension([
        wish.purpose === "server" ? serverAuthentication : clientAuthentication,
      ]),
    ],
  });
  return certificate.toString("pem");
}
