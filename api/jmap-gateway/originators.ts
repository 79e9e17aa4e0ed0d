/**
 * Who a message says it is from, and to whom it goes, judged against the box that sends it. Pure.
 *
 * MSSanté lets a box write in its own name only; the mail servers look at the envelope alone (the header may say
 * anything there), so `From` and `Resent-From` must hold addresses of the box and nothing else, and `Sender` that of the box
 * or of the person who sends.
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

/** In whose name the person who sends may do it. */
export interface Originator {
  /** Addresses of the box, which is whom the message is from. */
  readonly box: ReadonlySet<string>;
  /** Addresses of the person himself, for `Sender`. */
  readonly person: ReadonlySet<string>;
  /** Whether he may write as the box; else only on its behalf, and says so in `Sender` (RFC 5322 §3.6.2). */
  readonly mayBeBox: boolean;
}

/**
 * `undefined` when the message is from the box alone, and says who sends it where it must; else the SetError for it.
 *
 * RFC 5322 §3.6.2: `From` names the author, `Sender` the one agent who transmits the message when that is somebody else.
 * The author is always the box; a delegate who may not be the box is the `Sender`, under his own address.
 */
export function checkOriginators(
  fields: readonly HeaderField[],
  { box, person, mayBeBox }: Originator,
): SetError | undefined {
  const forbidden = (description: string): SetError => ({ type: "forbiddenFrom", description });
  const from = valuesOf(fields, "from");
  if (from.length !== 1) return forbidden("A message has exactly one From field.");
  if (valuesOf(fields, "sender").length > 1) return forbidden("A message has at most one Sender field.");
  for (const prefix of ["", "resent-"]) {
    const authors = valuesOf(fields, `${prefix}from`);
    const agents = valuesOf(fields, `${prefix}sender`);
    for (const value of authors) {
      const addresses = parseAddresses(value);
      if (addresses === undefined || addresses.length === 0) {
        return forbidden(`The ${prefix}from field holds no address.`);
      }
      if (!addresses.every((address) => box.has(address))) {
        return forbidden(`The ${prefix}from field holds an address that is not this mailbox's own.`);
      }
      if (addresses.length > 1 && agents.length === 0) {
        return forbidden("A message from several addresses says in Sender which of them sent it.");
      }
    }
    for (const value of agents) {
      const addresses = parseAddresses(value);
      if (addresses?.length !== 1) return forbidden(`The ${prefix}sender field holds one address.`);
      const [agent = ""] = addresses;
      if (!(person.has(agent) || (mayBeBox && box.has(agent)))) {
        return forbidden(
          mayBeBox
            ? `The ${prefix}sender field holds an address that is neither this mailbox's nor the person's own.`
            : `On behalf of this mailbox, the ${prefix}sender field holds the delegate's own address.`,
        );
      }
    }
    if (!mayBeBox && authors.length > agents.length) {
      return forbidden(
        `This mailbox is written from on its behalf: the ${prefix}sender field names the delegate.`,
      );
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
