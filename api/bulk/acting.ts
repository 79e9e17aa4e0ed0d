import type { Actor, Context } from "../context.ts";
import { actingPerson } from "../identity/mod.ts";
import type { BatchRow } from "./queries.ts";

/** An actor as a batch keeps him, to act in his name later. */
export interface Acting {
  readonly kind: "person" | "system" | "service";
  readonly id: string | null;
  readonly label: string;
}

export function actingOf(actor: Actor): Acting {
  switch (actor.kind) {
    case "person":
      return { kind: "person", id: actor.personId, label: actor.displayName };
    case "service":
      return { kind: "service", id: actor.serviceAccountId, label: actor.displayName };
    case "system":
      return { kind: "system", id: null, label: actor.job };
    case "anonymous":
      return { kind: "system", id: null, label: "" };
  }
}

/**
 * The context of a job that runs a batch: the trail names who had it run, and his request. It holds no role: rights were
 * asked when he had it run.
 */
export function actingContext(ctx: Context, batch: BatchRow): Context {
  const requestId = batch.acting_request_id ?? ctx.requestId;
  const displayName = batch.acting_label ?? "";
  const id = batch.acting_id ?? "";
  switch (batch.acting_kind) {
    case "person":
      return {
        ...ctx,
        requestId,
        actor: actingPerson({ personId: id, displayName }),
      };
    case "service":
      return {
        ...ctx,
        requestId,
        actor: {
          kind: "service",
          serviceAccountId: id,
          keyId: "",
          structureId: batch.structure_id,
          displayName,
          scopes: [],
        },
      };
    default:
      return { ...ctx, requestId };
  }
}
