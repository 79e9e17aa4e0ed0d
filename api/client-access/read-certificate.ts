/** What a client certificate says of itself. Its chain is the business of the TLS library that meets it. */
import { createHash } from "node:crypto";
import "reflect-metadata"; // The X.509 library refuses to start without it.
import { BasicConstraintsExtension, ExtendedKeyUsageExtension, X509Certificate } from "@peculiar/x509";
import { certificateKeys } from "./certificate-name.ts";

export interface ReadCertificate {
  /** As it is shown, in the certificate's order (RFC 4514's escapes). */
  readonly subject: string;
  readonly issuer: string;
  /** As they are compared. */
  readonly subjectKey: string;
  readonly issuerKey: string;
  readonly serial: string;
  readonly sha256: Uint8Array;
  readonly notAfter: Date;
}

type Reading =
  | { readonly ok: true; readonly certificate: ReadCertificate }
  | { readonly ok: false; readonly detail: string };

const clientAuthentication = "1.3.6.1.5.5.7.3.2";

/**
 * Reads a PEM text of one certificate. It must be for clients: GnuTLS, which meets it over submission, does not look.
 */
export function readCertificate(pem: string, now: Date): Reading {
  const no = (detail: string): Reading => ({ ok: false, detail });
  if (pem.includes("PRIVATE KEY")) {
    return no("holds a private key, which stays with its owner: make another one");
  }
  if (pem.match(/-----BEGIN CERTIFICATE-----/g)?.length !== 1) return no("is not one certificate in PEM");
  let read: X509Certificate;
  try {
    read = new X509Certificate(pem);
  } catch {
    return no("is not one certificate in PEM");
  }
  if (read.getExtension(BasicConstraintsExtension)?.ca === true) return no("is an authority's certificate");
  if (!read.getExtension(ExtendedKeyUsageExtension)?.usages.includes(clientAuthentication)) {
    return no("is not for the authentication of a client");
  }
  if (read.notAfter <= now) return no("is out of date");
  const { subject, issuer, serialNumber: serial, notAfter } = read;
  const keys = certificateKeys({ subject, issuer, serial });
  if (keys === undefined) return no("has a subject or an issuer that cannot be read");
  const sha256 = createHash("sha256").update(new Uint8Array(read.rawData)).digest();
  return { ok: true, certificate: { subject, issuer, ...keys, sha256, notAfter } };
}
