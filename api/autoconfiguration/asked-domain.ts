/** Of which domain a client asks, before anybody has signed in. Pure. */
import { parseDomainName } from "../tenancy/mod.ts";

const serviceLabel = /^(?:autoconfig|autodiscover)\./;

/** The part behind the last `@`, as domains are stored; undefined when it is none. */
export function domainOfAddress(address: string): string | undefined {
  const at = address.lastIndexOf("@");
  if (at < 1 || address.length > 320) return undefined;
  return toDomain(address.slice(at + 1));
}

/**
 * By the address if the client gives one, else by the name of the host that it asks: `autoconfig.<domain>`,
 * `autodiscover.<domain>` or the domain itself.
 */
export function askedDomain(hostname: string, address: string | undefined): string | undefined {
  if (address !== undefined && address.includes("@")) return domainOfAddress(address);
  return toDomain(hostname.toLowerCase().replace(serviceLabel, ""));
}

function toDomain(text: string): string | undefined {
  const parsed = parseDomainName(text.trim().replace(/\.$/, ""));
  return parsed.ok ? parsed.name : undefined;
}
