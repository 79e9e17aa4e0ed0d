/** What the gateway may cost (issue 3, "Speed"). Ratios, since a machine's own speed says nothing. */
export const thresholds = {
  firstList: { p95AtMost: 1.15, throughputAtLeast: 0.85 },
  echo: { p95AtMost: 2 },
  /** Memory that an upload of 25 MiB may add to the API process while it flows, in bytes. */
  upload: { addedBytesAtMost: 16 * 1024 * 1024 },
  /** Memory that 50 open event streams may add, and what may come on top while they are fed. */
  streams: { addedBytesAtMost: 32 * 1024 * 1024, driftBytesAtMost: 16 * 1024 * 1024 },
} as const;

/** The audit trail (issue 4, "Speed"). */
export const auditThresholds = { verifiedPerSecondAtLeast: 50_000 } as const;

/** An import of 10 000 boxes on two cores (issue 4, "Speed"). */
export const importThresholds = { secondsAtMost: 60 } as const;

/** 7 000 people searched by name, address or RPPS (issue 4, "Speed"). */
export const peopleSearchThresholds = { p95MillisecondsAtMost: 50 } as const;

/** Lists and reads under row-level security against the same without it (issue 4, "Speed"). */
export const rowSecurityThresholds = { ratioAtLeast: 0.8 } as const;

/** Standard clients at the edge (issue 5, "Done when"). */
export const edgeThresholds = {
  signInsPerSecond: 50,
  signInP95Milliseconds: 150,
  idleSessions: 2_000,
  idlePssBytes: 300 * 1024 * 1024,
  endsWithinSeconds: 5,
} as const;
