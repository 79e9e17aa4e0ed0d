import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { Buffer } from "node:buffer";
import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { enqueue } from "../database/enqueue.ts";
import { inStructure } from "../database/in-tenant.ts";
import { problem } from "../problems.ts";
import { getStructure } from "../tenancy/mod.ts";
import { authoriseOnMailbox } from "./locate.ts";
import { requireOpen } from "./mailbox-states.ts";
import { getMailboxForUpdate, type MailboxRow, setSecretHash } from "./queries.ts";
import { toMailboxBody } from "./schemas.ts";

/**
 * Sets the password by which standard mail clients open this box, until the edge's own sign-in takes over; null = none may.
 * Idempotent. In force at the commit: the mail server reads the hash from its view. The trail says that it changed, never what it is.
 *
 * @param secret long and random, made by the platform and never by a person: that is what makes one round of SHA-512 enough
 * Throws `mailbox-not-found`, `mailbox-closing`, `mailbox-closed`, `app-passwords-not-allowed`.
 */
export async function setClientSecret(
  ctx: Context,
  { mailboxId, secret }: { readonly mailboxId: string; readonly secret: string | null },
): Promise<MailboxRow> {
  const structureId = await authoriseOnMailbox(ctx, "mailbox.set-client-secret", mailboxId);
  return await inStructure(ctx, structureId, async (tx) => {
    const before = await getMailboxForUpdate(tx, structureId, mailboxId);
    requireOpen(before);
    if (secret !== null && !(await getStructure(tx, structureId)).app_passwords_allowed) {
      throw problem("app-passwords-not-allowed");
    }
    const isSame = secret === null
      ? before.client_secret_hash === null
      : verifiesSsha512(secret, before.client_secret_hash);
    if (isSame) return before;
    const after = await setSecretHash(tx, before, secret === null ? null : ssha512(secret), ctx.now());
    await recordAudit(tx, ctx, {
      action: "mailbox.set-client-secret",
      subject: { kind: "mailbox", id: mailboxId },
      structureId,
      before: toMailboxBody(before),
      after: toMailboxBody(after),
    });
    // A password that was never used can have let nobody in.
    if (before.client_secret_hash !== null) {
      await enqueue(tx, { kind: "end-sessions", structureId, mailboxId }, `end-sessions:${mailboxId}`);
    }
    return after;
  });
}

/** A new client password: 160 random bits in groups that a person can type into a program once. */
export function newClientSecret(): string {
  const letters = "abcdefghijkmnpqrstuvwxyz23456789"; // 32 of them, none mistaken for another.
  const text = Array.from(randomBytes(32), (byte) => letters[byte % 32]).join("");
  return text.replace(/(.{8})(?=.)/g, "$1-");
}

const prefix = "{SSHA512}";
const digestBytes = 64;

/** `{SSHA512}`, the form that both mail servers verify: base64 of SHA-512(secret ‖ salt) ‖ salt. */
function ssha512(secret: string, salt: Uint8Array = randomBytes(16)): string {
  const digest = createHash("sha512").update(secret).update(salt).digest();
  return prefix + Buffer.concat([digest, salt]).toString("base64");
}

function verifiesSsha512(secret: string, hash: string | null): boolean {
  if (!hash?.startsWith(prefix)) return false;
  const salt = Buffer.from(hash.slice(prefix.length), "base64").subarray(digestBytes);
  const expected = Buffer.from(ssha512(secret, salt));
  const actual = Buffer.from(hash);
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}
