import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { addDays } from "../days.ts";
import { asPlatform, inStructure, inSystem } from "../database/in-tenant.ts";
import { listOpenableMailboxes, may, type OpenableMailbox, requirePerson } from "../identity/mod.ts";
import { authoriseOnMailbox } from "../mailboxes/mod.ts";
import { invalidRequest, problem } from "../problems.ts";
import { getStructure } from "../tenancy/mod.ts";
import { hashAppPassword, newAppPassword } from "./app-password.ts";
import {
  type AppPasswordRow,
  countLiveAppPasswords,
  findAppPassword,
  insertAppPassword,
  listAppPasswords,
  setAppPasswordRevoked,
} from "./queries.ts";

export type AppPasswordScope = "imap" | "submission";

/** Of one person for one box: more are forgotten ones. */
export const maxAppPasswords = 20;

export interface NewAppPassword {
  readonly mailboxId: string;
  /** The program or machine. */
  readonly device: string;
  readonly scopes: readonly AppPasswordScope[];
  /** The longest life when absent. */
  readonly expiresAt?: Date | undefined;
}

/**
 * Gives the person who asks an app password for a box that he opens: never to another, since whoever has it reads the mail. The
 * secret is in this answer and nowhere else: a repetition makes another one.
 *
 * @param longestDays longest life of one
 * Throws `mailbox-not-found` (or `forbidden` to who runs the structure without opening the box), `mailbox-read-only`,
 * `app-password-beyond-right`, `app-passwords-not-allowed`, `app-passwords-too-many`, `invalid-request`.
 */
export async function createAppPassword(
  ctx: Context,
  input: NewAppPassword,
  longestDays: number,
): Promise<{ readonly row: AppPasswordRow; readonly secret: string }> {
  const { personId } = requirePerson(ctx);
  const { mailboxId, device, scopes } = input;
  const box = await findOwnBox(ctx, personId, mailboxId);
  if (box === undefined) {
    await authoriseOnMailbox(ctx, "mailbox.read", mailboxId); // Who sees the box is told that he may not.
    throw problem("forbidden", { action: "app-password.create" });
  }
  if (!box.rights.write) throw problem("mailbox-read-only");
  if (scopes.includes("submission") && !box.rights.sendAs) throw problem("app-password-beyond-right");
  const now = ctx.now();
  const latest = addDays(now, longestDays);
  const expiresAt = input.expiresAt ?? latest;
  if (expiresAt <= now || expiresAt > latest) {
    throw invalidRequest([{ pointer: "/expiresAt", detail: `must lie within the next ${longestDays} days` }]);
  }
  const { structureId } = box;
  return await inStructure(ctx, structureId, async (tx) => {
    if (!(await getStructure(tx, structureId)).app_passwords_allowed) {
      throw problem("app-passwords-not-allowed");
    }
    const whose = { structureId, mailboxId, personId };
    if (await countLiveAppPasswords(tx, whose, now) >= maxAppPasswords) {
      throw problem("app-passwords-too-many", { limit: maxAppPasswords });
    }
    const secret = newAppPassword();
    const id = await insertAppPassword(tx, {
      ...whose,
      device,
      secretHash: hashAppPassword(secret),
      mayImap: scopes.includes("imap"),
      maySubmission: scopes.includes("submission"),
      expiresAt,
      now,
    });
    await recordAudit(tx, ctx, {
      action: "app-password.create",
      subject: { kind: "mailbox", id: mailboxId },
      structureId,
      after: { appPasswordId: id, address: box.address, device, scopes, expiresAt },
    });
    const row = await asPlatform(tx, () => findAppPassword(tx, structureId, mailboxId, id));
    if (row === undefined) throw new Error("an app password that was made is not there");
    return { row, secret };
  });
}

/**
 * The app passwords of a box: to who may see the box's all, else the person's own. Throws `mailbox-not-found`.
 */
export async function readAppPasswords(ctx: Context, mailboxId: string): Promise<AppPasswordRow[]> {
  const { structureId, own } = await locate(ctx, "app-password.read", mailboxId);
  return await inSystem(ctx, (tx) => listAppPasswords(tx, structureId, mailboxId, own));
}

/**
 * Ends an app password, for good: its sessions close within seconds. Idempotent.
 * Throws `mailbox-not-found`, `app-password-not-found`.
 */
export async function revokeAppPassword(
  ctx: Context,
  { mailboxId, appPasswordId }: { readonly mailboxId: string; readonly appPasswordId: string },
): Promise<void> {
  const { structureId, own } = await locate(ctx, "app-password.revoke", mailboxId);
  await inStructure(ctx, structureId, async (tx) => {
    const row = await asPlatform(tx, () => findAppPassword(tx, structureId, mailboxId, appPasswordId));
    if (row === undefined || (own !== undefined && row.person_id !== own)) {
      throw problem("app-password-not-found");
    }
    if (!(await setAppPasswordRevoked(tx, row, ctx.now()))) return;
    await recordAudit(tx, ctx, {
      action: "app-password.revoke",
      subject: { kind: "mailbox", id: mailboxId },
      structureId,
      before: { appPasswordId, address: row.address, device: row.device, personId: row.person_id },
    });
  });
}

/** The structure of the box; `own`: the person who may see and end his own alone. */
async function locate(
  ctx: Context,
  action: "app-password.read" | "app-password.revoke",
  mailboxId: string,
): Promise<{ readonly structureId: string; readonly own: string | undefined }> {
  const { actor } = ctx;
  if (actor.kind === "person") {
    const box = await findOwnBox(ctx, actor.personId, mailboxId);
    if (box !== undefined && !may(actor, action, { structureId: box.structureId })) {
      return { structureId: box.structureId, own: actor.personId };
    }
  }
  return { structureId: await authoriseOnMailbox(ctx, action, mailboxId), own: undefined };
}

async function findOwnBox(
  ctx: Context,
  personId: string,
  mailboxId: string,
): Promise<OpenableMailbox | undefined> {
  return (await listOpenableMailboxes(ctx, personId)).find((one) => one.id === mailboxId);
}
