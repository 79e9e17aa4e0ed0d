import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { enqueue, mailboxJobKey } from "../database/enqueue.ts";
import { inStructure } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { invalidRequest, problem } from "../problems.ts";
import { findDomainByName, requireActiveStructure } from "../tenancy/mod.ts";
import { parseAddress } from "./address.ts";
import { insertAlias } from "./alias-queries.ts";
import { authoriseOnMailbox } from "./locate.ts";
import { requireOpen } from "./mailbox-states.ts";
import { getMailbox, getMailboxForUpdate, type MailboxRow, writeMailbox } from "./queries.ts";
import { toMailboxBody } from "./schemas.ts";

/** Enough for former names and services; each is looked at by every message that leaves. */
export const maxAliases = 50;

/**
 * A further address at which the box receives and from which it may write, in a domain of its structure. It is taken for
 * ever. In force at the commit. Idempotent: an alias that is there already is returned with its box unchanged.
 * Throws `mailbox-not-found`, `mailbox-closing`, `mailbox-closed`, `mailbox-domain-foreign`, `mailbox-address-taken`,
 * `alias-limit-reached`, `structure-suspended`, `structure-closed`, `version-mismatch`, `invalid-request`.
 */
export async function addAlias(
  ctx: Context,
  input: {
    readonly mailboxId: string;
    readonly address: string;
    /** The version of the box that the actor saw; undefined = whatever it is. */
    readonly ifVersion?: number | undefined;
  },
): Promise<MailboxRow> {
  const { mailboxId } = input;
  const structureId = await authoriseOnMailbox(ctx, "mailbox-alias.add", mailboxId);
  const parsed = parseAddress(input.address);
  if (!parsed.ok) throw invalidRequest([{ pointer: "/address", detail: parsed.reason }]);
  const { address, domain: name } = parsed;
  return await inStructure(ctx, structureId, async (tx) => {
    await requireActiveStructure(tx, structureId);
    const domain = await findDomainByName(tx, structureId, name);
    const before = await getMailboxForUpdate(tx, structureId, mailboxId);
    requireOpen(before);
    if (before.aliases.includes(address)) return before;
    checkVersion(before.version, input.ifVersion);
    if (domain?.status !== "active") throw problem("mailbox-domain-foreign", { domain: name });
    if (before.aliases.length >= maxAliases) throw problem("alias-limit-reached", { limit: maxAliases });
    await insertAlias(tx, before, address, ctx.now());
    const after = await writeMailbox(tx, await getMailbox(tx, structureId, mailboxId), {}, ctx.now());
    await recordAudit(tx, ctx, {
      action: "mailbox-alias.add",
      subject: { kind: "mailbox", id: mailboxId },
      structureId,
      before: toMailboxBody(before),
      after: toMailboxBody(after),
    });
    await enqueue(tx, { kind: "apply-mailbox", structureId, mailboxId }, mailboxJobKey(mailboxId));
    return after;
  });
}
