import { readCsv } from "../http/csv.ts";
import type { FieldError } from "../problems.ts";
import { type Cells, type Column, parseColumn } from "./columns.ts";

export interface FileLine {
  readonly line: number;
  readonly cells: Cells;
}

export type ReadFile =
  | { readonly ok: true; readonly lines: readonly FileLine[] }
  | { readonly ok: false; readonly errors: readonly FieldError[] };

/** The lines of an import file. What is wrong with one line is said later, line by line; here only what spoils the file. */
export function readFile(bytes: Uint8Array): ReadFile {
  const csv = readCsv(bytes);
  if (!csv.ok) return { ok: false, errors: [{ pointer: `/lines/${csv.line}`, detail: csv.reason }] };
  const header = csv.header.map(parseColumn);
  const errors = headerErrors(csv.header, header);
  if (csv.rows.length === 0) {
    errors.push({ pointer: "/lines/2", detail: "is missing: there is nothing after the header" });
  }
  const tooWide = csv.rows.find(({ cells }) => cells.length > header.length);
  if (tooWide !== undefined) {
    errors.push({ pointer: `/lines/${tooWide.line}`, detail: "has more cells than the header has columns" });
  }
  if (errors.length > 0) return { ok: false, errors };
  const lines = csv.rows.map(({ line, cells }) => ({ line, cells: toCells(header, cells) }));
  return { ok: true, lines };
}

function headerErrors(
  names: readonly string[],
  header: readonly (Column | "ignored" | undefined)[],
): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  header.forEach((column, place) => {
    const pointer = `/columns/${place + 1}`;
    if (column === undefined) {
      if (names[place] !== "") errors.push({ pointer, detail: "is not a column of an import" });
    } else if (column !== "ignored" && seen.has(column)) {
      errors.push({ pointer, detail: `is a second ${column}` });
    }
    if (column !== undefined) seen.add(column);
  });
  if (!seen.has("adresse")) errors.push({ pointer: "/columns/adresse", detail: "is missing" });
  return errors;
}

function toCells(header: readonly (Column | "ignored" | undefined)[], cells: readonly string[]): Cells {
  const entries = header.flatMap((column, place) =>
    column === undefined || column === "ignored" ? [] : [[column, cells[place] ?? ""] as const]
  );
  return Object.fromEntries(entries);
}
