import type { Action } from "../actions.ts";
import type { Context } from "../context.ts";
import { inSystem } from "../database/in-tenant.ts";
import { authorise } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { findStructureOfBatch } from "./queries.ts";

/** The structure of a batch known by its id alone, once the actor may do `action` there. Throws `batch-not-found`. */
export async function authoriseOnBatch(ctx: Context, action: Action, batchId: string): Promise<string> {
  const structureId = await inSystem(ctx, (tx) => findStructureOfBatch(tx, batchId));
  if (structureId === undefined) throw problem("batch-not-found");
  authorise(ctx, action, { structureId });
  return structureId;
}
