/**
 * Mailboxes (BAL): an address in a domain of its structure, of one of four types (TRE_R257-TypeBAL). A personal box (PER)
 * has one holder, known by idNat_PS, and nobody else; a box of an organisation (ORG), of software (APP) or of a practice
 * (CAB) has members.
 *
 * An address, once given, is never given again, whoever had it (table addresses; no role may delete there).
 *
 * A box: active ⇄ suspended, either → closing → closed, and back while its mail is kept (mailbox-states.ts, drawn in
 * docs/mailbox-states.md). Others than its holder and members open it by a delegation with dates. Every change raises
 * `version`; the worker makes the mail server match and notes the version it applied (api/workers). What the mail server
 * lets in follows the SQL views of `mail_directory` at the commit.
 */
export { parseAddress } from "./address.ts";
export { addMember } from "./add-member.ts";
export {
  closeAliases,
  findAddresses,
  insertMailboxes,
  listMailboxesById,
  lockMailboxes,
  type MailboxUpdate,
  type NewMailboxRow,
  updateMailboxes,
} from "./bulk-queries.ts";
export { closeMailbox } from "./close.ts";
export { createMailbox, type NewMailbox } from "./create.ts";
export { checkHolder, type MailboxType } from "./holder.ts";
export { authoriseOnDelegations, authoriseOnMailbox } from "./locate.ts";
export { listMailboxes, type MailboxFilter } from "./list-queries.ts";
export { stateWhenReopened } from "./mailbox-states.ts";
export { getMailbox, type MailboxRow } from "./queries.ts";
export { mailboxChange, mailboxInput, mailboxParam, mailboxQuery, toMailboxBody } from "./schemas.ts";
export { removeMember } from "./remove-member.ts";
export { hasRoom } from "./room.ts";
export { resumeMailbox } from "./resume.ts";
export { suspendMailbox } from "./suspend.ts";
export { addAlias } from "./add-alias.ts";
export { revokeDelegationsOfPerson } from "./delegation-queries.ts";
export { grantDelegation, type NewDelegation } from "./grant-delegation.ts";
export { type MailboxMove, moveMailbox } from "./move.ts";
export { purgeClosedMailboxes } from "./purge.ts";
export { removeAlias } from "./remove-alias.ts";
export { reopenMailbox } from "./reopen.ts";
export { touchLastAuthenticated } from "./touch-last-authenticated.ts";
