/** Addresses as people type and paste them. */
import type { EmailAddress } from "#lib/mail/types.ts";

/** What both mail servers and the white list can carry: an ASCII dot-atom and a domain name (RFC 5321 §4.1.2). */
const syntax =
  /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/i;

export function isAddress(text: string): boolean {
  return text.length <= 254 && text.indexOf("@") <= 64 && syntax.test(text);
}

/**
 * Splits typed or pasted text into addresses: `Nom <a@b.test>, c@d.test; e@f.test`. Quoted names may hold commas.
 * Parts without `@` are kept as they are, so that they can be shown as wrong instead of vanishing.
 */
export function parseAddresses(text: string): EmailAddress[] {
  const parts = text.match(/(?:"[^"]*"|[^,;\n])+/g) ?? [];
  return parts.flatMap((part) => {
    const trimmed = part.trim();
    if (trimmed === "") return [];
    const named = /^(.*?)\s*<([^<>]*)>$/.exec(trimmed);
    if (named === null) {
      return /\s/.test(trimmed) && trimmed.includes("@")
        ? trimmed.split(/\s+/).map((email) => ({ name: null, email }))
        : [{ name: null, email: trimmed }];
    }
    const name = (named[1] ?? "").replace(/^"|"$/g, "").trim();
    return [{ name: name === "" ? null : name, email: (named[2] ?? "").trim() }];
  });
}

export function sameAddress(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
