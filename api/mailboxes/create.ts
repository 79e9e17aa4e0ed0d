import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { enqueue, mailboxJobKey } from "../database/enqueue.ts";
import { asPlatform, inStructure } from "../database/in-tenant.ts";
import { authorise } from "../identity/mod.ts";
import { invalidRequest, problem } from "../problems.ts";
import {
  findDomainByName,
  findOrNotePerson,
  requireActiveStructure,
  reserveMailboxQuota,
} from "../tenancy/mod.ts";
import { parseAddress } from "./address.ts";
import { checkHolder, type MailboxType } from "./holder.ts";
import { insertMailbox, type MailboxRow } from "./queries.ts";
import { toMailboxBody } from "./schemas.ts";

export interface NewMailbox {
  readonly structureId: string;
  readonly address: string;
  readonly type: MailboxType;
  readonly displayName: string;
  readonly description: string;
  readonly service: string;
  readonly responsible: string;
  /** idNat_PS of the sole holder; for PER boxes and no other. */
  readonly holderIdNatPs?: string | undefined;
  /** The structure's own default when nothing is said. */
  readonly quotaBytes?: number | undefined;
  /** Liste rouge: the directory hides it from public search. */
  readonly redList?: boolean | undefined;
  readonly preferredRank?: number | null | undefined;
  readonly phone?: string | undefined;
  /** Zéro papier. */
  readonly dematerialisation?: boolean | undefined;
}

/**
 * Makes a box. Its address is taken for ever; mail is admitted from the commit on, the worker then makes the account.
 * Throws `structure-not-found`, `structure-suspended`, `structure-closed`, `mailbox-domain-foreign`,
 * `mailbox-address-taken`, `quota-mailboxes-exceeded`, `quota-bytes-exceeded`, `invalid-request`.
 */
export async function createMailbox(ctx: Context, input: NewMailbox): Promise<MailboxRow> {
  const { structureId } = input;
  authorise(ctx, "mailbox.create", { structureId });
  const parsed = parseAddress(input.address);
  if (!parsed.ok) throw invalidRequest([{ pointer: "/address", detail: parsed.reason }]);
  const holder = checkHolder(input);
  if (!holder.ok) throw invalidRequest([{ pointer: `/${holder.field}`, detail: holder.reason }]);
  return await inStructure(ctx, structureId, async (tx) => {
    const structure = await requireActiveStructure(tx, structureId);
    const domain = await findDomainByName(tx, structureId, parsed.domain);
    // The same answer for a neighbour's domain and for nobody's.
    if (domain?.status !== "active") throw problem("mailbox-domain-foreign", { domain: parsed.domain });
    const quotaBytes = input.quotaBytes ?? structure.default_mailbox_quota_bytes;
    await reserveMailboxQuota(tx, structureId, { mailboxes: 1, bytes: quotaBytes });
    if (input.holderIdNatPs) {
      // He stands among the structure's people from now on, nameless until his first sign-in.
      const nobodyYet = { idNatPs: input.holderIdNatPs, givenName: "", familyName: "" };
      await asPlatform(tx, () => findOrNotePerson(tx, nobodyYet, ctx.now()));
    }
    const mailbox = await insertMailbox(tx, {
      ...input,
      quotaBytes,
      address: parsed.address,
      domainId: domain.id,
      holderIdNatPs: input.holderIdNatPs ?? null,
      brought: {
        red_list: input.redList,
        preferred_rank: input.preferredRank,
        phone: input.phone,
        dematerialisation: input.dematerialisation,
      },
      now: ctx.now(),
    });
    await recordAudit(tx, ctx, {
      action: "mailbox.create",
      subject: { kind: "mailbox", id: mailbox.id },
      structureId,
      after: toMailboxBody(mailbox),
    });
    await enqueue(
      tx,
      { kind: "apply-mailbox", structureId, mailboxId: mailbox.id },
      mailboxJobKey(mailbox.id),
    );
    return mailbox;
  });
}
