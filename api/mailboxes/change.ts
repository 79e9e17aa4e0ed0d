import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { enqueue, mailboxJobKey } from "../database/enqueue.ts";
import { inStructure } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { invalidRequest } from "../problems.ts";
import { reserveMailboxQuota } from "../tenancy/mod.ts";
import { checkResponsible } from "./holder.ts";
import { authoriseOnMailbox } from "./locate.ts";
import { requireOpen } from "./mailbox-states.ts";
import {
  getMailbox,
  getMailboxForUpdate,
  type MailboxChange,
  type MailboxRow,
  writeMailbox,
} from "./queries.ts";
import { toMailboxBody } from "./schemas.ts";

export interface ChangedMailbox {
  readonly displayName?: string | undefined;
  readonly description?: string | undefined;
  readonly service?: string | undefined;
  readonly responsible?: string | undefined;
  readonly quotaBytes?: number | undefined;
  readonly redList?: boolean | undefined;
  readonly preferredRank?: number | null | undefined;
  readonly phone?: string | undefined;
  readonly dematerialisation?: boolean | undefined;
}

/**
 * Changes what a box says of itself and how much it may hold; its address, type and holder never change. Idempotent: what
 * is so already makes no new version.
 * Throws `mailbox-not-found`, `mailbox-closing`, `mailbox-closed`, `version-mismatch`, `quota-bytes-exceeded`,
 * `invalid-request`.
 */
export async function changeMailbox(
  ctx: Context,
  { mailboxId, ifVersion, fields }: {
    readonly mailboxId: string;
    /** The version that the actor saw; undefined = whatever it is. */
    readonly ifVersion?: number | undefined;
    readonly fields: ChangedMailbox;
  },
): Promise<MailboxRow> {
  const structureId = await authoriseOnMailbox(ctx, "mailbox.change", mailboxId);
  return await inStructure(ctx, structureId, async (tx) => {
    if (fields.quotaBytes !== undefined) {
      // The structure's row is locked first, then the box: the order of every writer (api/tenancy/quota.ts).
      const seen = await getMailbox(tx, structureId, mailboxId);
      requireOpen(seen);
      checkVersion(seen.version, ifVersion);
      await reserveMailboxQuota(tx, structureId, { bytes: fields.quotaBytes - seen.quota_bytes });
    }
    const before = await getMailboxForUpdate(tx, structureId, mailboxId);
    requireOpen(before);
    checkVersion(before.version, ifVersion);
    const responsible = checkResponsible({ type: before.type, responsible: fields.responsible ?? "" });
    if (!responsible.ok) {
      throw invalidRequest([{ pointer: `/${responsible.field}`, detail: responsible.reason }]);
    }
    const change = differing(before, toColumns(fields));
    if (Object.keys(change).length === 0) return before;
    const after = await writeMailbox(tx, before, change, ctx.now());
    await recordAudit(tx, ctx, {
      action: "mailbox.change",
      subject: { kind: "mailbox", id: mailboxId },
      structureId,
      before: toMailboxBody(before),
      after: toMailboxBody(after),
    });
    await enqueue(tx, { kind: "apply-mailbox", structureId, mailboxId }, mailboxJobKey(mailboxId));
    return after;
  });
}

function toColumns(fields: ChangedMailbox): MailboxChange {
  return {
    display_name: fields.displayName,
    description: fields.description,
    service: fields.service,
    responsible: fields.responsible,
    quota_bytes: fields.quotaBytes,
    red_list: fields.redList,
    preferred_rank: fields.preferredRank,
    phone: fields.phone,
    dematerialisation: fields.dematerialisation,
  } as MailboxChange;
}

/** The columns that were named and would become something else. */
function differing(before: MailboxRow, change: MailboxChange): MailboxChange {
  return Object.fromEntries(
    Object.entries(change).filter(([column, value]) =>
      value !== undefined && value !== before[column as keyof MailboxRow]
    ),
  );
}
