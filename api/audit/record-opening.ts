import type { Context } from "../context.ts";
import { inStructure } from "../database/in-tenant.ts";
import { insertOpening } from "./queries.ts";
import { toRow } from "./record.ts";

export interface Opening {
  readonly structureId: string;
  readonly mailboxId: string;
  readonly sessionId: string;
  readonly relation: "member" | "delegate";
}

/**
 * Notes that somebody else than its holder opens a box: once per session and box, however often and wherever it is called.
 * The holder sees it (GET /mailboxes/{id}/openings). A failure here is the failure of the opening.
 */
export async function recordOpening(ctx: Context, opening: Opening): Promise<void> {
  const { structureId, mailboxId, sessionId, relation } = opening;
  const row = toRow(ctx, {
    action: "mailbox.open",
    subject: { kind: "mailbox", id: mailboxId },
    structureId,
    after: { mailboxId, sessionId, relation },
  });
  await inStructure(ctx, structureId, (tx) => insertOpening(tx, row));
}
