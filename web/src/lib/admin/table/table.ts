/** What a list of the console is made of (data-table.svelte). */

export interface Column<Row> {
  readonly id: string;
  readonly label: () => string;
  /** What stands in the cell, and what is spoken. */
  readonly text: (row: Row) => string;
  /** Field by which the API sorts: `name` is asked as `name` or `-name`. */
  readonly sort?: string;
  /** Width for a CSS grid; `minmax(9rem, 1fr)` when absent. */
  readonly width?: string;
  /** Not shown until it is chosen. */
  readonly isExtra?: boolean;
  /** Shown on a phone under the first column. */
  readonly onPhone?: boolean;
  readonly align?: "end";
}

export interface Filter {
  /** Name of the parameter, in the URL and for the API. */
  readonly id: string;
  readonly label: () => string;
  readonly options: readonly { readonly value: string; readonly label: () => string }[];
}

/** What the URL says, and what the API is asked. */
export interface TableQuery {
  readonly q: string;
  /** Empty: in the list's own order. */
  readonly sort: string;
  readonly filters: Readonly<Record<string, string>>;
}

export interface TableRequest extends TableQuery {
  readonly cursor: string | undefined;
  readonly limit: number;
}

export interface TablePage<Row> {
  readonly items: readonly Row[];
  readonly nextCursor: string | null;
  /** How many there are in all, where the API counts. */
  readonly total?: number | undefined;
}

/** The rows ticked, or with a query all that it finds, those not yet loaded included. */
export type Chosen<Row> = { readonly rows: readonly Row[] } | { readonly query: TableQuery };

/** Something done to many rows; asks by itself (`admin.ask`) and shows what will happen. */
export interface BulkAction<Row> {
  readonly id: string;
  readonly label: () => string;
  readonly isDanger?: boolean;
  readonly run: (chosen: Chosen<Row>, done: () => void) => void;
}

/** The query that a URL says; filters that the list has not, and values that a filter has not, are left out. */
export function queryOf(
  urlSearch: string,
  filters: readonly Filter[],
  columns: readonly Column<never>[],
) {
  const search = new URLSearchParams(urlSearch);
  const sort = search.get("sort") ?? "";
  const sorts = columns.flatMap((column) =>
    column.sort === undefined ? [] : [column.sort, `-${column.sort}`]
  );
  const chosen = filters.flatMap(({ id, options }) => {
    const value = search.get(id);
    return value !== null && options.some((option) => option.value === value) ? [[id, value] as const] : [];
  });
  return {
    q: search.get("q") ?? "",
    sort: sorts.includes(sort) ? sort : "",
    filters: Object.fromEntries(chosen),
  } satisfies TableQuery;
}

/** The URL's search with a change; what is empty is left out, what is not the table's stays. */
export function searchWith(search: string, change: Readonly<Record<string, string>>): string {
  const next = new URLSearchParams(search);
  for (const [name, value] of Object.entries(change)) {
    if (value === "") next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  return text === "" ? "" : `?${text}`;
}

/** The next sort of a column: upwards, downwards, the list's own. */
export function nextSort(current: string, field: string): string {
  if (current === field) return `-${field}`;
  return current === `-${field}` ? "" : field;
}

/** The query as parameters of the API: without what is empty. */
export function asParameters(request: TableRequest): Record<string, string | number> {
  const { q, sort, filters, cursor, limit } = request;
  return {
    limit,
    ...(q.trim() === "" ? {} : { q: q.trim() }),
    ...(sort === "" ? {} : { sort }),
    ...filters,
    ...(cursor === undefined ? {} : { cursor }),
  };
}
