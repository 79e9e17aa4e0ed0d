import type { Action } from "../actions.ts";
import type { Actor, Context } from "../context.ts";
import type { Tx } from "../database/in-tenant.ts";
import { type AuditRow, insertAuditEvents } from "./queries.ts";
import { snapshot } from "./snapshot.ts";

export interface AuditEntry {
  readonly action: Action;
  /** What was acted upon, e.g. `{ kind: "mailbox", id }`. */
  readonly subject: { readonly kind: string; readonly id: string };
  /** The structure in whose trail the row stands; null for acts of the operator and for sign-ins. */
  readonly structureId?: string | null;
  /** The subject before and after; only the fields permitted by `snapshot.ts` are kept. */
  readonly before?: object | null;
  readonly after?: object | null;
  /** The reason that the actor gave, if any. */
  readonly reason?: string | null | undefined;
}

/** Writes the row of one act inside `tx`. A failure here is the failure of the whole act. */
export async function recordAudit(tx: Tx, ctx: Context, entry: AuditEntry): Promise<void> {
  await insertAuditEvents(tx, [toRow(ctx, entry)]);
}

/** The rows of many acts of one actor, in order, in one statement: a batch writes one for each box. */
export async function recordAudits(tx: Tx, ctx: Context, entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length > 0) await insertAuditEvents(tx, entries.map((entry) => toRow(ctx, entry)));
}

/** The row of an act: its actor and time are the context's. */
export function toRow(ctx: Context, entry: AuditEntry): AuditRow {
  return {
    at: ctx.now(),
    structure_id: entry.structureId ?? null,
    ...describeActor(ctx.actor),
    action: entry.action,
    subject_kind: entry.subject.kind,
    subject_id: entry.subject.id,
    before: snapshot(entry.before),
    after: snapshot(entry.after),
    reason: entry.reason ?? null,
    request_id: ctx.requestId,
  };
}

function describeActor(actor: Actor) {
  switch (actor.kind) {
    case "person":
      return {
        actor_kind: "person" as const,
        actor_person_id: actor.personId,
        actor_label: actor.displayName,
      };
    case "service":
      return {
        actor_kind: "service" as const,
        actor_person_id: actor.serviceAccountId,
        actor_label: actor.displayName,
      };
    case "system":
      return { actor_kind: "system" as const, actor_person_id: null, actor_label: actor.job };
    case "anonymous":
      return { actor_kind: "anonymous" as const, actor_person_id: null, actor_label: "" };
  }
}
