import { csvStream } from "../http/csv.ts";
import type { PageRequest } from "../http/paginate.ts";

type Cell = string | number | null;

/** A column of an export: its name, and what a row has there. */
export type Columns<Row> = readonly (readonly [name: string, cell: (row: Row) => Cell])[];

const pageSize = 500;

/** The rows of a list page by page, each in a transaction of its own: a long export holds nothing. */
export async function* pages<Row>(
  list: (page: PageRequest) => Promise<readonly Row[]>,
  key: (row: Row) => readonly string[],
): AsyncGenerator<readonly Row[]> {
  let after: readonly string[] | undefined;
  while (true) {
    const rows = await list({ limit: pageSize, after });
    const shown = rows.slice(0, pageSize);
    yield shown;
    const last = shown.at(-1);
    if (rows.length <= pageSize || last === undefined) return;
    after = key(last);
  }
}

/** The file as a stream. Its first page is read here, so that what is refused is answered as a problem and not as half a file. */
export async function toCsv<Row>(
  columns: Columns<Row>,
  rows: AsyncGenerator<readonly Row[]>,
): Promise<ReadableStream<Uint8Array>> {
  const first = await rows.next();
  const toCells = (row: Row) => columns.map(([, cell]) => cell(row));
  async function* all() {
    if (first.done) return;
    yield first.value.map(toCells);
    for await (const page of rows) yield page.map(toCells);
  }
  return csvStream(columns.map(([name]) => name), all());
}

export function toDate(date: Date | null): string {
  return date?.toISOString() ?? "";
}

export function toYesNo(is: boolean): string {
  return is ? "oui" : "non";
}
