/**
 * Which addresses a webhook may reach: what is routed on the Internet, and nothing of this machine, its network or the
 * cloud around it (IANA special-purpose registries, RFC 6890). The answer is asked of each address that the name has at the
 * moment of the call, and the connection is made to that very address: a name that changes meanwhile changes nothing.
 */
import { BlockList, isIP } from "node:net";

const special = new BlockList();
for (
  const [network, bits] of [
    ["0.0.0.0", 8],
    ["10.0.0.0", 8],
    ["100.64.0.0", 10],
    ["127.0.0.0", 8],
    ["169.254.0.0", 16],
    ["172.16.0.0", 12],
    ["192.0.0.0", 24],
    ["192.0.2.0", 24],
    ["192.88.99.0", 24],
    ["192.168.0.0", 16],
    ["198.18.0.0", 15],
    ["198.51.100.0", 24],
    ["203.0.113.0", 24],
    ["224.0.0.0", 4],
    ["240.0.0.0", 4],
  ] as const
) special.addSubnet(network, bits, "ipv4");
// Of IPv6 only what is routed at all, without documentation and the tunnels that carry an IPv4 address inside.
const routed = new BlockList();
routed.addSubnet("2000::", 3, "ipv6");
for (const [network, bits] of [["2001::", 23], ["2001:db8::", 32], ["2002::", 16], ["3fff::", 20]] as const) {
  special.addSubnet(network, bits, "ipv6");
}

/** Whether the address, in digits, is one of the Internet's. What is no address is not. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !special.check(address, "ipv4");
  return family === 6 && routed.check(address, "ipv6") && !special.check(address, "ipv6");
}
