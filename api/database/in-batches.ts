import { type HasDatabase, inSystem, type Tx } from "./in-tenant.ts";

/**
 * Removes what is old, some at a time: each batch is a transaction of its own, so that no lock is held for long and a worker that is killed
 * has done a part for good. In the platform's scope.
 *
 * @param remove takes away at most `size` rows and says how many; fewer than that were the last
 * @returns how many in all
 */
export async function removeInBatches(
  deps: HasDatabase,
  size: number,
  remove: (tx: Tx, size: number) => Promise<number>,
): Promise<number> {
  let removed = 0;
  for (let last = size; last === size; removed += last) last = await inSystem(deps, (tx) => remove(tx, size));
  return removed;
}
