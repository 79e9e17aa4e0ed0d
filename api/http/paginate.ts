/**
 * Pages by cursor: the cursor holds the sort key of the last row, so that a row created or gone meanwhile moves no other
 * between pages. It is opaque to clients and worth nothing: every page is filtered by right again.
 */
import { invalidRequest } from "../problems.ts";
import { z } from "./openapi.ts";

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50).openapi({
    description: "Most entries of the page",
  }),
  cursor: z.string().max(500).optional().openapi({ description: "`nextCursor` of the page before" }),
});

export interface PageRequest {
  readonly limit: number;
  /** Sort key of the last row of the page before. */
  readonly after: readonly string[] | undefined;
}

/** Throws `invalid-request` for a cursor that is none of ours. `keys`: how many parts the sort key has. */
export function pageRequest(
  query: { limit: number; cursor?: string | undefined },
  keys: number,
): PageRequest {
  if (query.cursor === undefined) return { limit: query.limit, after: undefined };
  const after = decodeCursor(query.cursor);
  if (after === undefined || after.length !== keys) {
    throw invalidRequest([{ pointer: "/query/cursor", detail: "is not a cursor of this list" }]);
  }
  return { limit: query.limit, after };
}

/**
 * The same for a list that can be sorted in several ways: the cursor's first part is the sort it was made for, the next the
 * value that was sorted by, the last what makes the row unique. Throws `invalid-request` when the cursor is of another sort,
 * or `isValue` does not know the value.
 */
export function sortedPageRequest(
  query: { limit: number; cursor?: string | undefined; sort: string },
  isValue: (value: string) => boolean = () => true,
): PageRequest {
  const request = pageRequest(query, 3);
  if (request.after !== undefined && (request.after[0] !== query.sort || !isValue(request.after[1] ?? ""))) {
    throw invalidRequest([{ pointer: "/query/cursor", detail: "is not a cursor of this list and sort" }]);
  }
  return request;
}

/** Cuts the row that was read beyond the page, and makes the cursor when there was one. */
export function page<Row, Body>(
  rows: readonly Row[],
  limit: number,
  key: (row: Row) => readonly string[],
  toBody: (row: Row) => Body,
): { items: Body[]; nextCursor: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const hasMore = rows.length > limit && last !== undefined;
  return { items: shown.map(toBody), nextCursor: hasMore ? encodeCursor(key(last)) : null };
}

/** The shape of a page of `item`. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() });
}

function encodeCursor(key: readonly string[]): string {
  return new TextEncoder().encode(JSON.stringify(key)).toBase64({ alphabet: "base64url", omitPadding: true });
}

function decodeCursor(cursor: string): readonly string[] | undefined {
  try {
    const bytes = Uint8Array.fromBase64(cursor, { alphabet: "base64url" });
    const key: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    // PostgreSQL refuses a NUL in text: such a cursor was not made here.
    const isKey = Array.isArray(key) && key.every((one) => typeof one === "string" && !one.includes("\0"));
    return isKey ? key : undefined;
  } catch {
    return undefined;
  }
}
