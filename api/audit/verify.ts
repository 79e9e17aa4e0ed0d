/**
 * Verifies the trail while it goes on being written. Page by page, the database says whether each row has the hash that it
 * was sealed with; a page that it does not call whole is read out and followed row by row, so that each place is named. Some
 * pages, by chance, or with `isApart` all of them, are read out and hashed here, so that the database is not believed alone.
 *
 * Each chain is followed up to the end it had at the beginning: rows are
 * only added behind it, so that no long transaction is needed to see one moment.
 */
import { type HasDatabase, inSystem } from "../database/in-tenant.ts";
import type { Anchor } from "./anchors.ts";
import { checkChain, type Fault, type Link, operatorChain, type Span } from "./chain.ts";
import {
  findEnd,
  findWholeSpan,
  type Head,
  listChains,
  listHeads,
  listLinks,
  listUnsealed,
  type Range,
} from "./chain-queries.ts";

export interface VerifyOptions {
  /** What was noted outside the database. */
  readonly anchors?: ReadonlyMap<string, readonly Anchor[]>;
  /** One chain only: a structure's id, or `operatorChain`. */
  readonly chain?: string | undefined;
  /** Links looked at at once. */
  readonly batch?: number;
  /** Hashes every row here, and believes nothing that the database says of a hash. */
  readonly isApart?: boolean;
}

export interface Verdict {
  readonly chains: number;
  readonly rows: number;
  readonly faults: readonly Fault[];
}

/** Faults told of one chain; a chain that was written anew breaks at every row. */
const mostFaults = 1_000;
/** Pages that the database looks at at the same time, each on a connection of its own. */
const readsAhead = 2;
/** Of so many pages one is read out and hashed here: a database that lies about hashes is found within a few runs. */
const onePageOf = 32;

/** Follows every chain. An empty list of faults: no row was changed, removed, put in or moved since it was written. */
export async function verifyTrail(ctx: HasDatabase, options: VerifyOptions = {}): Promise<Verdict> {
  const { anchors = new Map(), chain, batch = 5_000, isApart = false } = options;
  const { heads, linked } = await inSystem(ctx, async (tx) => ({
    heads: new Map((await listHeads(tx, chain)).map((head) => [head.chain, head])),
    linked: chain === undefined ? await listChains(tx) : [chain],
  }));
  const names = chain === undefined ? [...heads.keys(), ...linked, ...anchors.keys()] : [chain];
  const faults: Fault[] = [];
  let rows = 0;
  const all = [...new Set(names)].sort();
  for (const name of all) {
    const found = await verifyChain(ctx, name, heads.get(name), anchors.get(name) ?? [], { batch, isApart });
    rows += found.rows;
    faults.push(...found.faults);
  }
  faults.push(...await findUnsealed(ctx, chain));
  return { chains: all.length, rows, faults };
}

async function verifyChain(
  ctx: HasDatabase,
  chain: string,
  head: Head | undefined,
  anchors: readonly Anchor[],
  { batch, isApart }: { readonly batch: number; readonly isApart: boolean },
): Promise<{ rows: number; faults: readonly Fault[] }> {
  const end = await inSystem(ctx, (tx) => findEnd(tx, chain));
  // Without a head there is no end to trust: whatever is there is read.
  const upTo = head?.seq ?? end.last ?? 0;
  const check = checkChain(chain, anchors);
  const anchored = Map.groupBy(anchors.map(({ seq }) => seq), (seq) => Math.floor((seq - 1) / batch));
  const look = (range: Range) =>
    inSystem(ctx, async (tx): Promise<Span | Link[]> => {
      if (!isApart && Math.random() * onePageOf >= 1) {
        const some = anchored.get(Math.floor(range.after / batch)) ?? [];
        const span = await findWholeSpan(tx, chain, range, some);
        if (span !== undefined) return span;
      }
      return await listLinks(tx, chain, range);
    });
  const waiting: Promise<Span | Link[]>[] = [];
  let rows = 0;
  let asked = 0;
  while (asked < upTo || waiting.length > 0) {
    // The database looks at the next pages, on as many of its processors.
    while (asked < upTo && waiting.length < readsAhead) {
      const range = { after: asked, upTo: Math.min(asked + batch, upTo) };
      const page = look(range);
      page.catch(() => {}); // Thrown below, when its turn comes.
      waiting.push(page);
      asked = range.upTo;
    }
    const page = await waiting.shift() ?? [];
    if (Array.isArray(page)) {
      for (const link of page) check.add(link);
      rows += page.length;
    } else {
      check.addSpan(page);
      rows += page.last.seq - page.first.seq + 1;
    }
  }
  const faults = [...check.end(head)];
  const isBeyond = head !== undefined && end.noted !== end.last && (end.last ?? 0) > head.seq;
  if (isBeyond) faults.push({ kind: "head-differs", chain, seq: end.last });
  return { rows, faults: faults.slice(0, mostFaults) };
}

async function findUnsealed(ctx: HasDatabase, chain: string | undefined): Promise<Fault[]> {
  const structureId = chain === operatorChain ? null : chain;
  const rows = await inSystem(ctx, (tx) => listUnsealed(tx, mostFaults, structureId));
  return rows.map((row) => ({
    kind: "row-unsealed",
    chain: row.structure_id ?? operatorChain,
    seq: null,
    eventId: row.id,
  }));
}

/** The ends of all chains now, to be anchored. */
export async function readHeads(ctx: HasDatabase): Promise<Head[]> {
  return await inSystem(ctx, (tx) => listHeads(tx));
}

/** One sentence per fault, for the person who reads the verdict. */
export function describeFault(fault: Fault): string {
  const place = fault.seq === null ? "" : ` at seq ${fault.seq}`;
  const span = fault.lastSeq === undefined || fault.lastSeq === fault.seq
    ? place
    : ` from seq ${fault.seq} to ${fault.lastSeq}`;
  const row = fault.eventId === undefined ? "" : ` (row id ${fault.eventId})`;
  const chain = fault.chain === operatorChain ? "operator" : fault.chain;
  return `${chain}: ${fault.kind}${span}${row}: ${meaning[fault.kind]}`;
}

const meaning: Readonly<Record<Fault["kind"], string>> = {
  "row-changed": "the row is not the one that was sealed",
  "row-missing": "the row was removed",
  "links-missing": "rows were removed with their links",
  "order-broken": "the row does not follow the one before it: rows were exchanged, removed or put in",
  "tail-cut": "the chain was longer: its end was cut",
  "anchor-differs":
    "the row is not the one that was anchored outside the database: the chain was written anew",
  "head-differs": "the noted end of the chain is not its end",
  "row-unsealed": "the row stands in no chain: it was put in without the platform",
  "format-unknown": "this version of the verifier does not know how the row was sealed",
};
