/**
 * Anchors: the ends of the chains, noted every hour in files outside the database. Whoever writes a chain anew, or cuts
 * its end together with the end that the database notes, must change these files too: the operator keeps them where
 * the database's administrators cannot write (docs/verifier-la-trace.md).
 *
 * One file per day of one JSON object per line, only ever appended to. A chain that has not moved is not noted again by
 * the same process.
 */
import { mkdir, open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Mark } from "./chain.ts";

export interface Anchor extends Mark {
  readonly chain: string;
  readonly at: string;
}

const fileName = /^anchors-\d{4}-\d{2}-\d{2}\.jsonl$/;
const anchorLine = z.object({
  at: z.iso.datetime(),
  chain: z.guid(),
  seq: z.int().min(1),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});

/** Appends the anchors to the day's file and has them on the disk before it answers. */
export async function writeAnchors(
  directory: string,
  at: Date,
  marks: readonly (Mark & { readonly chain: string })[],
): Promise<void> {
  if (marks.length === 0) return;
  await mkdir(directory, { recursive: true, mode: 0o750 });
  const lines = marks.map(({ chain, seq, hash }) =>
    JSON.stringify({ at: at.toISOString(), chain, seq, hash }) + "\n"
  );
  const file = await open(join(directory, `anchors-${at.toISOString().slice(0, 10)}.jsonl`), "a", 0o640);
  try {
    await file.write(lines.join(""));
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A line of an anchor file that is none: it was changed, or a power cut broke it. */
export interface UnreadableAnchor {
  readonly file: string;
  readonly line: number;
}

/** All anchors of the directory by chain, and the lines that could not be read. Throws when there is no such directory. */
export async function readAnchors(
  directory: string,
): Promise<{ readonly byChain: ReadonlyMap<string, Anchor[]>; readonly unreadable: UnreadableAnchor[] }> {
  const byChain = new Map<string, Anchor[]>();
  const unreadable: UnreadableAnchor[] = [];
  const files = (await readdir(directory)).filter((name) => fileName.test(name)).sort();
  for (const file of files) {
    const lines = (await readFile(join(directory, file), "utf8")).split("\n");
    lines.forEach((text, index) => {
      if (text === "") return;
      const anchor = parseLine(text);
      if (anchor === undefined) unreadable.push({ file, line: index + 1 });
      else byChain.set(anchor.chain, [...(byChain.get(anchor.chain) ?? []), anchor]);
    });
  }
  return { byChain, unreadable };
}

function parseLine(text: string): Anchor | undefined {
  try {
    return anchorLine.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
