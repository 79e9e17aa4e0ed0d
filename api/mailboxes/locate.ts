import type { Action } from "../actions.ts";
import type { Context } from "../context.ts";
import { inSystem } from "../database/in-tenant.ts";
import { authorise } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { findStructureOfMailbox } from "./queries.ts";

/**
 * The structure of a box known by its id alone, once the actor may do `action` there. Who may not see the box is told what
 * one is told of a box that does not exist: `mailbox-not-found`.
 */
export async function authoriseOnMailbox(ctx: Context, action: Action, mailboxId: string): Promise<string> {
  const structureId = await inSystem(ctx, (tx) => findStructureOfMailbox(tx, mailboxId));
  if (structureId === undefined) throw problem("mailbox-not-found");
  authorise(ctx, action, { structureId });
  return structureId;
}
