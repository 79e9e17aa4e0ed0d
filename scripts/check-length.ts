/** No source file over 400 lines: past that, a file holds more than one thing and is split by verb. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Fault, listFiles, report } from "./check-report.ts";

export const maximumLines = 400;

const source = /\.(ts|js|mjs|svelte|sql|css|sh)$/;
/** Written by a program or by others: their length is not ours to choose. */
const excluded =
  /(^|\/)(generated|vendor|node_modules|build)\/|(^|\/)api\/database\/schema\.ts$|\.generated\./;

/** Faults of every source file under `root` that is too long. */
export async function checkLength(root: string): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const file of await listFiles(root)) {
    if (!source.test(file) || excluded.test(file)) continue;
    const text = await readFile(join(root, file), "utf8");
    const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
    if (lines > maximumLines) {
      faults.push({
        file,
        line: maximumLines + 1,
        sentence: `has ${lines} lines; the limit is ${maximumLines}: split it by verb.`,
      });
    }
  }
  return faults;
}

if (import.meta.main) await report("check:length", checkLength);
