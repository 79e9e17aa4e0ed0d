/**
 * How long an import takes (issue 4, "Speed"): a file of 10 000 new boxes, sent, checked and run by a worker process of its own.
 *
 *   deno run -A load/import/main.ts [boxes] [bad lines in a hundred]
 *
 * A private PostgreSQL with fsync, migrated. No mail server answers, as in an outage: the worker tries the boxes that exist
 * already all the while, which only makes it slower. For comparison the same boxes and addresses by one statement of SQL, with
 * the same triggers and without check, trail, jobs or outcome.
 */
import { createImport } from "../../api/bulk/create.ts";
import { getBatch } from "../../api/bulk/queries.ts";
import { runBatch, undoBatch } from "../../api/bulk/run.ts";
import type { Context } from "../../api/context.ts";
import { inStructure } from "../../api/database/in-tenant.ts";
import { createDatabase, createPool } from "../../api/database/pool.ts";
import { insertMailboxes } from "../../api/mailboxes/mod.ts";
import { createDomain, createStructure } from "../../api/tenancy/mod.ts";
import { migrateDatabase } from "../../scripts/migrate.ts";
import { unprivilegedAccount } from "../../scripts/stack/packages.ts";
import { findFreePorts } from "../../scripts/stack/ports.ts";
import { databaseName, startPostgres } from "../../scripts/stack/postgres.ts";
import { importThresholds } from "../thresholds.ts";

const boxes = Number(Deno.args[0] ?? 10_000);
const badPercent = Number(Deno.args[1] ?? 1);
const directory = await Deno.makeTempDir({ prefix: "mssante-load-import-" });
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
const { mss_owner: ownerPassword, mss_worker: workerPassword, mss_api: password } = postgres.passwords;
const urlOf = (role: string) => `postgres://${role}@${postgres.address.host}:${port}/${databaseName}`;
let isFast = false;
try {
  await migrateDatabase({ ...postgres.address, database: databaseName, ownerPassword, workerPassword });
  const worker = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", new URL("worker.ts", import.meta.url).pathname],
    env: { LOAD_DATABASE_URL: urlOf("mss_worker"), LOAD_DATABASE_PASSWORD: workerPassword },
  }).spawn();
  try {
    isFast = await measure();
  } finally {
    worker.kill("SIGTERM");
    await worker.status;
  }
} finally {
  await postgres.kill();
  await Deno.remove(directory, { recursive: true });
}
Deno.exit(isFast ? 0 : 1);

async function measure(): Promise<boolean> {
  const db = createDatabase(createPool({ url: urlOf("mss_api"), password, poolSize: 4 }));
  const ctx: Context = {
    db,
    actor: { kind: "system", job: "load" },
    requestId: crypto.randomUUID(),
    now: () => new Date(),
    log: { info: () => {}, warn: () => {}, error: () => {} },
  };
  const structure = await createStructure(ctx, { idNatStruct: "312345678900011", name: "Load" });
  const structureId = structure.id;
  const domainOf = async (name: string) => (await createDomain(ctx, { structureId, name })).id;
  await domainOf("import.mssante.test");
  const bareDomainId = await domainOf("bare.mssante.test");

  const seconds = async (run: () => Promise<unknown>) => {
    const start = performance.now();
    await run();
    return (performance.now() - start) / 1_000;
  };
  const until = async (batchId: string, state: string) => {
    for (;;) {
      const batch = await inStructure(ctx, structureId, (tx) => getBatch(tx, structureId, batchId));
      if (batch.state === state) return batch;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  let batchId = "";
  const file = new TextEncoder().encode(fileOf(boxes));
  const sent = await seconds(async () => {
    batchId = (await createImport(ctx, { structureId, file, reason: "" })).id;
  });
  const checked = await seconds(() => until(batchId, "ready"));
  await runBatch(ctx, { batchId, skipErrors: true });
  const run = await seconds(() => until(batchId, "done"));
  const done = await inStructure(ctx, structureId, (tx) => getBatch(tx, structureId, batchId));
  const bare = await seconds(() =>
    inStructure(ctx, structureId, (tx) => bareInsert(tx, structureId, bareDomainId))
  );
  await undoBatch(ctx, { batchId, reason: "load" });
  const undone = await seconds(() => until(batchId, "undone"));
  await db.destroy();

  const count = (outcome: string) => done.lines.find((one) => one.outcome === outcome)?.count ?? 0;
  const total = sent + checked + run;
  const say = (what: string, value: number) => console.log(`        ${what}: ${value.toFixed(2)} s`);
  console.log(`        ${boxes} lines, ${(file.length / 1024).toFixed(0)} KiB, ${count("done")} boxes made`);
  say("sent and parsed", sent);
  say("dry run", checked);
  say("run", run);
  say("undone", undone);
  say("the same boxes by bare SQL", bare);
  const { secondsAtMost } = importThresholds;
  const isKept = total <= secondsAtMost && count("failed") === 0;
  console.log(
    `${isKept ? "kept  " : "BROKEN"}  import of ${boxes} boxes: ${total.toFixed(2)} s, ` +
      `${(total / bare).toFixed(1)} times the bare SQL (at most ${secondsAtMost} s)`,
  );
  return isKept;
}

function fileOf(count: number): string {
  const lines = Array.from({ length: count }, (_, place) => {
    const isBad = place % 100 < badPercent;
    const type = isBad ? "BOITE" : place % 4 === 0 ? "ORG" : "PER";
    const rpps = type === "PER" ? rppsOf(place) : "";
    return `creer;prenom${place}.nom@import.mssante.test;${type};${rpps};NOM${place};Prénom;;Description ${place};` +
      `Service ${place % 50};${type === "ORG" ? "Dr Martin" : ""};512;${place % 10 === 0 ? "oui" : "non"}`;
  });
  const header =
    "operation;adresse;type;titulaire_rpps;nom;prenom;libelle;description;service;responsable;quota_mo;liste_rouge";
  return [header, ...lines].join("\r\n");
}

/** A number with its Luhn key. */
function rppsOf(place: number): string {
  const digits = String(1_000_000_000 + place);
  const sum = [...digits].reverse().reduce((total, one, index) => {
    const weighted = index % 2 === 0 ? Number(one) * 2 : Number(one);
    return total + (weighted > 9 ? weighted - 9 : weighted);
  }, 0);
  return digits + String((10 - (sum % 10)) % 10);
}

async function bareInsert(
  tx: Parameters<typeof insertMailboxes>[0],
  structureId: string,
  domainId: string,
): Promise<void> {
  for (let first = 0; first < boxes; first += 2_000) {
    const part = Array.from({ length: Math.min(2_000, boxes - first) }, (_, place) => ({
      address: `bare${first + place}.nom@bare.mssante.test`,
      domainId,
      type: "ORG" as const,
      displayName: "Prénom NOM",
      description: `Description ${place}`,
      service: "Service",
      responsible: "Dr Martin",
      phone: "",
      redList: false,
      holderIdNatPs: null,
      quotaBytes: 536_870_912,
      aliases: [],
    }));
    await insertMailboxes(tx, structureId, part, new Date());
  }
}
