/** The shape of one import, and the search for cycles among many. */

import type { Fault } from "./check-report.ts";

export interface Import {
  /** Importing file, from the root. */
  readonly from: string;
  readonly specifier: string;
  /** Imported file, from the root; undefined for a library. */
  readonly to: string | undefined;
  readonly line: number;
}

/**
 * One fault for each group of files that import each other in a circle, shown on the first file by name. An import of types
 * counts: it does no harm at run time, and whoever reads one of the files has to read them all.
 */
export function findCycles(imports: readonly Import[]): Fault[] {
  const graph = new Map<string, Map<string, number>>();
  for (const { from, to, line } of imports) {
    if (to === undefined || to === from) continue;
    const targets = graph.get(from) ?? new Map<string, number>();
    if (!targets.has(to)) targets.set(to, line);
    graph.set(from, targets);
  }
  const faults: Fault[] = [];
  const seen = new Set<string>();
  for (const start of [...graph.keys()].sort()) {
    if (seen.has(start)) continue;
    const path = shortestWayBack(graph, start);
    if (path === undefined) continue;
    for (const file of path) seen.add(file);
    const line = graph.get(start)?.get(path[1] ?? start) ?? 1;
    faults.push({
      file: start,
      line,
      sentence: `is in a cycle of imports: ${[...path, start].join(" → ")}.`,
    });
  }
  return faults;
}

/** Files of the shortest path from `start` back to itself, beginning with it; undefined when there is none. */
function shortestWayBack(graph: Map<string, Map<string, number>>, start: string): string[] | undefined {
  const previous = new Map<string, string>();
  const queue = [start];
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    for (const next of graph.get(file)?.keys() ?? []) {
      if (next === start) {
        const path = [file];
        for (let at = file; at !== start;) {
          at = previous.get(at) ?? start;
          path.unshift(at);
        }
        return path;
      }
      if (previous.has(next)) continue;
      previous.set(next, file);
      queue.push(next);
    }
  }
  return undefined;
}
