/** How long who fails must wait, by the way in. Numbers of our own: no rule says. */

/** The ways in that are guarded. */
export type Way = "imap" | "submission" | "staff" | "token" | "phone";

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
}

export interface GuardSettings {
  readonly ways: Readonly<Record<Way, WaySettings>>;
  /** An address from which so many different accounts fail within the window is reported. It is not refused for that. */
  readonly spraying: { readonly accounts: number; readonly windowSeconds: number };
  /** A pair that has succeeded is not slowed by what others do to its account for as long. */
  readonly trustSeconds: number;
}

/** A secret of 160 bits cannot be guessed: the measure keeps a broken program from asking all day. */
const longSecret: WaySettings = {
  pair: { free: 10, firstSeconds: 1, mostSeconds: 30 },
  account: { free: 100, firstSeconds: 0.1, mostSeconds: 1 },
  counts: "failures",
  forgetSeconds: 900,
};

export const defaultGuardSettings: GuardSettings = {
  ways: {
    imap: longSecret,
    submission: longSecret,
    token: longSecret,
    // A confirmation on somebody's phone: what is measured is how often it rings.
    phone: {
      pair: { free: 4, firstSeconds: 15, mostSeconds: 900 },
      account: { free: 20, firstSeconds: 0.5, mostSeconds: 3 },
      counts: "attempts",
      forgetSeconds: 3_600,
    },
    staff: {
      pair: { free: 5, firstSeconds: 1, mostSeconds: 900 },
      account: { free: 50, firstSeconds: 0.5, mostSeconds: 3 },
      counts: "attempts",
      forgetSeconds: 3_600,
    },
  },
  spraying: { accounts: 20, windowSeconds: 600 },
  trustSeconds: 2_592_000,
};
