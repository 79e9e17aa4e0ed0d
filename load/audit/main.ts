/**
 * What the chain of the audit trail costs, and how fast it is verified (issue 4, "Speed").
 *
 *   deno run -A load/audit/main.ts [rows]
 *
 * A private PostgreSQL with fsync, migrated. Writers commit one act each (a row of the trail), at once, all in one structure
 * or each in its own, with the chain's trigger and without it: both in one run, in turns, so that ratios count. Then the trail
 * is filled to `rows` (300 000 by default) in five chains and verified, by the code of `deno task audit:verify`.
 */
import pg from "pg";
import { verifyTrail } from "../../api/audit/mod.ts";
import { createDatabase, createPool } from "../../api/database/pool.ts";
import { migrateDatabase } from "../../scripts/migrate.ts";
import { unprivilegedAccount } from "../../scripts/stack/packages.ts";
import { findFreePorts } from "../../scripts/stack/ports.ts";
import { databaseName, startPostgres, superuser } from "../../scripts/stack/postgres.ts";
import { auditThresholds } from "../thresholds.ts";

/** A row as `mailbox.suspend` writes it: about 700 bytes. */
const row = (subject: string) => `
  $1::uuid, 'person', '7d0f8c52-0b0e-4b3a-9a55-3c2a1f0e6d11', 'Camille MARTIN-DUPONT', 'mailbox.suspend', 'mailbox', ${subject},
  '{"id":"7d0f8c52-0b0e-4b3a-9a55-3c2a1f0e6d11","type":"ORG","address":"secretariat.cardiologie@clinique-alpha.mssante.test","status":"active","version":3,"quotaBytes":2147483648,"displayName":"Secrétariat de cardiologie"}'::jsonb,
  '{"id":"7d0f8c52-0b0e-4b3a-9a55-3c2a1f0e6d11","type":"ORG","address":"secretariat.cardiologie@clinique-alpha.mssante.test","status":"suspended","version":4,"quotaBytes":2147483648,"displayName":"Secrétariat de cardiologie","suspensionReason":"Départ"}'::jsonb,
  'Départ', '7d0f8c52-0b0e-4b3a-9a55-3c2a1f0e6d11'`;
const columns =
  `structure_id, actor_kind, actor_person_id, actor_label, action, subject_kind, subject_id, before, after, reason, request_id`;
const insertOne = `insert into app.audit_events (${columns}) select ${row("$2")}`;
const insertMany = `insert into app.audit_events (${columns}) select ${
  row("i::text")
} from generate_series(1, $2::integer) i`;

const rows = Number(Deno.args[0] ?? 300_000);
const turnMilliseconds = 3_000;
const turns = 3;

const directory = await Deno.makeTempDir({ prefix: "mssante-load-audit-" });
await Deno.chmod(directory, 0o711);
const { postgres: port } = findFreePorts(["postgres"]);
const postgres = await startPostgres({
  directory: `${directory}/postgres`,
  secretsDirectory: `${directory}/secrets`,
  port,
  durable: true,
  runAs: unprivilegedAccount(),
  log: () => {},
});
const { mss_owner: ownerPassword, mss_worker: workerPassword } = postgres.passwords;
let isFast = false;
try {
  await migrateDatabase({ ...postgres.address, database: databaseName, ownerPassword, workerPassword });
  isFast = await measure();
} finally {
  await postgres.kill();
  await Deno.remove(directory, { recursive: true });
}
Deno.exit(isFast ? 0 : 1);

async function measure(): Promise<boolean> {
  const admin = await connect(superuser, postgres.superuserPassword);
  const { rows: made } = await admin.query(
    `insert into app.structures (id_nat_struct, name) select '3' || lpad(i::text, 14, '0'), 'Structure ' || i
       from generate_series(1, 8) i returning id`,
  );
  const structures: string[] = made.map((row) => row.id);

  for (const writers of [1, 8]) {
    for (
      const [name, places] of [["one structure", structures.slice(0, 1)], [
        "a structure each",
        structures,
      ]] as const
    ) {
      const perSecond = { chained: 0, plain: 0 };
      for (let turn = 0; turn < turns; turn++) {
        for (const kind of ["chained", "plain"] as const) {
          await admin.query(
            `alter table app.audit_events ${
              kind === "plain" ? "disable" : "enable"
            } trigger audit_events__seal`,
          );
          perSecond[kind] += await commitsPerSecond(writers, places) / turns;
        }
      }
      const { chained, plain } = perSecond;
      console.log(
        `${writers} writers, ${name}: ${chained.toFixed(0)} acts per second chained, ${
          plain.toFixed(0)
        } without: ${(chained / plain).toFixed(2)}`,
      );
      if (writers === 1) break;
    }
  }
  await admin.query("set session_replication_role = replica");
  await admin.query("delete from app.audit_links");
  await admin.query("delete from app.audit_heads");
  await admin.query("delete from app.audit_events");
  await admin.query("set session_replication_role = origin");
  await admin.query("alter table app.audit_events enable trigger audit_events__seal");

  const begun = performance.now();
  for (const structure of structures.slice(0, 5)) await fill(admin, structure, Math.ceil(rows / 5));
  const filling = (performance.now() - begun) / 1000;
  console.log(`${rows} rows written, 10 000 in a transaction: ${Math.round(rows / filling)} per second`);
  await admin.query("vacuum analyze app.audit_events, app.audit_links");
  await admin.end();

  const url = `postgres://mss_worker@${postgres.address.host}:${postgres.address.port}/${databaseName}`;
  const db = createDatabase(createPool({ url, password: workerPassword, poolSize: 3 }));
  let best = 0;
  for (let turn = 0; turn < turns; turn++) {
    const start = performance.now();
    const verdict = await verifyTrail({ db });
    const perSecond = verdict.rows / ((performance.now() - start) / 1000);
    if (verdict.faults.length > 0 || verdict.rows < rows) throw new Error("The trail is not whole.");
    console.log(`${verdict.rows} rows verified: ${Math.round(perSecond)} per second`);
    best = Math.max(best, perSecond);
  }
  await db.destroy();
  const { verifiedPerSecondAtLeast } = auditThresholds;
  console.log(
    `At least ${verifiedPerSecondAtLeast} per second: ${best >= verifiedPerSecondAtLeast ? "yes" : "NO"}`,
  );
  return best >= verifiedPerSecondAtLeast;
}

async function commitsPerSecond(writers: number, structures: readonly string[]): Promise<number> {
  const until = performance.now() + turnMilliseconds;
  const counts = await Promise.all(Array.from({ length: writers }, async (_, i) => {
    const client = await connect("mss_api", postgres.passwords.mss_api);
    let count = 0;
    while (performance.now() < until) {
      await client.query("begin");
      await client.query("select set_config('app.scope', 'system', true)");
      await client.query({
        name: "act",
        text: insertOne,
        values: [structures[i % structures.length], crypto.randomUUID()],
      });
      await client.query("commit");
      count++;
    }
    await client.end();
    return count;
  }));
  return counts.reduce((sum, count) => sum + count, 0) / (turnMilliseconds / 1000);
}

async function fill(admin: pg.Client, structure: string, count: number): Promise<void> {
  for (let done = 0; done < count; done += 10_000) {
    await admin.query(insertMany, [structure, Math.min(10_000, count - done)]);
  }
}

async function connect(user: string, password: string): Promise<pg.Client> {
  const client = new pg.Client({ ...postgres.address, user, password, database: databaseName });
  await client.connect();
  return client;
}
