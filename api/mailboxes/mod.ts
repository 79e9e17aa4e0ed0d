/**
 * Mailboxes (BAL): an address in a domain of its structure, of one of four types (TRE_R257-TypeBAL). A personal box (PER)
 * has one holder, known by idNat_PS, and nobody else; a box of an organisation (ORG), of software (APP) or of a practice
 * (CAB) has members.
 *
 * An address, once given, is never given again, whoever had it (table addresses; no role may delete there).
 *
 * A box: active ⇄ suspended → closed. Every change raises `version`; the worker makes the mail server match and notes the
 * version it applied (api/workers). What the mail server lets in follows the SQL views of `mail_directory` at the commit.
 */
export { parseAddress } from "./address.ts";
export { addMember } from "./add-member.ts";
export { createMailbox, type NewMailbox } from "./create.ts";
export { removeMember } from "./remove-member.ts";
export { resumeMailbox } from "./resume.ts";
export { setClientSecret } from "./set-client-secret.ts";
export { suspendMailbox } from "./suspend.ts";
