/** The name under which an address stands in the MTA's log: the driver looks for it there (submission-trace.ts). */
import { createHmac } from "node:crypto";

/**
 * 64 bits that only the holder of the key can compute: an address at patient.mssante.fr is a number that an unkeyed
 * digest would let guess.
 */
export function nameInLog(key: string, address: string): string {
  const name = createHmac("sha256", key).update(address.toLowerCase()).digest("hex").slice(0, 16);
  return `~${name}`;
}

/** The MTA's key, which both sides draw from the one secret they share. */
export function logKeyOf(jwtKey: string): string {
  return createHmac("sha256", jwtKey.trim()).update("addresses in the MTA's log").digest("hex");
}
