/**
 * The audit trail: one row per act that changed something, written in the act's own transaction. If the row cannot be
 * written, the act has not happened. The database grants INSERT and SELECT only: no row is ever changed or removed.
 *
 * Snapshots pass through a list of permitted fields, so that neither a secret nor the content of a message can enter.
 */
export { type AuditEntry, recordAudit, recordAudits } from "./record.ts";
