/** Addresses as the driver needs them. Pure. */
import { MailServerRefused } from "../port.ts";

export interface AddressParts {
  readonly localPart: string;
  readonly domain: string;
}

/**
 * Splits an address into local part and domain, lower case.
 *
 * `%` and `:` are refused: in a login `a%b` means "box a, signed in by service b", and `:` ends a login in Basic
 * credentials; with either in an address one box could be taken for another.
 *
 * @throws MailServerRefused `invalid-address`
 */
export function splitAddress(address: string): AddressParts {
  const lower = address.toLowerCase();
  const match = /^([^\s@%:"<>(),;\\[\]\p{Cc}]+)@([a-z0-9.-]+)$/u.exec(lower);
  if (match === null) throw new MailServerRefused("invalid-address", "The address cannot name a box.");
  return { localPart: match[1]!, domain: match[2]! };
}
