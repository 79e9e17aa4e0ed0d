import type { Tx } from "../database/in-tenant.ts";
import { problem } from "../problems.ts";
import { isLastAdministrator } from "./queries.ts";

/**
 * Passes unless this person alone administers the structure. The caller holds the structure's lock, so that of two who go
 * at the same time the second is refused. Throws `last-administrator`.
 */
export async function requireOtherAdministrator(
  tx: Tx,
  structureId: string,
  personId: string,
): Promise<void> {
  if (await isLastAdministrator(tx, structureId, personId)) throw problem("last-administrator");
}
