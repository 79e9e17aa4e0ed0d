/**
 * The names of a client certificate in one comparable form, whoever read them: GnuTLS (Exim) writes them in the certificate's
 * order, OpenSSL (nginx) in the reverse; both by RFC 4514, but with names of attributes of their own, and what a library has no
 * name for as an OID with the value's BER encoding in hexadecimal (§2.4).
 */
import { comparableForm, comparableValue, parseDn } from "../trust-space/mod.ts";

export interface CertificateNames {
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
}

/** What OpenSSL, GnuTLS and our own X.509 library call an attribute, in upper case. */
const oids: Readonly<Record<string, string>> = {
  CN: "2.5.4.3",
  COMMONNAME: "2.5.4.3",
  SN: "2.5.4.4",
  SURNAME: "2.5.4.4",
  SERIALNUMBER: "2.5.4.5",
  C: "2.5.4.6",
  L: "2.5.4.7",
  ST: "2.5.4.8",
  STREET: "2.5.4.9",
  STREETADDRESS: "2.5.4.9",
  O: "2.5.4.10",
  OU: "2.5.4.11",
  T: "2.5.4.12",
  TITLE: "2.5.4.12",
  BUSINESSCATEGORY: "2.5.4.15",
  POSTALCODE: "2.5.4.17",
  G: "2.5.4.42",
  GN: "2.5.4.42",
  GIVENNAME: "2.5.4.42",
  I: "2.5.4.43",
  INITIALS: "2.5.4.43",
  DNQUALIFIER: "2.5.4.46",
  DNQ: "2.5.4.46",
  PSEUDONYM: "2.5.4.65",
  ORGANIZATIONIDENTIFIER: "2.5.4.97",
  UID: "0.9.2342.19200300.100.1.1",
  DC: "0.9.2342.19200300.100.1.25",
  // parseDn has brought E and emailAddress to this.
  EMAIL: "1.2.840.113549.1.9.1",
};
/** BER tags of UTF8String, PrintableString, TeletexString, IA5String: each is, or is read as, UTF-8. */
const textTags = new Set([0x0c, 0x13, 0x14, 0x16]);

/** The comparable forms; undefined when one of the three cannot be read: it then equals nothing. */
export function certificateKeys(
  { subject, issuer, serial }: CertificateNames,
): { readonly subjectKey: string; readonly issuerKey: string; readonly serial: string } | undefined {
  const [subjectKey, issuerKey] = [nameKey(subject), nameKey(issuer)];
  const digits = serial.trim().toLowerCase();
  if (subjectKey === undefined || issuerKey === undefined || !/^[0-9a-f]{1,64}$/.test(digits)) {
    return undefined;
  }
  return { subjectKey, issuerKey, serial: digits.replace(/^0+(?=.)/, "") };
}

function nameKey(name: string): string | undefined {
  if (name.includes("\0")) return undefined; // No text of the database.
  const attributes = parseDn(name)?.map(({ type, value }) => {
    const oid = oids[type] ?? type;
    return { type: oid, value: value.startsWith("#") ? decodeBer(value) ?? value : value };
  });
  return attributes === undefined ? undefined : comparableForm(attributes);
}

/** `#0c0548656c6c6f`: a short text; undefined for anything else, which then stands as it is. */
function decodeBer(value: string): string | undefined {
  const hexadecimal = value.slice(1);
  if (!/^(?:[0-9a-f]{2})+$/.test(hexadecimal)) return undefined;
  const bytes = Uint8Array.fromHex(hexadecimal);
  const length = bytes[1] ?? 0;
  if (!textTags.has(bytes[0] ?? 0) || length > 127 || bytes.length !== length + 2) return undefined;
  try {
    return comparableValue(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(2)));
  } catch {
    return undefined; // Another character set: the value is compared as it was written.
  }
}
