/**
 * Where a person signs in from: a network and a program, coarse enough to be the same tomorrow. Neither an address nor a
 * version is kept.
 */
import { createHash } from "node:crypto";
import bowser from "bowser";
import type { Caller } from "../context.ts";
import { networkOf } from "../http/caller-address.ts";

export interface Place {
  /** `198.51.100.0/24` or `2001:db8:1::/48`; null where the address is unknown. */
  readonly network: string | null;
  /** `Firefox, Windows`; null where the program says nothing that is understood. */
  readonly browser: string | null;
}

export function placeOf({ address, userAgent }: Caller): Place {
  return { network: networkOf(address), browser: browserOf(userAgent) };
}

/** Names a person's place without telling it: of no use beside another person's. */
export function hashPlace(personId: string, { network, browser }: Place): Uint8Array {
  return createHash("sha256").update(JSON.stringify([personId, network, browser])).digest();
}

/** Programs by what they say of themselves: few say much. */
const known = new Map<string, string | null>();
const maximumKnown = 1_000;

/**
 * Whether a session's cookie is carried by another program than the one that was given it. No browser becomes another or changes
 * its system, or falls silent: somebody has taken the cookie elsewhere.
 */
export function isOtherProgram(browser: string | null, userAgent: string | null): boolean {
  if (browser === null) return false;
  if (userAgent === null) return true;
  let told = known.get(userAgent);
  if (told === undefined) {
    told = browserOf(userAgent);
    if (known.size >= maximumKnown) known.clear();
    known.set(userAgent, told);
  }
  return told !== browser;
}

function browserOf(userAgent: string | null): string | null {
  // A header of any length: what follows names no other program.
  const told = userAgent?.slice(0, 512).trim();
  if (!told) return null;
  const { browser, os } = bowser.parse(told);
  return [browser.name, os.name].filter(Boolean).join(", ").slice(0, 64) || null;
}
