import { recordAudit } from "../audit/mod.ts";
import type { Context, PersonActor } from "../context.ts";
import { enqueue } from "../database/enqueue.ts";
import { inOperator } from "../database/in-tenant.ts";
import { onUnique } from "../database/unique.ts";
import { authorise } from "../identity/mod.ts";
import { authoriseOnMailbox, getMailbox } from "../mailboxes/mod.ts";
import { problem } from "../problems.ts";
import { type ExportRow, insertExport } from "./export-queries.ts";

/** Asks for the archive of everything about oneself (art. 15 and 20 RGPD). Throws `export-running`. */
export async function requestOwnExport(
  ctx: Context,
  actor: PersonActor,
  { includeMail }: { readonly includeMail: boolean },
): Promise<ExportRow> {
  authorise(ctx, "export.request-own");
  return await inOperator(ctx, async (tx) => {
    const row = await onUnique(
      "exports__running_person",
      () => problem("export-running"),
      () =>
        insertExport(tx, {
          kind: "person",
          requestedBy: actor.personId,
          personId: actor.personId,
          hasMail: includeMail,
          reason: "",
          createdAt: ctx.now(),
        }),
    );
    await recordAudit(tx, ctx, {
      action: "export.request-own",
      subject: { kind: "export", id: row.id },
      after: { kind: row.kind, personId: actor.personId },
    });
    await enqueue(tx, { kind: "make-export", exportId: row.id });
    return row;
  });
}

/**
 * Asks for the archive of a box's mail: what its structure does before it closes the box for good. Throws
 * `mailbox-not-found`, `mailbox-closed`, `export-running`.
 */
export async function requestMailboxExport(
  ctx: Context,
  actor: PersonActor,
  input: { readonly mailboxId: string; readonly reason: string },
): Promise<ExportRow> {
  const { mailboxId, reason } = input;
  const structureId = await authoriseOnMailbox(ctx, "export.request-mailbox", mailboxId);
  return await inOperator(ctx, async (tx) => {
    const mailbox = await getMailbox(tx, structureId, mailboxId);
    if (mailbox.status === "closed") throw problem("mailbox-closed");
    const row = await onUnique(
      "exports__running_mailbox",
      () => problem("export-running"),
      () =>
        insertExport(tx, {
          kind: "mailbox",
          requestedBy: actor.personId,
          mailbox: { structureId, mailboxId },
          hasMail: true,
          reason,
          createdAt: ctx.now(),
        }),
    );
    await recordAudit(tx, ctx, {
      action: "export.request-mailbox",
      subject: { kind: "mailbox", id: mailboxId },
      structureId,
      after: { kind: row.kind },
      reason,
    });
    await enqueue(tx, { kind: "make-export", exportId: row.id });
    return row;
  });
}
