/**
 * The client certificate of a request (RFC 8705), as the proxy in front has verified it: chain, dates, revocation list. The proxy
 * proves itself by a key; without it nobody's word about a certificate is taken (ASVS 4.1.3).
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { type ReadCertificate, readCertificate } from "../client-access/mod.ts";
import { isSameSecret } from "../http/same-secret.ts";

export const frontKeyHeader = "x-mss-front-key";
export const certificateHeader = "x-mss-client-certificate";

/** Undefined when there is none, it is not for clients, or nobody is there who may say so. */
export function certificateOf(
  headers: Headers,
  frontKey: string | null,
  now: Date,
): ReadCertificate | undefined {
  const pem = pemOf(headers, frontKey);
  const read = pem === undefined ? undefined : readCertificate(pem, now);
  return read?.ok ? read.certificate : undefined;
}

/** SHA-256 of the certificate alone, in base64: what each request with a bound token is held to. */
export function certificateDigestOf(headers: Headers, frontKey: string | null): string | undefined {
  const body = /^-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$/.exec(
    pemOf(headers, frontKey) ?? "",
  )?.[1];
  if (body === undefined) return undefined;
  return createHash("sha256").update(Buffer.from(body, "base64")).digest("base64");
}

/** Whether the proxy in front of software has sent this on. */
export function comesByFront(headers: Headers, frontKey: string | null): boolean {
  return isSameSecret(headers.get(frontKeyHeader), frontKey);
}

function pemOf(headers: Headers, frontKey: string | null): string | undefined {
  const pem = headers.get(certificateHeader);
  if (pem === null || !comesByFront(headers, frontKey)) return undefined;
  try {
    return decodeURIComponent(pem); // nginx: $ssl_client_escaped_cert
  } catch {
    return undefined;
  }
}
