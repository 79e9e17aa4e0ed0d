import type { Action } from "../actions.ts";
import type { Context, PersonActor } from "../context.ts";
import { inSystem } from "../database/in-tenant.ts";
import { authorise, may } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { findDelegationInForce } from "./delegation-queries.ts";
import { type RightColumns, toRightColumns } from "./delegation-rights.ts";
import { findHolderOfMailbox, findStructureOfMailbox } from "./queries.ts";

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

export interface DelegationAuthority {
  readonly structureId: string;
  /** What the actor may give on; undefined = everything (a role over the structure, or the box's holder). */
  readonly limit: RightColumns | undefined;
}

/**
 * The same for the delegations of a box, which beside the roles its holder may give and take, and who manages it by
 * delegation: facts of the database, as who opens a box is.
 */
export async function authoriseOnDelegations(
  ctx: Context,
  action: Action,
  mailboxId: string,
): Promise<DelegationAuthority> {
  const { actor } = ctx;
  const found = await inSystem(ctx, async (tx) => {
    const box = await findHolderOfMailbox(tx, mailboxId);
    if (box === undefined || actor.kind !== "person") return box && { ...box, delegation: undefined };
    const { structureId } = box;
    const delegation = await findDelegationInForce(tx, structureId, mailboxId, actor.personId, ctx.now());
    return { ...box, delegation };
  });
  if (found === undefined) throw problem("mailbox-not-found");
  const { structureId, delegation, holderIdNatPs } = found;
  if (may(ctx.actor, action, { structureId }) || isHolder(actor, holderIdNatPs)) {
    return { structureId, limit: undefined };
  }
  if (delegation?.may_manage) return { structureId, limit: delegation };
  authorise(ctx, action, { structureId });
  return { structureId, limit: toRightColumns([]) };
}

function isHolder(actor: Context["actor"], holderIdNatPs: string | null): actor is PersonActor {
  return actor.kind === "person" && actor.idNatPs !== null && actor.idNatPs === holderIdNatPs;
}
