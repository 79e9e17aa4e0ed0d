/** A database of one test file's own, cloned from the migrated template in a fraction of a second. */
import pg from "pg";
import { inject } from "vitest";
import type { DatabaseConfig } from "../../api/database/pool.ts";
import type {} from "./cluster.setup.ts"; // The type of inject("postgres").

export type Row = Record<string, unknown>;

export interface TestDatabase {
  readonly name: string;
  /** How a role of the platform connects to it. */
  configOf(role: "mss_api" | "mss_worker" | "mss_owner" | "mail_directory"): DatabaseConfig;
  /** Prepares and looks past row-level security, as superuser. */
  rows(query: string, values?: readonly unknown[]): Promise<Row[]>;
  /** A connection of a role, closed with the database. */
  connect(role: "mss_api" | "mss_worker" | "mss_owner" | "mail_directory"): Promise<pg.Client>;
  drop(): Promise<void>;
}

/** @param template `template0` for one without anything of ours */
export async function cloneDatabase(template?: "template0"): Promise<TestDatabase> {
  const postgres = inject("postgres");
  const { host, port, superuser, passwords } = postgres;
  const name = `test_${crypto.randomUUID().replaceAll("-", "")}`;
  const passwordOf = (role: string) => passwords[role] ?? "";
  const open = async (user: string, database: string) => {
    const client = new pg.Client({ host, port, user, password: passwordOf(user), database });
    client.on("error", () => {}); // Dropping the database ends what is still open.
    await client.connect();
    return client;
  };
  const maker = await open(superuser, "postgres");
  const owner = template === undefined ? "" : " owner mss_owner";
  await maker.query(`create database ${name} template ${template ?? postgres.template}${owner}`);
  if (template !== undefined) await maker.query(`grant create on database ${name} to mss_worker`);
  const admin = await open(superuser, name);
  const clients: pg.Client[] = [];
  return {
    name,
    configOf: (role) => ({
      url: `postgres://${role}@${host}:${port}/${name}`,
      password: passwordOf(role),
      poolSize: 6,
    }),
    rows: async (query, values = []) => (await admin.query(query, [...values])).rows as Row[],
    connect: async (role) => {
      const client = await open(role, name);
      clients.push(client);
      return client;
    },
    drop: async () => {
      await Promise.allSettled([admin, ...clients].map((client) => client.end()));
      await maker.query(`drop database if exists ${name} with (force)`);
      await maker.end();
    },
  };
}
