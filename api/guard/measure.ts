/** What is counted of an attempt, wherever the counts are kept. */
import { createHash } from "node:crypto";
import { addressBlock } from "../http/caller-address.ts";
import type { GuardSettings, Way, WaySettings } from "./settings.ts";

export interface GuardedAttempt {
  readonly way: Way;
  /** Whose secret is tried: a box, a login, a person's id. In clear here, a digest wherever it is counted. */
  readonly account: string;
  /** Where it comes from. */
  readonly address: string;
}

/** An attempt as it is counted: digests alone. */
export interface Counted {
  readonly way: WaySettings;
  /** Milliseconds. */
  readonly now: number;
  readonly account: string;
  readonly address: string;
  readonly pair: string;
  /** All addresses of the way together. */
  readonly everywhere: string;
}

/** How many have failed with it lately; a success takes its own away. */
export interface Failing {
  /** Accounts, from this address. */
  readonly accounts: number;
  /** Addresses, of this account. */
  readonly addresses: number;
  /** From how many accounts the address's are an attack. */
  readonly accountsBound: number;
  /** Accounts, from whatever addresses none of which is an attack by itself. */
  readonly everywhere: number;
  readonly everywhereBound: number;
}

export interface Delay {
  readonly refusedMilliseconds: number;
  readonly slowedMilliseconds: number;
}

/** `undefined` from any of them: what is counted cannot be reached. */
export interface Measure {
  admit(counted: Counted): Promise<Delay | undefined>;
  /** @param isGuess whether it may be part of an attack */
  failed(counted: Counted, isGuess: boolean): Promise<Failing | undefined>;
  succeeded(counted: Counted): Promise<true | undefined>;
  abandoned(counted: Counted): Promise<true | undefined>;
  /** Whether this one is the first to say it in a minute, of all processes. */
  mayReport(what: string, now: number): Promise<boolean | undefined>;
}

/** From how many failing accounts it is an attack, where so many have signed in lately. */
export function boundOf(known: number, least: number, percent: number): number {
  return Math.max(least, known * percent / 100);
}

export const reportEverySeconds = 60;
/** Accounts that have signed in from an address are forgotten after one to two of these. */
export const knownSeconds = 604_800;
/** More than so many accounts or addresses are not told apart: it is long an attack. */
export const mostMembers = 2_000;

export function toCounted(
  { way, account, address }: GuardedAttempt,
  settings: GuardSettings,
  now: Date,
): Counted {
  const whose = account.toLowerCase();
  // Of IPv6 the /64, which one host has to itself.
  const block = addressBlock(address);
  const from = block === "unknown" ? address : block;
  return {
    way: settings.ways[way],
    now: now.getTime(),
    account: digest(way, whose),
    address: digest(way, from),
    pair: digest(way, whose, from),
    everywhere: digest(way),
  };
}

/** JSON: no two different pairs are written alike. */
function digest(...parts: string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url").slice(0, 22);
}
