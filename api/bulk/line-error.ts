/** What may be wrong with one line of a batch: a closed list, for which the web has a sentence. */
export const lineErrorCodes = [
  "required",
  "invalid",
  "unknown-operation",
  "address-taken",
  "domain-foreign",
  "duplicate-line",
  "mailbox-not-found",
  "mailbox-closing",
  "mailbox-closed",
  "column-fixed",
  "changed-meanwhile",
  "quota-mailboxes-exceeded",
  "quota-bytes-exceeded",
  "structure-suspended",
  "structure-closed",
] as const;
export type LineErrorCode = (typeof lineErrorCodes)[number];

export interface LineError {
  /** The column's French name; empty when it is about the line as a whole. */
  readonly column: string;
  readonly code: LineErrorCode;
  /** A neutral English sentence about this occurrence. */
  readonly message: string;
}
