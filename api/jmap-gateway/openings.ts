/**
 * Who opens a box beside its holder is traced, once per session and box, before anything of the box is answered; and the box
 * remembers when its holder or a member was last there. A session that only listens for changes has opened nothing.
 */
import { recordOpening } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { touchLastAuthenticated } from "../mailboxes/mod.ts";
import type { Box, PersonBoxes } from "./accounts.ts";
import type { JmapRequest } from "./request.ts";

/** Openings this process remembers; a forgotten one costs a query that changes nothing. */
const maxKept = 50_000;

export interface Openings {
  /** To be awaited before the box is answered from. Undefined: there is nothing to wait for. */
  note(ctx: Context, box: Box): Promise<void> | undefined;
  /** The same for every box that a request names. */
  noteRequest(ctx: Context, boxes: PersonBoxes, request: JmapRequest): Promise<unknown> | undefined;
}

export function createOpenings(): Openings {
  const noted = new Map<string, Promise<void> | undefined>();

  function record(ctx: Context, box: Box): Promise<void> | undefined {
    const { actor } = ctx;
    if (actor.kind !== "person" || box.relation === "holder") return undefined;
    const { sessionId } = actor;
    const key = `${sessionId} ${box.id}`;
    if (noted.has(key)) return noted.get(key);
    const { id: mailboxId, structureId, relation } = box;
    const pending = recordOpening(ctx, { structureId, mailboxId, sessionId, relation });
    noted.set(key, pending);
    // A Map keeps the order of insertion: the first is the oldest.
    if (noted.size > maxKept) noted.delete(noted.keys().next().value!);
    pending.then(() => noted.set(key, undefined), () => noted.delete(key));
    return pending;
  }

  function note(ctx: Context, box: Box): Promise<void> | undefined {
    if (box.relation !== "delegate") {
      touchLastAuthenticated(ctx, box.id, ctx.now()).catch((error) =>
        // Inactivity is counted in months: the next call writes it.
        ctx.log.warn("jmap-gateway.not-touched", {
          error: error instanceof Error ? error.message : "unknown",
        })
      );
    }
    return record(ctx, box);
  }

  return {
    note,
    noteRequest(ctx, boxes, request) {
      const named = new Set<Box>();
      for (const [, args] of request.methodCalls) {
        // An account named by a result of another call may be any of the person's.
        if ("#accountId" in args || "#fromAccountId" in args) {
          for (const box of boxes.byAccount.values()) named.add(box);
        }
        for (const accountId of [args.accountId, args.fromAccountId]) {
          const box = typeof accountId === "string" ? boxes.byAccount.get(accountId) : undefined;
          if (box !== undefined) named.add(box);
        }
      }
      const waits = [...named].flatMap((box) => note(ctx, box) ?? []);
      return waits.length === 0 ? undefined : Promise.all(waits);
    },
  };
}
