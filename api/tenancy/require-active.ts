import type { Tx } from "../database/in-tenant.ts";
import { problem } from "../problems.ts";
import { getStructureForUpdate, type StructureRow } from "./queries.ts";

/**
 * The structure, locked, when something may be made in it. The lock keeps a suspension from passing in between.
 * Throws `structure-not-found`, `structure-suspended`, `structure-closed`.
 */
export async function requireActiveStructure(tx: Tx, structureId: string): Promise<StructureRow> {
  const structure = await getStructureForUpdate(tx, structureId);
  if (structure.status === "suspended") throw problem("structure-suspended");
  if (structure.status === "closed") throw problem("structure-closed");
  return structure;
}
