import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { asPlatform, inPerson, inStructure } from "../database/in-tenant.ts";
import { requirePerson } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { findOpenCase, findStructureOfOwnBox, noteKept, writeCase } from "./case-queries.ts";
import type { CaseRow } from "./queries.ts";

/**
 * "Je garde ma boîte": the holder, or a member, objects; the box counts as opened now and is back in the directory if it
 * had left it. Throws `mailbox-not-found` for anybody else, `inactivity-not-noticed`; `forbidden` for software.
 */
export async function objectToClosing(
  ctx: Context,
  { mailboxId }: { readonly mailboxId: string },
): Promise<CaseRow> {
  const actor = requirePerson(ctx);
  const structureId = await inPerson(
    ctx,
    actor.personId,
    (tx) => findStructureOfOwnBox(tx, actor, mailboxId),
  );
  if (structureId === undefined) throw problem("mailbox-not-found");
  return await inStructure(ctx, structureId, async (tx) => {
    const before = await findOpenCase(tx, structureId, mailboxId);
    if (before === undefined || before.state === "pending") throw problem("inactivity-not-noticed");
    const now = ctx.now();
    const after = await asPlatform(
      tx,
      () => writeCase(tx, before, { state: "objected", decided_at: now, objected_by: actor.personId }),
    );
    await noteKept(tx, structureId, mailboxId, now);
    await recordAudit(tx, ctx, {
      action: "inactivity.object",
      subject: { kind: "mailbox", id: mailboxId },
      structureId,
      before: { state: before.state },
      after: { state: after.state },
    });
    return after;
  });
}
