/** From which address a request comes, as far as it can be believed. */
import type { Context } from "../context.ts";

/** The caller of a request, as one is counted; "unknown" for what no request asked for. */
export function callerOf({ caller }: Context): string {
  return caller?.address ?? "unknown";
}

/** What Deno.serve hands to the handler; absent in tests. */
interface Connection {
  readonly remoteAddr?: { readonly hostname?: string };
}

/**
 * The caller's address. `X-Forwarded-For` is believed as far as our own proxies wrote it: each adds one entry at the end,
 * what stands before them may be invented (ASVS 4.1.3).
 */
export function callerAddress(
  connection: unknown,
  forwardedFor: string | undefined,
  trustedProxies: number,
): string {
  const peer = (connection as Connection | undefined)?.remoteAddr?.hostname ?? "unknown";
  if (trustedProxies === 0 || forwardedFor === undefined) return peer;
  const entries = forwardedFor.split(",").map((one) => one.trim());
  return entries.at(-trustedProxies) || peer;
}

/** A network, coarse enough that it is nobody's own: `198.51.100.0/24` or `2001:db8:1::/48`; null where the address is unknown. */
export function networkOf(block: string): string | null {
  const four = /^(\d+\.\d+\.\d+)\.\d+$/.exec(block);
  if (four) return `${four[1]}.0/24`;
  const six = /^([0-9a-f]+:[0-9a-f]+:[0-9a-f]+):[0-9a-f]+::\/64$/.exec(block);
  return six ? `${six[1]}::/48` : null;
}

/** What is counted as one caller: an IPv4 address, or the /64 that a host of IPv6 has to itself. */
export function addressBlock(address: string): string {
  const bare = address.replace(/^\[|\]$/g, "").toLowerCase().split("%")[0] ?? "";
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1];
  if (mapped !== undefined) return mapped;
  if (!bare.includes(":")) return /^[\d.]{7,15}$/.test(bare) ? bare : "unknown";
  const [head = "", tail] = bare.split("::");
  const groups = head === "" ? [] : head.split(":");
  const rest = tail === undefined || tail === "" ? [] : tail.split(":");
  const missing = tail === undefined ? 0 : Math.max(0, 8 - groups.length - rest.length);
  const all = [...groups, ...Array<string>(missing).fill("0"), ...rest];
  if (all.length !== 8 || !all.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return "unknown";
  return `${all.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, "")).join(":")}::/64`;
}
