import { readFile } from "node:fs/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { migrateDatabase } from "../../../scripts/migrate.ts";
import { generateSchema } from "../../../scripts/generate-schema.ts";
import { cloneDatabase, type TestDatabase } from "../../support/database.ts";

describe("migrations", () => {
  let empty: TestDatabase;
  const target = () => {
    const { host, port, passwords } = inject("postgres");
    const passwordOf = (role: string) => passwords[role] ?? "";
    return {
      host,
      port,
      database: empty.name,
      ownerPassword: passwordOf("mss_owner"),
      workerPassword: passwordOf("mss_worker"),
    };
  };

  beforeAll(async () => {
    empty = await cloneDatabase("template0");
  });
  afterAll(async () => await empty.drop());

  it("bring an empty database to the newest form, once, also when two processes start at the same time", async () => {
    const [one, two] = await Promise.all([migrateDatabase(target()), migrateDatabase(target())]);
    const applied = [...one, ...two];
    expect(applied).toContain("20261121090000_foundation");
    expect(new Set(applied).size).toBe(applied.length);
    expect(await migrateDatabase(target())).toEqual([]);
    expect(await empty.rows("select jobs.enqueue('reconcile-mailboxes', '{}')")).toHaveLength(1);
  });

  it("agree with the generated types, column by column", async () => {
    const database = await cloneDatabase();
    const { host, port, superuser, passwords } = inject("postgres");
    const client = new pg.Client({
      host,
      port,
      user: superuser,
      password: passwords[superuser] ?? "",
      database: database.name,
    });
    await client.connect();
    try {
      const flat = (text: string) => text.replaceAll(/\s+/g, "");
      const written = await readFile(new URL("../../../api/database/schema.ts", import.meta.url), "utf8");
      expect(flat(await generateSchema(client))).toBe(flat(written));
    } finally {
      await client.end();
      await database.drop();
    }
  });
});
