/**
 * What is wrong with a chain. Pure: a second hand that hashes what the database's trigger has hashed
 * (migrations/20261121125000_audit-chain.sql), so that neither is believed alone.
 */
import { createHash } from "node:crypto";

/** The chain of what belongs to no structure: acts of the operator, sign-ins. */
export const operatorChain = "00000000-0000-0000-0000-000000000000";
/** Before the first row. */
export const firstHash = "0".repeat(64);

/** A link of the chain with the row it seals. Hashes in hexadecimal. */
export interface Link {
  readonly seq: number;
  readonly eventId: number;
  readonly format: number;
  readonly previousHash: string;
  readonly hash: string;
  /** The row's columns as JSON, from its id on, parted by commas; null where the row is gone. */
  readonly row: string | null;
}

/** Links one after another that were found whole elsewhere: what ties them to the rest. */
export interface Span {
  readonly first: { readonly seq: number; readonly eventId: number; readonly previousHash: string };
  readonly last: Mark;
  /** Those of them that were anchored. */
  readonly anchored: readonly (Mark & { readonly eventId: number })[];
}

/** The end of a chain, as the database says or as an anchor outside it once noted. */
export interface Mark {
  readonly seq: number;
  readonly hash: string;
}

/** What the link's hash must be: of one JSON array without white space, of strings, nulls and integers, as RFC 8785 has it. */
export function hashOf(chain: string, seq: number, previousHash: string, row: string): string {
  return createHash("sha256").update(`["mss-audit-1","${chain}",${seq},"${previousHash}",${row}]`).digest(
    "hex",
  );
}

export type FaultKind =
  /** The row is not what was sealed. */
  | "row-changed"
  /** The link is there, its row is not. */
  | "row-missing"
  /** Links are missing between two that are there. */
  | "links-missing"
  /** The link does not follow the one before it: something was exchanged or put in between. */
  | "order-broken"
  /** Rows at the end are gone: the chain was once longer. */
  | "tail-cut"
  /** The chain is whole in itself and is not the one that was anchored: it was written anew. */
  | "anchor-differs"
  /** The end that the database notes is not the end of its links. */
  | "head-differs"
  /** A row that stands in no chain: it was put in without the trigger. */
  | "row-unsealed"
  /** A format that this program does not know. */
  | "format-unknown";

/** One thing that is wrong, and where. */
export interface Fault {
  readonly kind: FaultKind;
  readonly chain: string;
  /** Place in the chain; the first of several. */
  readonly seq: number | null;
  /** The last of several. */
  readonly lastSeq?: number;
  readonly eventId?: number;
}

export interface ChainCheck {
  /** Takes the next link, in order of `seq`. */
  add(link: Link): void;
  /** Takes the next links at once. */
  addSpan(span: Span): void;
  /** What is wrong, once all links have been taken. */
  end(head: Mark | undefined): readonly Fault[];
}

/**
 * Follows one chain from its beginning.
 *
 * @param anchors what was noted of it outside the database, in any order
 */
export function checkChain(chain: string, anchors: readonly Mark[]): ChainCheck {
  const faults: Fault[] = [];
  const anchored = new Map<number, Set<string>>();
  let highest: Mark = { seq: 0, hash: firstHash };
  for (const one of anchors) {
    anchored.set(one.seq, (anchored.get(one.seq) ?? new Set()).add(one.hash));
    if (one.seq > highest.seq) highest = one;
  }
  let last: Mark = { seq: 0, hash: firstHash };
  const fault = (kind: FaultKind, place: Omit<Fault, "kind" | "chain">) =>
    void faults.push({ kind, chain, ...place });

  const follow = ({ seq, eventId, previousHash }: Span["first"]) => {
    if (seq !== last.seq + 1) fault("links-missing", { seq: last.seq + 1, lastSeq: seq - 1 });
    else if (previousHash !== last.hash) fault("order-broken", { seq, eventId });
  };
  const compare = ({ seq, hash, eventId }: Span["anchored"][number]) => {
    const noted = anchored.get(seq);
    if (noted !== undefined && (noted.size > 1 || !noted.has(hash))) {
      fault("anchor-differs", { seq, eventId });
    }
  };

  return {
    add(link) {
      const { seq, eventId } = link;
      const place = { seq, eventId };
      follow(link);
      if (link.format !== 1) fault("format-unknown", place);
      else if (link.row === null) fault("row-missing", place);
      else if (hashOf(chain, seq, link.previousHash, link.row) !== link.hash) fault("row-changed", place);
      compare(link);
      last = link;
    },
    addSpan(span) {
      follow(span.first);
      for (const one of span.anchored) compare(one);
      last = span.last;
    },
    end(head) {
      const longest = Math.max(head?.seq ?? 0, highest.seq);
      if (longest > last.seq) fault("tail-cut", { seq: last.seq + 1, lastSeq: longest });
      else if (head === undefined ? last.seq > 0 : head.seq !== last.seq || head.hash !== last.hash) {
        fault("head-differs", { seq: last.seq });
      }
      return faults;
    },
  };
}
