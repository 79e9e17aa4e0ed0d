/** How long who fails must wait, and what is called an attack, by the way in. Numbers of our own: no rule says. */
import type { AttackSettings, GuardConfig } from "../config-guard.ts";

/** The ways in that are guarded. */
export const ways = ["imap", "submission", "staff", "token", "phone"] as const;
export type Way = (typeof ways)[number];

/** After `free` failures one waits `first` seconds, then twice as long each time, up to `most`. */
export interface Growth {
  readonly free: number;
  readonly firstSeconds: number;
  readonly mostSeconds: number;
}

export interface WaySettings {
  /** Of one account from one address. */
  readonly pair: Growth;
  /** Of one account from whatever address: it slows, and never refuses. */
  readonly account: Growth;
  /**
   * What fills the pair's measure. `attempts`: each admitted one until it has succeeded, so that many at once get no further than
   * one after the other; for secrets short enough to be guessed. `failures`: what failed alone, so that thirty programs
   * that come back together after an outage are all admitted.
   */
  readonly counts: "attempts" | "failures";
  /** Without a failure for as long, everything is forgotten. */
  readonly forgetSeconds: number;
  /** From when failures are an attack; null where an account is nobody's own. */
  readonly attack: {
    /** Different accounts that fail from one address: spraying; so are `everywhereFactor` times as many from any addresses. */
    readonly accounts: number;
    /** Different addresses from which one account fails: guessing. */
    readonly addresses: number;
  } | null;
}

export interface GuardSettings {
  readonly ways: Readonly<Record<Way, WaySettings>>;
  readonly attacks: AttackSettings;
  /** A pair that has succeeded is not slowed by what others do to its account for as long. */
  readonly trustSeconds: number;
}

/** Spraying by many machines, each of which tries a few accounts, is told from the failures of everybody's day by this. */
export const everywhereFactor = 5;

/** Failures that show a broken clock or a long night, and no guess: they are slowed like any other and are part of no attack. */
export const staleReasons: ReadonlySet<string> = new Set(["token-expired", "token-not-yet-valid"]);

export function guardSettings(config: GuardConfig): GuardSettings {
  const { sprayedAccounts, sprayedStaffAccounts, guessingAddresses, ...attacks } = config;
  /** A secret of 160 bits cannot be guessed: the measure keeps a broken program from asking all day. */
  const longSecret: WaySettings = {
    pair: { free: 10, firstSeconds: 1, mostSeconds: 30 },
    account: { free: 100, firstSeconds: 0.1, mostSeconds: 1 },
    counts: "failures",
    forgetSeconds: 900,
    attack: { accounts: sprayedAccounts, addresses: guessingAddresses },
  };
  return {
    ways: {
      imap: longSecret,
      submission: longSecret,
      // What is measured is the token itself, of 256 bits: a hospital's programs may all wake up with one that has ended.
      token: { ...longSecret, attack: null },
      // A confirmation on somebody's phone: what is measured is how often it rings.
      phone: {
        pair: { free: 4, firstSeconds: 15, mostSeconds: 900 },
        account: { free: 20, firstSeconds: 0.5, mostSeconds: 3 },
        counts: "attempts",
        forgetSeconds: 3_600,
        attack: { accounts: sprayedAccounts, addresses: guessingAddresses },
      },
      staff: {
        pair: { free: 5, firstSeconds: 1, mostSeconds: 900 },
        account: { free: 50, firstSeconds: 0.5, mostSeconds: 3 },
        counts: "attempts",
        forgetSeconds: 3_600,
        attack: { accounts: sprayedStaffAccounts, addresses: guessingAddresses },
      },
    },
    attacks,
    trustSeconds: 2_592_000,
  };
}
