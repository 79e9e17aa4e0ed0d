/**
 * The audit trail: one row per act that changed something, written in the act's own transaction. If the row cannot be
 * written, the act has not happened. The database grants INSERT and SELECT only: no row is ever changed or removed.
 *
 * Each structure's rows form a chain of hashes, as do those of no structure; a deferred trigger appends to it at COMMIT. Who
 * changes, removes, moves or puts in a row afterwards, with whatever rights, is found by `verifyTrail`; anchors, kept outside
 * the database, also tell of a chain that was cut or written anew (docs/verifier-la-trace.md).
 *
 * Snapshots pass through a list of permitted fields, so that neither a secret nor the content of a message can enter.
 */
export { type AuditEntry, recordAudit, recordAudits } from "./record.ts";
export { type Anchor, readAnchors, type UnreadableAnchor, writeAnchors } from "./anchors.ts";
export { type Fault, type Mark, operatorChain } from "./chain.ts";
export { type AuditEventRow, type AuditFilter, listAuditEvents } from "./queries.ts";
export { createRefusalRoom, type RefusalRoom } from "./refusal-room.ts";
export { type Opening, recordOpening } from "./record-opening.ts";
export { auditQuery } from "./schemas.ts";
export { describeFault, readHeads, type Verdict, type VerifyOptions, verifyTrail } from "./verify.ts";
