import { createHash, randomBytes } from "node:crypto";
import { Buffer } from "node:buffer";
import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inStructure } from "../database/in-tenant.ts";
import { problem } from "../problems.ts";
import { authoriseOnMailbox } from "./locate.ts";
import { getMailboxForUpdate, type MailboxRow, setSecretHash } from "./queries.ts";
import { toMailboxBody } from "./schemas.ts";

/**
 * Sets the password by which standard mail clients open this box, until the edge's own sign-in takes over; null = none may.
 * In force at the commit: the mail server reads the hash from its view. The trail says that it changed, never what it is.
 *
 * @param secret long and random, made by the platform and never by a person: that is what makes one round of SHA-512 enough
 * Throws `mailbox-not-found`, `mailbox-closed`.
 */
export async function setClientSecret(
  ctx: Context,
  { mailboxId, secret }: { readonly mailboxId: string; readonly secret: string | null },
): Promise<MailboxRow> {
  const structureId = await authoriseOnMailbox(ctx, "mailbox.set-client-secret", mailboxId);
  return await inStructure(ctx, structureId, async (tx) => {
    const before = await getMailboxForUpdate(tx, structureId, mailboxId);
    if (before.status === "closed") throw problem("mailbox-closed");
    const after = await setSecretHash(tx, before, secret === null ? null : ssha512(secret), ctx.now());
    await recordAudit(tx, ctx, {
      action: "mailbox.set-client-secret",
      subject: { kind: "mailbox", id: mailboxId },
      structureId,
      before: toMailboxBody(before),
      after: toMailboxBody(after),
    });
    return after;
  });
}

/** `{SSHA512}`, the form that both mail servers verify: base64 of SHA-512(secret ‖ salt) ‖ salt. */
function ssha512(secret: string): string {
  const salt = randomBytes(16);
  const digest = createHash("sha512").update(secret).update(salt).digest();
  return `{SSHA512}${Buffer.concat([digest, salt]).toString("base64")}`;
}
