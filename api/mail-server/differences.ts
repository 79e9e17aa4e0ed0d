/**
 * What the stand-in (Cyrus from Debian's packages, with Exim) cannot do that the product's mail server
 * (Stalwart 0.16) does. The only such table: it is shown at start, and a test that needs one of these says
 * `needs Stalwart: …` with the sentence of this table instead of vanishing.
 */

export interface Difference {
  /** Stable name, used by tests. */
  readonly id: DifferenceId;
  /** What Stalwart does and the stand-in does not, as a short sentence. */
  readonly lacks: string;
  /** What happens instead, or who takes care of it. */
  readonly instead: string;
}

const table = {
  "websocket": {
    lacks: "JMAP over WebSocket (RFC 8887)",
    instead: "the session does not announce it; EventSource carries the changes",
  },
  "push-within-100-ms": {
    lacks: "an event within a few milliseconds of the delivery",
    instead: "the server looks once a second",
  },
  "push-of-folders": {
    lacks: "the types Mailbox and Thread in the event of a delivery",
    instead: "an Email event stands for all three",
  },
  "identity-set": {
    lacks: "Identity/set, and identities for a box's further addresses",
    instead: "one identity, the box's own address",
  },
  "delivery-status": {
    lacks: "EmailSubmission.deliveryStatus",
    instead:
      "null; a recipient refused by the MTA fails the whole submission with invalidRecipients, a refused sender with forbiddenToSend",
  },
  "refusal-by-the-server": {
    lacks: "refusing a suspended box that comes by the gateway's own credential",
    instead: "the gateway and the SQL views refuse",
  },
  "account-without-mail": {
    lacks: "creating an account by a management call",
    instead: "the driver signs in once by IMAP as the box, which creates its folders",
  },
  "submission-hook": {
    lacks: "telling the platform of each submission before it is accepted",
    instead: "the MTA's log is searched by Message-ID",
  },
  "queue-over-jmap": {
    lacks: "reading the queue of outgoing mail by a management call",
    instead: "the MTA's own queue",
  },
  "blob-ids-per-box": {
    lacks: "ids of mails and blobs that differ from box to box",
    instead: "identical bytes have the same id in every box: whatever is kept must be kept by (box, id)",
  },
  "state-from-the-future": {
    lacks: "cannotCalculateChanges for a state that was never issued",
    instead: "*/changes accepts it and says nothing changed",
  },
  "search-by-address-part": {
    lacks: "the platform's own search: French stems, accents in names, œ as oe, parts of an address",
    instead: "accents fold in text, not in the names of senders and recipients; no prefixes",
  },
  "download-range": {
    lacks: "ranges of a download",
    instead: "the whole blob",
  },
  "unlock-after-crash": {
    lacks: "rows of locks that a crash leaves behind",
    instead: "nothing to free: the MTA takes its queue up again by itself",
  },
} as const satisfies Record<string, { readonly lacks: string; readonly instead: string }>;

export type DifferenceId = keyof typeof table;

/** Every difference of the stand-in, in the order of the table. */
export const cyrusDifferences: readonly Difference[] = Object.freeze(
  (Object.entries(table) as [DifferenceId, { lacks: string; instead: string }][])
    .map(([id, { lacks, instead }]) => Object.freeze({ id, lacks, instead })),
);

/** The product's own server lacks nothing of the port. */
export const stalwartDifferences: readonly Difference[] = Object.freeze([]);

/** The words a test shows when it cannot run on the server at hand. */
export function needsStalwart(id: DifferenceId): string {
  return `needs Stalwart: ${table[id].lacks}`;
}

/** The lines shown at start; empty when the server lacks nothing. */
export function differenceLines(differences: readonly Difference[]): string[] {
  return differences.map(({ lacks, instead }) => `without ${lacks}: ${instead}`);
}
