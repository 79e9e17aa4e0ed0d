/**
 * Who a message says it is from, and to whom it goes, judged against the box that sends it. Pure.
 *
 * MSSanté lets a box write in its own name only; the mail servers look at the envelope alone (the header may say
 * anything there), so `From`, `Sender` and their `Resent-` kin must hold addresses of the box and nothing else.
 */
import { parseAddresses } from "./mail-addresses.ts";
import { type HeaderField, valuesOf } from "./message-header.ts";

/** A SetError of RFC 8620 §5.3, with the types of RFC 8621 §7.5 and our own members. */
export interface SetError {
  readonly type: string;
  readonly description?: string;
  readonly properties?: readonly string[];
  readonly [member: string]: unknown;
}

/** `undefined` when every originator is an address of the box; else the SetError for this message. */
export function checkOriginators(
  fields: readonly HeaderField[],
  own: ReadonlySet<string>,
): SetError | undefined {
  const forbidden = (description: string): SetError => ({ type: "forbiddenFrom", description });
  const from = valuesOf(fields, "from");
  if (from.length !== 1) return forbidden("A message has exactly one From field.");
  if (valuesOf(fields, "sender").length > 1) return forbidden("A message has at most one Sender field.");
  for (const name of ["from", "sender", "resent-from", "resent-sender"]) {
    for (const value of valuesOf(fields, name)) {
      const addresses = parseAddresses(value);
      if (addresses === undefined || addresses.length === 0) {
        return forbidden(`The ${name} field holds no address.`);
      }
      if (!addresses.every((address) => own.has(address))) {
        return forbidden(`The ${name} field holds an address that is not this mailbox's own.`);
      }
    }
  }
  return undefined;
}

/**
 * Every recipient the header names. RFC 8621 §7.5 takes To, Cc and Bcc for the envelope when none is given.
 * A field that cannot be read is a SetError: nobody knows whom a mail server would find in it.
 */
export function headerRecipients(fields: readonly HeaderField[]): string[] | SetError {
  const recipients: string[] = [];
  for (const name of ["to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc"]) {
    for (const value of valuesOf(fields, name)) {
      const addresses = parseAddresses(value);
      if (addresses === undefined) {
        return {
          type: "invalidEmail",
          properties: [name],
          description: `The ${name} field is no list of addresses.`,
        };
      }
      recipients.push(...addresses);
    }
  }
  return recipients;
}
