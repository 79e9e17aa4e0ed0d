/**
 * The pool of connections and the query builder over it. Only `main.ts`, `worker.ts` and the tests open one.
 */
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import type { Database } from "./schema.ts";

/** PostgreSQL's type number of `bigint`. */
const int8 = 20;

export interface DatabaseConfig {
  /** `postgres://role@host:port/database`, without the password. */
  readonly url: string;
  readonly password: string;
  /** Most connections open at once. */
  readonly poolSize: number;
}

/** A pool whose broken connections are replaced in silence: the query that met the break reports it. */
export function createPool(config: DatabaseConfig): pg.Pool {
  const pool = new pg.Pool({
    ...connectionOf(config),
    max: config.poolSize,
    // A request waits for a free connection no longer than a person would.
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    types: {
      // Versions, counts and quotas stay far below 2^53; a string would turn every comparison into a trap.
      getTypeParser: ((oid: number, format?: "text" | "binary") =>
        oid === int8 && format !== "binary" ? Number : pg.types.getTypeParser(oid, format)) as never,
    },
  });
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

/** What `pg` needs to open one connection of its own (the worker's lock). */
export function connectionOf(config: DatabaseConfig): pg.ClientConfig {
  // Beside a connection string `pg` ignores a password given apart.
  const url = new URL(config.url);
  url.password = encodeURIComponent(config.password);
  return { connectionString: url.href };
}

/** The query builder. Its `destroy` ends the pool. */
export function createDatabase(pool: pg.Pool): Kysely<Database> {
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
}
