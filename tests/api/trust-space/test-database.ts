/** A database of the file's own, and contexts of the worker's job over it. */

import type { Context } from "../../../api/context.ts";
import { createDatabase, createPool } from "../../../api/database/pool.ts";
import { cloneDatabase, type Row } from "../../support/database.ts";

export interface TestDatabase {
  /** The job's context at an instant. */
  contextAt(at: Date): Context;
  /** What stands in the database, read past row-level security. */
  rows(query: string, values?: readonly unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

const silent = { info: () => {}, warn: () => {}, error: () => {} };

export async function openTestDatabase(): Promise<TestDatabase> {
  const database = await cloneDatabase();
  const db = createDatabase(createPool(database.configOf("mss_worker")));
  return {
    contextAt: (at) => ({
      db,
      actor: { kind: "system", job: "refresh-white-list" },
      requestId: crypto.randomUUID(),
      now: () => at,
      log: silent,
    }),
    rows: database.rows,
    close: async () => {
      await db.destroy();
      await database.drop();
    },
  };
}
