/**
 * Addresses of boxes that are made here. Lower-case ASCII: upper-case letters are taken as lower case, a letter of another
 * alphabet is refused by its name, since an address that looks like a colleague's is a trap.
 *
 * Local part: letters, digits and inner `.`, `_`, `-` (ANS shows `prenom.nom`, `cardiologie`, `serviceY_auto`), 64
 * characters at most (RFC 5321 §4.5.3.1.1). No `+`, which mail servers read as a sub-address, no quoting.
 */
import { foreignCharacter, parseDomainName } from "../tenancy/mod.ts";

export type ParsedAddress =
  | { readonly ok: true; readonly address: string; readonly localPart: string; readonly domain: string }
  | { readonly ok: false; readonly reason: string };

/** Names that mail itself gives a meaning (RFC 2142, RFC 5321 §4.5.1): they belong to the operator, not to a box. */
const reserved = new Set([
  "postmaster",
  "abuse",
  "mailer-daemon",
  "hostmaster",
  "webmaster",
  "noreply",
  "no-reply",
  "root",
]);

export function parseAddress(text: string): ParsedAddress {
  const foreign = foreignCharacter(text);
  if (foreign !== undefined) {
    return { ok: false, reason: `${foreign}: an address is plain ASCII, without accents` };
  }
  const parts = text.toLowerCase().split("@");
  const [localPart = "", domainText = ""] = parts;
  if (parts.length !== 2) return { ok: false, reason: "must have exactly one @" };
  if (localPart === "") return { ok: false, reason: "has nothing before the @" };
  if (localPart.length > 64) return { ok: false, reason: "has more than 64 characters before the @" };
  if (!/^[a-z0-9._-]+$/.test(localPart)) {
    return { ok: false, reason: "may hold letters, digits, dots, hyphens and underscores before the @" };
  }
  if (!/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/.test(localPart)) {
    return { ok: false, reason: "must begin and end with a letter or digit before the @" };
  }
  if (/[._-]{2}/.test(localPart)) return { ok: false, reason: "has two of . _ - in a row before the @" };
  if (reserved.has(localPart)) return { ok: false, reason: "is reserved for the operator" };
  const domain = parseDomainName(domainText);
  if (!domain.ok) return { ok: false, reason: `its domain ${domain.reason}` };
  const address = `${localPart}@${domain.name}`;
  if (address.length > 254) return { ok: false, reason: "is longer than 254 characters" };
  return { ok: true, address, localPart, domain: domain.name };
}

export type NamePart =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: string };

const ligatures: Readonly<Record<string, string>> = { œ: "oe", æ: "ae", ß: "ss", ø: "o", ł: "l", đ: "d" };

/**
 * A person's name as part of an address: `Zoé d'Ormesson-Le Goff` → `zoe`, `dormesson-legoff`. Accents of the Latin
 * alphabet go; a letter of another alphabet is refused by its name, since it may look like a Latin one.
 */
export function localPartOf(name: string): NamePart {
  const plain = name.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase()
    .replace(/[œæßøłđ]/g, (letter) => ligatures[letter] ?? letter)
    .replace(/['’.\s]+/g, "");
  const foreign = foreignCharacter(plain);
  if (foreign !== undefined) return { ok: false, reason: `${foreign}: an address is plain ASCII` };
  const text = plain.replace(/[^a-z0-9-]/g, "").replace(/-+/g, "-").replace(/^-|-$/g, "");
  if (text === "") return { ok: false, reason: "holds no letter that an address could hold" };
  return { ok: true, text };
}
