/**
 * A small world around a real Stalwart: private PostgreSQL with the platform's migrations, a receiver of the hook, and
 * an SMTP server that stands for the other operators. Each test file starts its own and stops it.
 */
import pg from "pg";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { launch, portNames } from "../../../mailserver/stalwart/launch.ts";
import { createStalwart } from "../../../api/mail-server/stalwart/mod.ts";
import type { MailServer } from "../../../api/mail-server/port.ts";
import { migrateDatabase } from "../../../scripts/migrate.ts";
import { findProgram, privateDirectory, unprivilegedAccount } from "../../../scripts/stack/packages.ts";
import type { LaunchOptions, RunningMailServer } from "../../../scripts/stack/part.ts";
import { findFreePorts } from "../../../scripts/stack/ports.ts";
import { type RunningPostgres, startPostgres } from "../../../scripts/stack/postgres.ts";
import { serviceLogins } from "../../../mailserver/stalwart/services.ts";
import { type Border, startBorder } from "./border.ts";
import { type HookReceiver, startHookReceiver } from "./hook-receiver.ts";

export const operatorDomain = "operateur.mssante.test";

/** The server's program, or undefined: then the suite says "needs Stalwart" and skips. */
export const stalwartProgram: string | undefined = findProgram(Deno.env.get("STALWART_BIN") || "stalwart");
/** Title of a suite: says why it is skipped where it is. */
export function titled(title: string): string {
  return stalwartProgram === undefined
    ? `${title} — needs Stalwart: no STALWART_BIN and no stalwart on the PATH`
    : title;
}

export interface World {
  readonly directory: string;
  readonly options: LaunchOptions;
  readonly postgres: RunningPostgres;
  readonly border: Border;
  readonly hook: HookReceiver;
  readonly log: string[];
  /** The running server; `launchAgain` replaces it. */
  server: RunningMailServer;
  driver: MailServer;
  launchAgain(): Promise<void>;
  /** Runs SQL on the platform's database as its superuser. */
  sql(text: string, values?: readonly unknown[]): Promise<pg.QueryResult>;
  /** Runs SQL on the mail server's own database. */
  mailSql(text: string): Promise<pg.QueryResult>;
  /** Adds a structure with a hosted domain; known to the mail server when it runs. */
  addDomain(name: string): Promise<void>;
  /** Adds a box and its aliases to the tables (not to the mail server). */
  addBox(address: string, aliases?: readonly string[]): Promise<void>;
  /** As whom the edge signs in for a box, by IMAP and by submission. */
  edgeLogin(address: string): Promise<{ user: string; pass: string }>;
  stop(): Promise<void>;
}

/** Starts everything but the mail server. */
export async function prepareWorld(): Promise<Omit<World, "server" | "driver">> {
  const directory = await mkdtemp(`${tmpdir()}/mss-stalwart-`);
  await Deno.chmod(directory, 0o755); // The mail server's account must pass through.
  const account = unprivilegedAccount();
  const log: string[] = [];
  const secretsDirectory = `${directory}/secrets`;
  const ports = findFreePorts(["postgres", "hook", "border", ...portNames], 18_210, 18_399);
  const postgres = await startPostgres({
    directory: `${directory}/postgres`,
    secretsDirectory,
    port: ports.postgres,
    durable: false,
    runAs: account,
    log: () => {},
  });
  const admin = { ...postgres.address, user: "postgres", password: postgres.superuserPassword };
  await migrateDatabase({
    ...postgres.address,
    database: "platform",
    ownerPassword: postgres.passwords.mss_owner,
    workerPassword: postgres.passwords.mss_worker,
  });
  const pool = new pg.Pool({ ...admin, database: "platform", max: 2 });
  const mailPool = new pg.Pool({ ...admin, database: "stalwart", max: 2 });
  for (const each of [pool, mailPool]) each.on("error", () => undefined); // PostgreSQL is stopped by some tests.
  const hook = startHookReceiver(ports.hook);
  const border = await startBorder(ports.border);
  const options: LaunchOptions = {
    ...(stalwartProgram === undefined ? {} : { stalwart: { binary: stalwartProgram } }),
    directory: privateDirectory(`${directory}/stalwart`, account),
    secretsDirectory,
    packagesDirectory: `${directory}/packages`,
    ports: Object.fromEntries(portNames.map((name) => [name, ports[name]])),
    postgres: { ...postgres.address, database: "platform" },
    operatorDomain,
    apiUrl: hook.url,
    nextHop: { host: "127.0.0.1", port: border.port },
    ...(account === undefined ? {} : { runAs: account }),
    durable: false,
    log: (line) => log.push(line),
    progress: () => {},
  };
  const world: Omit<World, "server" | "driver"> = {
    directory,
    options,
    postgres,
    border,
    hook,
    log,
    launchAgain: () => Promise.reject(new Error("not launched")),
    sql: (text, values) => pool.query(text, values as unknown[]),
    mailSql: (text) => mailPool.query(text),
    addDomain: async (name) => {
      const number = String(Math.floor(Math.random() * 1e14)).padStart(14, "0");
      const { rows } = await pool.query(
        "insert into app.structures (id_nat_struct, name) values ($1, $2) returning id",
        [`3${number}`, name],
      );
      await pool.query("insert into app.domains (structure_id, name) values ($1, $2)", [rows[0].id, name]);
    },
    addBox: async (address, aliases = []) => {
      const { rows } = await pool.query(
        `insert into app.mailboxes (structure_id, domain_id, address, type, display_name, quota_bytes)
         select structure_id, id, $1, 'ORG', $1, 1073741824 from app.domains where name = split_part($1, '@', 2)
         returning structure_id, id`,
        [address],
      );
      for (const [index, each] of [address, ...aliases].entries()) {
        await pool.query("insert into app.addresses values ($1, $2, $3, $4)", [
          each,
          rows[0].structure_id,
          rows[0].id,
          index === 0 ? "main" : "alias",
        ]);
      }
    },
    edgeLogin: async (address) => ({
      user: `${address}%${serviceLogins(operatorDomain).edge}`,
      pass: await Deno.readTextFile(`${secretsDirectory}/stalwart-edge`),
    }),
    stop: async () => {
      await pool.end().catch(() => undefined);
      await mailPool.end().catch(() => undefined);
      await border.stop();
      await hook.stop();
      await postgres.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return world;
}

/** Starts everything, with the domains alpha and beta hosted and gamma in the white list. */
export async function startWorld(): Promise<World> {
  const prepared = await prepareWorld();
  try {
    const server = await launch(prepared.options);
    const driver = await driverOf(server);
    const world: World = {
      ...prepared,
      server,
      driver,
      launchAgain: async () => {
        world.server = await launch(prepared.options);
      },
      addDomain: async (name) => {
        await prepared.addDomain(name);
        await world.driver.applyDomain(name);
      },
      stop: async () => {
        await world.server.kill();
        await prepared.stop();
      },
    };
    await world.addDomain("alpha.mssante.test");
    await world.addDomain("beta.mssante.test");
    await allowDomain(world, "gamma.mssante.test");
    return world;
  } catch (error) {
    await prepared.stop();
    throw error;
  }
}

/** Puts a domain into the white list in force. */
export async function allowDomain(world: Pick<World, "sql">, domain: string): Promise<void> {
  await world.sql(
    `insert into app.white_lists (generated_at, sha256, signer, status, domain_count, entry_count)
     select now(), '\\x00', 'test', 'in_force', 1, 1 where not exists (select from app.white_lists)`,
  );
  await world.sql(
    "insert into app.white_list_entries select id, $1, 'CN=' || $1 from app.white_lists where status = 'in_force' on conflict do nothing",
    [domain],
  );
}

/** The driver as the API builds it from the launcher's variables. */
export async function driverOf(server: RunningMailServer): Promise<MailServer> {
  const value = (name: string) => server.apiEnvironment[name] ?? "";
  return createStalwart({
    kind: "stalwart",
    jmapUrl: value("MSS_MAIL_JMAP_URL"),
    gatewayLogin: value("MSS_MAIL_GATEWAY_LOGIN"),
    gatewaySecret: await Deno.readTextFile(value("MSS_MAIL_GATEWAY_SECRET_FILE")),
    provisionerLogin: value("MSS_MAIL_PROVISIONER_LOGIN"),
    provisionerSecret: await Deno.readTextFile(value("MSS_MAIL_PROVISIONER_SECRET_FILE")),
  });
}
