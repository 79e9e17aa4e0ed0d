/**
 * What the edge leaves in the trail: each sign-in with its way and proof, each opening by somebody else than the holder, and
 * refusals with their reasons as far as there is room (api/audit/refusal-room.ts). The log has a line for each.
 */
import { createRefusalRoom, recordAudit, recordOpening } from "../audit/mod.ts";
import type { Actor, Context, Log } from "../context.ts";
import { type HasDatabase, inStructure, inSystem } from "../database/in-tenant.ts";
import { actingPerson } from "../identity/mod.ts";
import { touchLastAuthenticated } from "../mailboxes/mod.ts";
import type { Proof } from "./proof.ts";
import { nameOf } from "./proof.ts";
import { touchProof } from "./queries.ts";
import type { EdgeRefusal } from "./refusal.ts";
import { relationOf, type Service, type StandingRow } from "./standing.ts";

export interface Refused {
  readonly reason: EdgeRefusal;
  readonly service: Service | "check";
  /** As it was written: never kept, only told apart. */
  readonly username: string;
  readonly ip: string;
  readonly mailboxId?: string | undefined;
  readonly structureId?: string | null | undefined;
}

export interface Trace {
  /** In the trail when it resolves; a failure is the failure of the sign-in. */
  accepted(
    row: StandingRow,
    how: { readonly proof: Proof; readonly service: Service; readonly acr?: string; readonly ip: string },
  ): Promise<void>;
  refused(what: Refused): Promise<void>;
}

interface TraceDeps extends HasDatabase {
  readonly now: () => Date;
  readonly log: Log;
}

export function createTrace(deps: TraceDeps): Trace {
  // Apart: who tries names and secrets by the thousand must not hide why somebody with a right proof was refused.
  const rooms = { guesses: createRefusalRoom(deps.now), proven: createRefusalRoom(deps.now) };
  const contextOf = (actor: Actor): Context => ({ ...deps, actor, requestId: crypto.randomUUID() });

  return {
    async accepted(row, { proof, service, acr, ip }) {
      const structureId = row.structure_id ?? "";
      const ctx = contextOf(actorOf(row));
      const relation = relationOf(row);
      await inStructure(ctx, structureId, async (tx) => {
        await recordAudit(tx, ctx, {
          action: "edge.sign-in",
          subject: { kind: "mailbox", id: row.mailbox_id },
          structureId,
          after: {
            service,
            factor: row.kind === "person" ? "pro-sante-connect" : row.kind,
            acr,
            relation,
            appPasswordId: row.password_id ?? undefined,
            certificateId: row.certificate_id ?? undefined,
          },
        });
        await touchProof(tx, proof, ctx.now());
      });
      deps.log.info("edge.sign-in", { service, factor: row.kind, proof: nameOf(proof), ip });
      if (service !== "imap" || relation === undefined) return;
      if (relation !== "delegate") await touchLastAuthenticated(ctx, row.mailbox_id, ctx.now());
      if (relation === "holder") return;
      // A mail client opens many connections, all day: one opening per who, box and day; each sign-in stands beside it.
      const day = ctx.now().toISOString().slice(0, 10);
      await recordOpening(ctx, {
        structureId,
        mailboxId: row.mailbox_id,
        sessionId: `imap ${day} ${proof.kind}:${proof.id}@${proof.mailboxId}`,
        relation,
      });
    },

    async refused({ reason, service, username, ip, mailboxId, structureId }) {
      deps.log.warn("edge.refused", { reason, service, ip, mailboxId });
      const room = structureId === undefined || structureId === null ? rooms.guesses : rooms.proven;
      if (!room.has([reason, service, username, ip], deps.log)) return;
      const ctx = contextOf({ kind: "anonymous" });
      const entry = {
        action: "edge.refuse",
        subject: mailboxId === undefined ? { kind: "edge", id: service } : { kind: "mailbox", id: mailboxId },
        structureId: structureId ?? null,
        after: { service },
        reason,
      } as const;
      if (structureId === undefined || structureId === null) {
        await inSystem(ctx, (tx) => recordAudit(tx, ctx, entry));
      } else await inStructure(ctx, structureId, (tx) => recordAudit(tx, ctx, entry));
    },
  };
}

/** Who acts: the person, also by an app password; a certificate is software. */
function actorOf(row: StandingRow): Actor {
  if (row.kind === "certificate") {
    return {
      kind: "service",
      serviceAccountId: row.id,
      keyId: row.id,
      structureId: row.structure_id ?? "",
      displayName: row.certificate_label ?? "",
      scopes: [],
    };
  }
  return actingPerson({ personId: row.person_id ?? "", displayName: row.person_name ?? "" });
}
