/**
 * Reminders before an app password or a certificate of software ends: a mail in the app password's own box, or in the boxes of the
 * structure's administrators (whose console shows it too).
 *
 * One for a thing, a delay and a box: the row is made once, whoever plans it. The mail goes once too: its Message-ID is the row's,
 * the attempt is noted before it is made, and whoever finds an attempt without an end looks in the box for that mail first.
 */
import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { enqueue } from "../database/enqueue.ts";
import { asPlatform, inStructure, inSystem } from "../database/in-tenant.ts";
import type { Notice } from "../mail-server/mod.ts";
import {
  endReminder,
  findReminder,
  listWaitingReminders,
  noteAttempt,
  planAppPasswordReminders,
  planCertificateReminders,
} from "./reminder-queries.ts";
import { reminderOf } from "./reminder-text.ts";

export interface ReminderJob {
  readonly structureId: string;
  readonly reminderId: string;
}

/** How the reminders reach a box (api/mail-server/put-notice.ts). Both throw `MailServerUnavailable`, `MailServerRefused`. */
export interface ReminderPost {
  readonly from: string;
  put(notice: Notice): Promise<void>;
  /** Whether the box has got this mail since then. */
  has(notice: Notice, since: Date): Promise<boolean>;
}

export function reminderJobKey(reminderId: string): string {
  return `expiry-reminder:${reminderId}`;
}

/**
 * Makes the reminders that are due, and a job for each that waits. Of several delays that have passed the shortest counts: who was
 * not told a month before is told once, a week before. A delay that what ends did not live through is none.
 *
 * @param days before the end; none: what waits is sent, and nothing new is planned
 */
export async function planReminders(ctx: Context, days: readonly number[]): Promise<void> {
  await inSystem(ctx, async (tx) => {
    const now = ctx.now();
    if (days.length > 0) {
      await planAppPasswordReminders(tx, days, now);
      await planCertificateReminders(tx, days, now);
    }
    for (const { structure_id: structureId, id: reminderId } of await listWaitingReminders(tx)) {
      await enqueue(
        tx,
        { kind: "send-expiry-reminder", structureId, reminderId },
        reminderJobKey(reminderId),
      );
    }
  });
}

/** Sends one reminder; of what was revoked, withdrawn or renewed meanwhile none. Harmless when repeated, or done by two at once. */
export async function sendReminder(
  ctx: Context,
  { structureId, reminderId }: ReminderJob,
  post: ReminderPost,
): Promise<void> {
  const attemptedAt = await inStructure(
    ctx,
    structureId,
    (tx) => noteAttempt(tx, structureId, reminderId, ctx.now()),
  );
  if (attemptedAt === undefined) return;
  await inStructure(ctx, structureId, async (tx) => {
    // Locked until the end is written: a second worker waits here, and then finds it done.
    const row = await asPlatform(tx, () => findReminder(tx, structureId, reminderId, ctx.now()));
    if (row === undefined) return;
    if (!row.is_wanted) return await endReminder(tx, row, "dropped", ctx.now());
    const notice = { ...reminderOf(row, ctx.now()), address: row.address, from: post.from, id: row.id };
    if (attemptedAt === "now" || !await post.has(notice, attemptedAt)) await post.put(notice);
    await endReminder(tx, row, "sent", ctx.now());
    await recordAudit(tx, ctx, {
      action: row.app_password_id === null ? "client-certificate.remind" : "app-password.remind",
      subject: { kind: "mailbox", id: row.mailbox_id },
      structureId,
      after: {
        appPasswordId: row.app_password_id ?? undefined,
        certificateId: row.client_certificate_id ?? undefined,
        expiresAt: row.ends_at,
      },
    });
  });
}

/** Ends a reminder that the mail server will not take: what ends is shown in the settings and in the console all the same. */
export async function giveUpReminder(ctx: Context, { structureId, reminderId }: ReminderJob): Promise<void> {
  await inStructure(ctx, structureId, async (tx) => {
    const row = await asPlatform(tx, () => findReminder(tx, structureId, reminderId, ctx.now()));
    if (row !== undefined) await endReminder(tx, row, "refused", ctx.now());
  });
}
