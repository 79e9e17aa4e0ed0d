/** A database of the file's own, cloned from the migrated template, and contexts of the worker's job over it. */

import pg from "pg";
import { inject } from "vitest";
import type { Context } from "../../../api/context.ts";
import { createDatabase, createPool } from "../../../api/database/pool.ts";
import type {} from "../../support/cluster.setup.ts"; // the type of inject("postgres")

export interface TestDatabase {
  /** The job's context at an instant. */
  contextAt(at: Date): Context;
  /** What stands in the database, read past row-level security. */
  rows(query: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

const silent = { info: () => {}, warn: () => {}, error: () => {} };

export async function openTestDatabase(): Promise<TestDatabase> {
  const { host, port, superuser, passwords, template } = inject("postgres");
  const name = `trust_${crypto.randomUUID().replaceAll("-", "")}`;
  const asSuperuser = { host, port, user: superuser, password: passwords[superuser] ?? "" };
  const run = async (database: string, query: string, values: readonly unknown[] = []) => {
    const client = new pg.Client({ ...asSuperuser, database });
    await client.connect();
    try {
      return (await client.query(query, [...values])).rows as Record<string, unknown>[];
    } finally {
      await client.end();
    }
  };
  await run("postgres", `create database ${name} template ${template}`);
  const url = `postgres://mss_worker@${host}:${port}/${name}`;
  const db = createDatabase(createPool({ url, password: passwords["mss_worker"] ?? "", poolSize: 4 }));
  return {
    contextAt: (at) => ({
      db,
      actor: { kind: "system", job: "refresh-white-list" },
      requestId: crypto.randomUUID(),
      now: () => at,
      log: silent,
    }),
    rows: (query, values) => run(name, query, values),
    close: async () => {
      await db.destroy();
      await run("postgres", `drop database ${name} with (force)`);
    },
  };
}
