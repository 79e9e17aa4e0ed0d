/** Which columns of a list a person looks at; remembered on this machine. */
import type { Column } from "./table.ts";

const key = (table: string) => `mss.admin.columns.${table}`;

export function readColumns<Row>(table: string, columns: readonly Column<Row>[]): ReadonlySet<string> {
  try {
    const kept = JSON.parse(localStorage.getItem(key(table)) ?? "null") as string[] | null;
    if (kept !== null) return new Set(kept.filter((id) => columns.some((column) => column.id === id)));
  } catch {
    localStorage.removeItem(key(table));
  }
  return new Set(columns.filter(({ isExtra }) => isExtra !== true).map(({ id }) => id));
}

export function keepColumns(table: string, shown: ReadonlySet<string>): void {
  localStorage.setItem(key(table), JSON.stringify([...shown]));
}
