/**
 * CSV as administrators make it and read it: in a spreadsheet. Read: UTF-8 or Windows-1252, with or without byte order mark,
 * `;` `,` or tab, cells in quotes (RFC 4180). Written: UTF-8 with its mark and `;`, which a French spreadsheet opens as it
 * stands; a cell that a spreadsheet would take for a formula is written with an apostrophe before it, which reading removes.
 */
import { CsvError, parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";

export interface CsvRow {
  /** Line of the file where the row ends; the header is line 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

export type ReadCsv =
  | { readonly ok: true; readonly header: readonly string[]; readonly rows: readonly CsvRow[] }
  | { readonly ok: false; readonly line: number; readonly reason: string };

/** Longest row: a quote that is never closed must not swallow the file. */
const maxRowLength = 20_000;

/** The header and the rows of a file; empty lines are passed over. */
export function readCsv(bytes: Uint8Array): ReadCsv {
  const text = decode(bytes);
  try {
    const records = parse(text, {
      delimiter: delimiterOf(text),
      info: true,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
      max_record_size: maxRowLength,
    }) as unknown as readonly { readonly info: { readonly lines: number }; readonly record: string[] }[];
    const [first, ...others] = records.filter(({ record }) => record.some((cell) => cell !== ""));
    if (first === undefined) return { ok: false, line: 1, reason: "is empty" };
    const rows = others.map(({ info, record }) => ({
      line: info.lines,
      cells: record.map(withoutApostrophe),
    }));
    return { ok: true, header: first.record, rows };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error.lines === "number" ? error.lines : 1;
    return { ok: false, line, reason: "cannot be read as CSV: look at its quotes" };
  }
}

/** The mark that tells a spreadsheet the encoding: the first thing of a written file. */
export const csvByteOrderMark = "\ufeff";

/** Rows as text, each with its line end. */
export function writeCsvRows(rows: readonly (readonly (string | number | null)[])[]): string {
  return stringify(rows.map((row) => row.map((cell) => cell ?? "")), {
    delimiter: ";",
    record_delimiter: "\r\n",
    escape_formulas: true,
  });
}

/** A file as a stream: the header, then page after page as they are read. */
export function csvStream(
  header: readonly string[],
  pages: AsyncIterable<readonly (readonly (string | number | null)[])[]>,
): ReadableStream<Uint8Array> {
  async function* parts() {
    yield csvByteOrderMark + writeCsvRows([header]);
    for await (const rows of pages) if (rows.length > 0) yield writeCsvRows(rows);
  }
  return ReadableStream.from(parts()).pipeThrough(new TextEncoderStream());
}

function decode(bytes: Uint8Array): string {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  // PostgreSQL keeps no NUL.
  return decodeAs(bytes, isUtf16 ? "utf-16le" : "utf-8").replaceAll("\0", "\ufffd");
}

function decodeAs(bytes: Uint8Array, encoding: string): string {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    // Every sequence of bytes is some text in Windows-1252: what is not UTF-8 was saved by an older spreadsheet.
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** The separator that the first line holds most often, outside quotes. */
function delimiterOf(text: string): string {
  const [first = ""] = text.trimStart().split(/\r?\n|\r/, 1);
  const bare = first.replaceAll(/"[^"]*"/g, "");
  const count = (delimiter: string) => bare.split(delimiter).length;
  return [";", ",", "\t"].reduce((best, one) => count(one) > count(best) ? one : best);
}

/** Undoes what `writeCsvRows` does to a cell that begins like a formula. */
function withoutApostrophe(cell: string): string {
  return cell.replace(/^'(?=[=+\-@\t\r＝＋－＠])/, "");
}
