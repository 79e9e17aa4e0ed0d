/**
 * Batches: many boxes made, changed, suspended, resumed or closed at once, by an import file (CSV) or by one act on boxes
 * that were selected in a list. A batch belongs to one structure.
 *
 * A batch: checking → ready → running → done → undoing → undone; what has not run can be abandoned. Checking is a dry run
 * of every line by the rules of a single change (judge-line.ts): it says what would be created, changed (field by field),
 * closed, left as it is, and what is wrong in which column. A line can be corrected in place, also after it failed.
 *
 * Running judges each line again over rows that it holds locked. A box that somebody has changed since the dry run is left
 * alone and its line fails; so does what the structure's quota no longer holds. Lines are run in chunks, each chunk one
 * transaction {boxes, trail, jobs, outcome of its lines}: a worker killed in between does nothing twice.
 *
 * Undoing takes back in reverse what was done, but for boxes that were changed since. An address that was given stays
 * given: a created box is closed with its mail kept, and creating it again in time opens it again.
 */
export { type BatchJob, checkBatch } from "./check.ts";
export { type LineRow, listLines } from "./line-queries.ts";
export { authoriseOnBatch } from "./locate.ts";
export { getBatch } from "./queries.ts";
export { type BatchSettings, runLines } from "./run-lines.ts";
export { batchParam, lineQuery } from "./schemas.ts";
export { sweepBatches } from "./sweep.ts";
export { undoLines } from "./undo-lines.ts";
