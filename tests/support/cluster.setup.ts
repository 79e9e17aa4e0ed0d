/**
 * Vitest's global set-up: one private PostgreSQL server and one Redis for all files of a project, with a migrated
 * database that each file clones. Both are gone at the end, also after a failure; what a killed run left is cleared by
 * the next one.
 */
import type { TestProject } from "vitest/node";
import pg from "pg";
import { migrateDatabase } from "../../scripts/migrate.ts";
import { unprivilegedAccount } from "../../scripts/stack/packages.ts";
import { findFreePorts } from "../../scripts/stack/ports.ts";
import { databaseName, startPostgres, superuser } from "../../scripts/stack/postgres.ts";
import { startRedis } from "../../scripts/stack/redis.ts";
import { removeTestDirectory, testDirectory } from "./directory.ts";

/** The server as test files see it, by `inject("postgres")`. */
export interface TestPostgres {
  readonly host: string;
  readonly port: number;
  readonly superuser: string;
  /** By role, the superuser included. */
  readonly passwords: Readonly<Record<string, string>>;
  /** Name of the migrated database to clone: `create database mine template <template>`. */
  readonly template: string;
  /** Files `postgres-<role>` with the same passwords, and room for other secrets of the run. */
  readonly secretsDirectory: string;
}

declare module "vitest" {
  interface ProvidedContext {
    postgres: TestPostgres;
    redisUrl: string;
  }
}

const template = "platform_template";

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const directory = await testDirectory("cluster");
  const ports = findFreePorts(["postgres", "redis"]);
  const log = () => undefined;
  const shared = { secretsDirectory: `${directory}/secrets`, runAs: unprivilegedAccount(), log };
  const postgres = await startPostgres({
    ...shared,
    directory: `${directory}/postgres`,
    port: ports.postgres,
    durable: false,
  });
  const redis = await startRedis({ ...shared, directory: `${directory}/redis`, port: ports.redis });
  const tearDown = async () => {
    await redis.stop();
    await postgres.kill(); // Nothing of it is kept.
    await removeTestDirectory(directory);
  };
  try {
    const { mss_owner: ownerPassword, mss_worker: workerPassword } = postgres.passwords;
    await migrateDatabase({ ...postgres.address, database: databaseName, ownerPassword, workerPassword });
    const client = new pg.Client({
      ...postgres.address,
      user: superuser,
      password: postgres.superuserPassword,
      database: "postgres",
    });
    await client.connect();
    await client.query(`create database ${template} template ${databaseName} is_template true`);
    await client.end();
  } catch (error) {
    await tearDown();
    throw error;
  }
  project.provide("postgres", {
    ...postgres.address,
    superuser,
    passwords: { ...postgres.passwords, [superuser]: postgres.superuserPassword },
    template,
    secretsDirectory: `${directory}/secrets`,
  });
  project.provide("redisUrl", redis.url);
  return tearDown;
}
