/**
 * The mail server's own database, as far as its launcher touches it: locks that a crash left, the search
 * configuration, and the note of which plan was applied. Connects as the database's owner, role `stalwart`.
 */
import pg from "pg";
import { StartFailure } from "../../scripts/stack/failure.ts";

export interface MailDatabase {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

const searchFile = new URL("./search.sql", import.meta.url);

/** Runs `work` on one connection and closes it. */
export async function withMailDatabase<T>(
  address: MailDatabase,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ ...address, application_name: "stalwart-launcher" });
  client.on("error", () => undefined); // A lost connection shows in the query that was running.
  try {
    await client.connect();
  } catch (cause) {
    throw new StartFailure("The mail server's database does not answer, or refuses its role.", { cause });
  }
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Refuses when another process works in the mail server's database: two servers that do not know of each other
 * deliver twice. A server that was just killed may take a moment to vanish from PostgreSQL.
 *
 * @throws StartFailure
 */
export async function requireNobodyElse(client: pg.Client, patienceMilliseconds = 5_000): Promise<void> {
  const deadline = Date.now() + patienceMilliseconds;
  for (;;) {
    const { rows } = await client.query(
      "select count(*)::int as sessions from pg_stat_activity where datname = current_database() and usename = current_user and application_name <> 'stalwart-launcher'",
    );
    if (rows[0]?.sessions === 0) return;
    if (Date.now() > deadline) {
      throw new StartFailure("Another mail server already works in this database; it is left alone.");
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * Frees the locks of a server that did not end in good order. Each message and task in work holds a row of ten
 * minutes (table m, key prefix 21 and 23); after a kill -9 mail in flight would wait up to 16 minutes. With a
 * single server that is not running no lock can be in use.
 *
 * @returns how many locks were freed; 0 after an orderly stop
 */
export async function freeStaleLocks(client: pg.Client): Promise<number> {
  const { rows } = await client.query("select to_regclass('public.m') is not null as exists");
  if (rows[0]?.exists !== true) return 0;
  const { rowCount } = await client.query("delete from public.m where get_byte(k, 0) in (21, 23)");
  return rowCount ?? 0;
}

/** Makes search find French words without accents and the parts of addresses (search.sql). */
export async function configureSearch(client: pg.Client): Promise<void> {
  await client.query(await Deno.readTextFile(searchFile));
}

/** Text of what `configureSearch` does, so that a change of it counts as a change of the plan. */
export async function searchConfiguration(): Promise<string> {
  return await Deno.readTextFile(searchFile);
}

/** Digest of the plan that this database's settings were last brought to; `undefined` on a new database. */
export async function appliedPlan(client: pg.Client): Promise<string | undefined> {
  await client.query("create schema if not exists launcher");
  await client.query(
    "create table if not exists launcher.plan (only_row boolean primary key default true check (only_row), digest text not null, applied_at timestamptz not null)",
  );
  const { rows } = await client.query("select digest from launcher.plan");
  return rows[0]?.digest;
}

/** Notes that the settings were brought to this plan. */
export async function noteAppliedPlan(client: pg.Client, digest: string): Promise<void> {
  await client.query(
    "insert into launcher.plan (digest, applied_at) values ($1, now()) on conflict (only_row) do update set digest = excluded.digest, applied_at = excluded.applied_at",
    [digest],
  );
}
