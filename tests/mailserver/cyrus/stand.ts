/**
 * The stand-in mail server with what it needs and nothing of the platform above it: a database of the run's PostgreSQL, the
 * simulated other operator, Exim and Cyrus. One per test file.
 */
import { Client } from "pg";
import { inject } from "vitest";
import { createCyrus } from "../../../api/mail-server/cyrus/mod.ts";
import type { MailServer } from "../../../api/mail-server/port.ts";
import { launch, portNames } from "../../../mailserver/cyrus/launch.ts";
import { localDirectory, privateDirectory, unprivilegedAccount } from "../../../scripts/stack/packages.ts";
import type { LaunchOptions, RunningMailServer, RunningPart } from "../../../scripts/stack/part.ts";
import { findFreePorts } from "../../../scripts/stack/ports.ts";
import { secretFile } from "../../../scripts/stack/secrets.ts";
import { startSimulated } from "../../../scripts/stack/simulated.ts";
import type {} from "../../support/cluster.setup.ts";
import { removeTestDirectory, testDirectory } from "../../support/directory.ts";
import { ImapClient } from "../../support/imap.ts";

export interface BoxSpec {
  readonly address: string;
  readonly aliases?: readonly string[];
}

export interface Stand {
  readonly mail: RunningMailServer;
  readonly driver: MailServer;
  /** Origin of the other operator's control port. */
  readonly control: string;
  /** Opens a box by IMAP as the edge does: the administrator in the box's name. */
  openImap(box: string): Promise<ImapClient>;
  readonly database: Client;
  /** The directory of the mail server. */
  readonly directory: string;
  /** Host and port by which the MTA reaches the other operator, which may not run. */
  readonly nextHop: { readonly host: string; readonly port: number };
  addBox(spec: BoxSpec): Promise<string>;
  setStatus(address: string, status: "active" | "suspended"): Promise<void>;
  /** Takes the directory away from the mail server's role (or gives it back), as if PostgreSQL were down. */
  setDirectory(state: "up" | "down"): Promise<void>;
  startOperator(): Promise<void>;
  stopOperator(): Promise<void>;
  /** Starts the mail server again with the same options, after it was killed. */
  relaunch(): Promise<void>;
  /** Pid of one of its processes. */
  pidOf(name: "exim" | "cyrus" | "passwords"): Promise<number>;
  /** Mainlog and paniclog of the MTA. */
  mtaLog(): Promise<string>;
  stop(): Promise<void>;
}

export const hosted = "alpha.mssante.test";
export const elsewhere = "gamma.mssante.test";

export async function startStand(): Promise<Stand> {
  const root = await testDirectory("cyrus");
  const runAs = unprivilegedAccount();
  const secretsDirectory = privateDirectory(`${root}/secrets`, undefined);
  const log = (line: string): void => {
    if (Deno.env.get("STAND_LOG") !== undefined) console.log(line);
  };
  const ports = findFreePorts([...portNames, "operator", "operatorSmtp"]);
  const postgres = inject("postgres");
  const databaseName = `cyrus_${crypto.randomUUID().slice(0, 8)}`;
  const { host, port, superuser: user } = postgres;
  const superuser = { host, port, user, password: postgres.passwords[user] ?? "" };
  await asSuperuser(superuser, `create database ${databaseName} template ${postgres.template}`);
  await secretFile(
    secretsDirectory,
    "postgres-mail_directory",
    () => postgres.passwords["mail_directory"] ?? "",
  );
  const database = new Client({ ...superuser, database: databaseName });
  await database.connect();
  const structure = await seed(database);

  const nextHop = { host: "127.0.0.1", port: ports.operatorSmtp };
  let operator: RunningPart | undefined;
  const startOperator = async (): Promise<void> => {
    operator = await startSimulated({
      name: "other-operator",
      directory: privateDirectory(`${root}/operator`, undefined),
      environment: {
        SIM_PORT: String(ports.operator),
        SIM_SMTP_PORT: String(ports.operatorSmtp),
        SIM_RELAY: `127.0.0.1:${ports.relay}`,
        SIM_DIRECTORY: `${root}/operator`,
      },
      log,
    });
  };
  const stopOperator = async (): Promise<void> => {
    await operator?.stop();
    operator = undefined;
  };
  const directory = privateDirectory(`${root}/mail`, runAs);
  const options: LaunchOptions = {
    directory,
    secretsDirectory,
    packagesDirectory: `${localDirectory()}/packages`,
    ports,
    postgres: { host, port, database: databaseName },
    operatorDomain: "operateur.mssante.test",
    apiUrl: "http://127.0.0.1:1",
    nextHop,
    ...(runAs === undefined ? {} : { runAs }),
    durable: false,
    log,
    progress: log,
  };
  await startOperator();
  let mail = await launch(options);
  const driver = createCyrus({
    kind: "cyrus",
    jmapUrl: mail.addresses.jmapUrl,
    jwtKey: await Deno.readTextFile(mail.apiEnvironment["MSS_MAIL_JWT_KEY_FILE"] ?? ""),
    imap: mail.addresses.imap,
    adminSecret: await Deno.readTextFile(mail.apiEnvironment["MSS_MAIL_CYRUS_ADMIN_SECRET_FILE"] ?? ""),
    mtaLogFile: mail.apiEnvironment["MSS_MAIL_MTA_LOG_FILE"] ?? "",
  });
  return {
    get mail() {
      return mail;
    },
    driver,
    control: `http://127.0.0.1:${ports.operator}`,
    openImap: async (box) => {
      const { imap, login, secretFile: path } = mail.edge;
      const client = await ImapClient.connect(imap);
      await client.authenticate("PLAIN", `${box}\0${login}\0${await Deno.readTextFile(path)}`);
      return client;
    },
    database,
    directory,
    nextHop,
    addBox: (spec) => addBox(database, structure, spec),
    setStatus: async (address, status) => {
      await database.query("update app.mailboxes set status = $2 where address = $1", [address, status]);
    },
    setDirectory: async (state) => {
      // The superuser is exempt from the limit.
      await database.query(`alter database ${databaseName} connection limit ${state === "up" ? -1 : 0}`);
      if (state === "up") return;
      await database.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and usename = 'mail_directory'",
        [databaseName],
      );
    },
    startOperator,
    stopOperator,
    relaunch: async () => {
      mail = await launch(options);
    },
    pidOf: async (name) => Number((await Deno.readTextFile(`${directory}/${name}.pid`)).split(" ")[0]),
    mtaLog: async () => {
      const files = ["mainlog", "rejectlog", "paniclog"].map((name) => `${directory}/exim/log/${name}`);
      return (await Promise.all(files.map((file) => Deno.readTextFile(file).catch(() => "")))).join("");
    },
    stop: async () => {
      await mail.stop();
      await stopOperator();
      await database.end();
      await asSuperuser(superuser, `drop database ${databaseName} with (force)`);
      await removeTestDirectory(root);
    },
  };
}

async function asSuperuser(
  server: { host: string; port: number; user: string; password: string },
  sql: string,
) {
  const client = new Client({ ...server, database: "postgres" });
  await client.connect();
  await client.query(sql);
  await client.end();
}

interface Structure {
  readonly id: string;
  readonly domainId: string;
}

async function seed(database: Client): Promise<Structure> {
  const { rows: [structure] } = await database.query<{ id: string }>(
    "insert into app.structures (id_nat_struct, name) values ('312345678900011', 'Cabinet') returning id",
  );
  const { rows: [domain] } = await database.query<{ id: string }>(
    "insert into app.domains (structure_id, name) values ($1, $2) returning id",
    [structure?.id, hosted],
  );
  const { rows: [list] } = await database.query<{ id: string }>(
    `insert into app.white_lists (generated_at, sha256, signer, status, domain_count, entry_count)
       values (now(), '\\x00', 'test', 'in_force', 2, 2) returning id`,
  );
  for (const name of [hosted, elsewhere]) {
    await database.query(
      "insert into app.white_list_entries (white_list_id, domain, dn) values ($1, $2, 'cn=mail')",
      [list?.id, name],
    );
  }
  return { id: structure?.id ?? "", domainId: domain?.id ?? "" };
}

async function addBox(database: Client, structure: Structure, spec: BoxSpec): Promise<string> {
  const { rows: [box] } = await database.query<{ id: string }>(
    `insert into app.mailboxes (structure_id, domain_id, address, type, quota_bytes)
       values ($1, $2, $3, 'ORG', 1073741824) returning id`,
    [structure.id, structure.domainId, spec.address],
  );
  for (const address of [spec.address, ...spec.aliases ?? []]) {
    await database.query(
      "insert into app.addresses (address, structure_id, mailbox_id, kind) values ($1, $2, $3, $4)",
      [address, structure.id, box?.id, address === spec.address ? "main" : "alias"],
    );
  }
  return spec.address;
}
