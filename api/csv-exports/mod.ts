/**
 * Lists as CSV files: each stands under its list as `…/export`, with the list's own right, filters and order. Rows are read
 * page by page and streamed, so that a list of any length costs little memory and holds no transaction.
 *
 * What a spreadsheet would take for a formula is written as text (api/http/csv.ts). The mailboxes' columns are those of an
 * import: the file can be changed and sent back, and what was not changed changes nothing.
 */
export { type Columns, pages, toCsv } from "./pages.ts";
