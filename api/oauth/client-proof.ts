/** By what a client is known: a program by the addresses of its answers, software by the names of its certificate. */
import { type ReadCertificate, readCertificate } from "../client-access/mod.ts";
import { invalidRequest } from "../problems.ts";

export interface ClientProof {
  readonly redirect_uris?: string;
  readonly subject?: string;
  readonly issuer?: string;
  readonly subject_key?: string;
  readonly issuer_key?: string;
  readonly certificate_expires_at?: Date;
}

/** https, or the loopback of the person's own machine, or a private scheme that names its owner (RFC 8252 §7). */
export function nativeProof(redirectUris: readonly string[]): ClientProof {
  redirectUris.forEach((uri, index) => {
    const url = URL.parse(uri);
    const isPrivate = url !== null && /^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:$/.test(url.protocol);
    const isFine = url !== null && !uri.includes("#") && !url.username && !url.password &&
      (url.protocol === "https:" || isLoopback(url) || isPrivate);
    if (!isFine) {
      throw invalidRequest([{
        pointer: `/redirectUris/${index}`,
        detail: "https, http://127.0.0.1/… or a private scheme such as fr.example.app:/…",
      }]);
    }
  });
  return { redirect_uris: JSON.stringify(redirectUris) };
}

export function certificateProof(pem: string, now: Date): ClientProof {
  const read = readCertificate(pem, now);
  if (!read.ok) throw invalidRequest([{ pointer: "/certificate", detail: read.detail }]);
  return toProof(read.certificate);
}

function toProof({ subject, issuer, subjectKey, issuerKey, notAfter }: ReadCertificate): ClientProof {
  return {
    subject,
    issuer,
    subject_key: subjectKey,
    issuer_key: issuerKey,
    certificate_expires_at: notAfter,
  };
}

/** Character for character (RFC 9700 §2.1), but for the port of a loopback address, which the program learns late. */
export function isRegistered(uri: string, registered: readonly string[]): boolean {
  if (registered.includes(uri)) return true;
  const asked = URL.parse(uri);
  if (asked === null || !isLoopback(asked) || asked.href !== uri) return false;
  return registered.some((one) => {
    const known = URL.parse(one);
    if (known === null || !isLoopback(known)) return false;
    asked.port = known.port;
    return asked.href === known.href;
  });
}

function isLoopback(url: URL): boolean {
  return url.protocol === "http:" && (url.hostname === "127.0.0.1" || url.hostname === "[::1]");
}
