/**
 * The private PostgreSQL server of a stack: its own cluster, loopback only, passwords by SCRAM, never run by root.
 *
 * The cluster's version stays what initdb made it with; a machine upgraded to another major version is told so instead
 * of losing data.
 */
import pg from "pg";
import { StartFailure } from "./failure.ts";
import { privateDirectory, repositoryDirectory, requireProgram, runToEnd } from "./packages.ts";
import type { Address } from "./ports.ts";
import { isAlive } from "./proc.ts";
import { type Account, type RunningPart, startProcess } from "./process.ts";
import { secretFile } from "./secrets.ts";

export const superuser = "postgres";
export const databaseName = "platform";

/** The roles that sign in, with the psql variable by which infra/postgres/roles.sql receives each password. */
const roles = {
  mss_owner: "owner_password",
  mss_api: "api_password",
  mss_worker: "worker_password",
  mail_directory: "directory_password",
  stalwart: "stalwart_password",
} as const;

export type Role = keyof typeof roles;

export interface PostgresOptions {
  /** Made when absent; holds the cluster in `data/`. */
  readonly directory: string;
  readonly secretsDirectory: string;
  readonly port: number;
  /** `false` for tests: nothing is synced to disk, a power cut loses the cluster. */
  readonly durable: boolean;
  readonly runAs: Account | undefined;
  readonly log: (line: string) => void;
}

export interface RunningPostgres extends RunningPart {
  readonly address: Address;
  readonly superuserPassword: string;
  readonly passwords: Readonly<Record<Role, string>>;
}

/**
 * Starts the server, making the cluster, the roles and the two databases first when they do not exist.
 *
 * @throws StartFailure
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const { runAs, secretsDirectory, port } = options;
  const directory = privateDirectory(options.directory, runAs);
  const data = `${directory}/data`;
  const { value: superuserPassword } = await secretFile(secretsDirectory, "postgres-superuser");
  const passwords = Object.fromEntries(
    await Promise.all(
      Object.keys(roles).map(async (
        role,
      ) => [role, (await secretFile(secretsDirectory, `postgres-${role}`)).value]),
    ),
  ) as Record<Role, string>;

  if (!exists(`${data}/PG_VERSION`)) await makeCluster(directory, data, superuserPassword, runAs);
  requireSameVersion(data, await runToEnd("postgres", requireProgram("postgres"), ["--version"]));
  forgetDeadPostmaster(data);

  const address = { host: "127.0.0.1", port };
  const settings = {
    listen_addresses: address.host,
    port: String(port),
    unix_socket_directories: "",
    max_connections: "200",
    shared_buffers: "64MB",
    log_timezone: "UTC",
    timezone: "UTC",
    jit: "off",
    // Without fsync a power cut loses data, a kill -9 does not: what was committed has been handed to the kernel.
    ...(options.durable ? {} : { fsync: "off", full_page_writes: "off", max_wal_size: "2GB" }),
  };
  const running = await startProcess({
    name: "postgres",
    command: requireProgram("postgres"),
    args: ["-D", data, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    environment: { PGTZ: "UTC" },
    workingDirectory: directory,
    directory,
    ...(runAs === undefined ? {} : { runAs }),
    ready: { check: () => answers(address, superuserPassword) },
    stopSignal: "SIGINT", // Fast shutdown: open transactions are rolled back, nothing is waited for.
    log: options.log,
  });
  try {
    await runToEnd(
      "The database roles",
      requireProgram("psql"),
      psqlArguments(address, superuser, "postgres"),
      {
        environment: { PGPASSWORD: superuserPassword },
        input: await rolesScript(passwords),
      },
    );
  } catch (error) {
    await running.stop();
    throw error;
  }
  return { ...running, address, superuserPassword, passwords };
}

/** Arguments of psql for a script on its standard input, which keeps passwords out of the process list. */
export function psqlArguments(address: Address, user: string, database: string): string[] {
  return [
    "-X",
    "-q",
    "-v",
    "ON_ERROR_STOP=1",
    "-h",
    address.host,
    "-p",
    String(address.port),
    "-U",
    user,
    "-d",
    database,
  ];
}

async function rolesScript(passwords: Readonly<Record<Role, string>>): Promise<string> {
  const variables = Object.entries(roles).map(([role, variable]) =>
    `\\set ${variable} '${passwords[role as Role]}'`
  );
  return `${variables.join("\n")}\n${await Deno.readTextFile(
    `${repositoryDirectory}/infra/postgres/roles.sql`,
  )}`;
}

async function makeCluster(
  directory: string,
  data: string,
  superuserPassword: string,
  runAs: Account | undefined,
): Promise<void> {
  // What an interrupted initdb left is no cluster: it has no version file, so nothing is lost with it.
  if (exists(data)) await Deno.remove(data, { recursive: true });
  const passwordFile = `${directory}/initdb-password`;
  await Deno.writeTextFile(passwordFile, superuserPassword, { mode: 0o600 });
  if (runAs !== undefined) await Deno.chown(passwordFile, runAs.uid, runAs.gid);
  try {
    const args = ["-D", data, "-U", superuser, "-A", "scram-sha-256", `--pwfile=${passwordFile}`];
    await runToEnd("initdb", requireProgram("initdb"), [
      ...args,
      "-E",
      "UTF8",
      "--locale=C.UTF-8",
      "--no-sync",
    ], {
      workingDirectory: directory,
      ...(runAs === undefined ? {} : { runAs }),
    });
  } finally {
    await Deno.remove(passwordFile);
  }
}

function requireSameVersion(data: string, versionSentence: string): void {
  const made = Deno.readTextFileSync(`${data}/PG_VERSION`).trim();
  const major = /(\d+)/.exec(versionSentence)?.[1];
  if (made !== major) {
    throw new StartFailure(
      `The data in ${data} was made by PostgreSQL ${made}, this machine has ${major}: start with --reset to begin again.`,
    );
  }
}

/** PostgreSQL refuses to start when another process has got the number in postmaster.pid, as happens after a reboot. */
function forgetDeadPostmaster(data: string): void {
  const path = `${data}/postmaster.pid`;
  if (!exists(path)) return;
  const pid = Number(Deno.readTextFileSync(path).split("\n")[0]);
  const command = isAlive(pid) ? Deno.readTextFileSync(`/proc/${pid}/comm`).trim() : "";
  if (command !== "postgres") Deno.removeSync(path);
}

async function answers(address: Address, password: string): Promise<boolean> {
  const client = new pg.Client({ ...address, user: superuser, database: "postgres", password });
  // An error after a failed connect would otherwise end the whole process.
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query("select 1");
    return true;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
