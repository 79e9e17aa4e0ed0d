/** Every path that the documentation names exists: a newcomer who follows a map must not meet a wall. */

import { readFile, stat } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { type Fault, lineAt, listFiles, report } from "./check-report.ts";

const documents = /^(README\.md|ARCHITECTURE\.md|docs\/.*\.md|[a-z-]+\/README\.md|infra\/runbooks\/.*\.md)$/;
/** Folders of this repository: a path in code quotes counts as one of ours when it begins with such a folder. */
const rooms = /^(api|web|mailserver|migrations|infra|scripts|tests|load|docs|\.ci)\//;
/** Made at run time, never committed. */
const madeLater = /^(web\/build|\.local|load\/results|web\/src\/lib\/i18n\/generated)(\/|$)/;
const placeholder = /[<>*{}…$]|\.\.\./;

/** Faults of the links `[…](path)` and of the paths in code quotes, in README, ARCHITECTURE and docs. */
export async function checkDocs(root: string): Promise<Fault[]> {
  const files = await listFiles(root);
  const faults: Fault[] = [];
  for (const file of files.filter((path) => documents.test(path))) {
    const text = await readFile(join(root, file), "utf8");
    for (const match of text.matchAll(/\]\(([^()\s]+)\)|`([^`\n]+)`/g)) {
      const cited = citedPath(file, match[1], match[2]);
      if (cited === undefined || await exists(join(root, cited))) continue;
      faults.push({
        file,
        line: lineAt(text, match.index),
        sentence: `names ${cited}, which does not exist.`,
      });
    }
  }
  return faults;
}

/** Path from the root that a link or a code quote names, or undefined when it names no file of ours. */
function citedPath(file: string, link: string | undefined, quote: string | undefined): string | undefined {
  if (link !== undefined) {
    if (/^[a-z][a-z+.-]*:|^#|^\/\//i.test(link)) return undefined;
    const target = decodeURI(link.replace(/[#?].*$/, ""));
    if (target === "" || placeholder.test(target)) return undefined;
    return target.startsWith("/") ? target.slice(1) : normalize(join(dirname(file), target));
  }
  const path = quote?.replace(/^\.\//, "").replace(/[:#]\d+.*$/, "").replace(/[.,;]$/, "");
  if (path === undefined || !rooms.test(path) || /\s/.test(path) || placeholder.test(path)) return undefined;
  return madeLater.test(path) ? undefined : path;
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(() => true, () => false);
}

if (import.meta.main) await report("check:docs", checkDocs);
