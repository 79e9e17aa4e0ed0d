/**
 * Brings a database to the newest form: the SQL files of `migrations/` in order of their time stamp, each in one
 * transaction, forward only, as mss_owner; then the job queue's own schema and ours around it, as mss_worker.
 * Repeatable: a database that is up to date is left alone. Two runs at once wait for each other (Kysely's lock).
 *
 *   deno task migrate --host 127.0.0.1 --port 5432 --database platform \
 *     --owner-password-file <path> --worker-password-file <path>
 */
import { parseArgs } from "node:util";
import { readdir, readFile } from "node:fs/promises";
import { Logger, runMigrations } from "graphile-worker";
import { Kysely, PostgresDialect, sql } from "kysely";
import { type Migration, type MigrationProvider, Migrator } from "kysely/migration";
import pg from "pg";

/** Where the database is. Passwords are values here; the command line takes paths. */
export interface MigrationTarget {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly ownerPassword: string;
  readonly workerPassword: string;
}

/**
 * Migrates `target` and answers the names of the files that were applied now (empty when there was nothing to do).
 * Throws the database's error of the first file that failed; that file has left no trace.
 */
export async function migrateDatabase(target: MigrationTarget): Promise<readonly string[]> {
  const applied = await migrateTables(target);
  await migrateQueue(target);
  return applied;
}

async function migrateTables(target: MigrationTarget): Promise<readonly string[]> {
  const pool = connect(target, "mss_owner", target.ownerPassword);
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    const migrator = new Migrator({
      db,
      provider: new SqlFiles(new URL("../migrations/", import.meta.url)),
      migrationTableSchema: "migrations",
    });
    const { error, results } = await migrator.migrateToLatest();
    if (error !== undefined) throw error;
    return (results ?? []).filter((one) => one.status === "Success").map((one) => one.migrationName);
  } finally {
    await db.destroy();
  }
}

async function migrateQueue(target: MigrationTarget): Promise<void> {
  const pool = connect(target, "mss_worker", target.workerPassword);
  try {
    await runMigrations({ pgPool: pool, logger: new Logger(() => () => {}) });
    // Under a lock: two starts at once would meet in the catalogue ("tuple concurrently updated").
    const client = await pool.connect();
    try {
      await client.query("begin");
      await client.query("select pg_advisory_xact_lock(hashtext('mssante/jobs'))");
      await client.query("create schema if not exists jobs");
      await client.query(await readFile(new URL("../migrations/jobs.sql", import.meta.url), "utf8"));
      await client.query("commit");
    } finally {
      client.release();
    }
  } finally {
    await pool.end();
  }
}

function connect(target: MigrationTarget, user: string, password: string): pg.Pool {
  const { host, port, database } = target;
  const pool = new pg.Pool({ host, port, database, user, password, max: 3 });
  // A broken connection is reported by the query that meets it; unheard, the event would end the process.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

/** The plain SQL files of a folder, `<14 digits>_<name>.sql`, as Kysely migrations without a way back. */
class SqlFiles implements MigrationProvider {
  constructor(private readonly folder: URL) {}

  async getMigrations(): Promise<Record<string, Migration>> {
    const names = (await readdir(this.folder)).filter((name) => /^\d{14}_[a-z0-9-]+\.sql$/.test(name)).sort();
    const migrations: Record<string, Migration> = {};
    for (const name of names) {
      const text = await readFile(new URL(name, this.folder), "utf8");
      migrations[name.slice(0, -".sql".length)] = {
        up: async (db) => {
          await sql.raw(text).execute(db);
        },
      };
    }
    return migrations;
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      host: { type: "string", default: "127.0.0.1" },
      port: { type: "string", default: "5432" },
      database: { type: "string", default: "platform" },
      "owner-password-file": { type: "string" },
      "worker-password-file": { type: "string" },
    },
  });
  const secret = async (path: string | undefined, option: string) => {
    if (path === undefined) throw new Error(`--${option} is missing`);
    return (await readFile(path, "utf8")).trimEnd();
  };
  try {
    const applied = await migrateDatabase({
      host: values.host,
      port: Number(values.port),
      database: values.database,
      ownerPassword: await secret(values["owner-password-file"], "owner-password-file"),
      workerPassword: await secret(values["worker-password-file"], "worker-password-file"),
    });
    console.log(applied.length === 0 ? "The database is up to date." : `Applied: ${applied.join(", ")}`);
  } catch (error) {
    console.error(`The migration failed: ${String(error)}`);
    Deno.exit(1);
  }
}
