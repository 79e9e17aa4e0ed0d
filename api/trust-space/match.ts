/** Who may be written to: the check before sending, and the match of a peer's certificate. */

import { type HasDatabase, inSystem } from "../database/in-tenant.ts";
import { normaliseDomain, parseAddress } from "./address.ts";
import { normaliseDn } from "./dn.ts";
import { type AddressFacts, listAddressFacts, listDomainDns } from "./queries.ts";

/**
 * - `hosted`: a box of this platform that receives now
 * - `listed`: another operator's domain, in the white list in force
 * - `no-such-mailbox`: a domain of this platform, and no box there that receives (never was, suspended or closed: one answer)
 * - `not-in-trust-space`: a domain outside the white list
 * - `invalid`: not a mail address
 */
export type RecipientStatus = "hosted" | "listed" | "no-such-mailbox" | "not-in-trust-space" | "invalid";

export interface RecipientCheck {
  /** The address as it was asked. */
  readonly address: string;
  readonly status: RecipientStatus;
}

/**
 * Checks recipients in one query, in the order asked, repeated addresses included.
 *
 * The caller has authorised the person: this looks across tenants (whether a colleague's box exists is what every
 * sender learns by sending), and answers one word each.
 */
export async function checkRecipients(
  ctx: HasDatabase,
  addresses: readonly string[],
): Promise<RecipientCheck[]> {
  const parsed = addresses.map((address) => ({ asked: address, found: parseAddress(address) }));
  const wanted = new Map(
    parsed.flatMap(({ found }) => found === undefined ? [] : [[found.address, found] as const]),
  );
  const facts = wanted.size === 0
    ? []
    : await inSystem(ctx, (tx) => listAddressFacts(tx, [...wanted.values()]));
  const statuses = new Map(facts.map((fact) => [fact.address, statusOf(fact)] as const));
  return parsed.map(({ asked, found }) => ({
    address: asked,
    status: found === undefined ? "invalid" : statuses.get(found.address) ?? "not-in-trust-space",
  }));
}

/** Pure. A hosted domain is answered from the boxes alone: the list names its operator, which is this platform. */
export function statusOf(
  { isHostedDomain, hasMailbox, isListed }: Omit<AddressFacts, "address">,
): RecipientStatus {
  if (isHostedDomain) return hasMailbox ? "hosted" : "no-such-mailbox";
  return isListed ? "listed" : "not-in-trust-space";
}

export type PeerMatch = "match" | "unknown-domain" | "other-dn" | "unreadable-dn";

/**
 * Whether the holder of a certificate may speak for a domain: its subject DN must be one of those listed for it.
 * Used in both directions between operators.
 *
 * @param subject the certificate's subject, attributes in whatever order
 */
export async function matchPeer(ctx: HasDatabase, domain: string, subject: string): Promise<PeerMatch> {
  const name = normaliseDomain(domain);
  const dns = name === undefined ? [] : await inSystem(ctx, (tx) => listDomainDns(tx, name));
  if (dns.length === 0) return "unknown-domain";
  const dn = normaliseDn(subject);
  if (dn === undefined) return "unreadable-dn";
  return dns.includes(dn) ? "match" : "other-dn";
}
