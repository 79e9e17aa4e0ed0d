/** Mail addresses and domains, in the one form that is compared and stored. Pure. */

import { domainToASCII } from "node:url";

export interface Address {
  /** `local@domain`, both in lower case, the domain as A-labels. */
  readonly address: string;
  readonly domain: string;
}

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** Dot-atom of RFC 5322 §3.2.3 in ASCII. Quoted local parts exist in no MSSanté address and are a way around filters. */
const localPart = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;

/**
 * A domain as lower-case A-labels (IDNA, UTS 46), or undefined when it is none. At least two labels, none of them
 * longer than 63 characters, 253 in all, no address literal, no final dot.
 */
export function normaliseDomain(text: string): string | undefined {
  // Only letters, digits, marks, hyphens and dots reach the IDNA mapping: it would turn other signs into such.
  if (text.length > 253 || !/^[\p{L}\p{N}\p{M}.-]+$/u.test(text)) return undefined;
  const ascii = domainToASCII(text.normalize("NFC"));
  if (ascii === "" || ascii.length > 253) return undefined;
  const labels = ascii.split(".");
  const isName = labels.length >= 2 && labels.every((one) => label.test(one)) &&
    !/^[0-9]+$/.test(labels.at(-1) ?? "");
  return isName ? ascii : undefined;
}

/**
 * An address as typed, spaces around it tolerated; undefined when it is none. Display names, comments, quotes, source
 * routes and address literals are not: whoever accepts them hands the mail server something else than was checked.
 */
export function parseAddress(text: string): Address | undefined {
  const trimmed = text.trim();
  if (trimmed.length > 254) return undefined;
  const at = trimmed.lastIndexOf("@");
  const local = trimmed.slice(0, at).toLowerCase();
  if (at < 1 || local.length > 64 || !localPart.test(local)) return undefined;
  const domain = normaliseDomain(trimmed.slice(at + 1));
  if (domain === undefined) return undefined;
  const address = `${local}@${domain}`;
  return address.length > 254 ? undefined : { address, domain };
}
