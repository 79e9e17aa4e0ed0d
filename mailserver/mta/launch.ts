/**
 * Starts Exim, the platform's MTA, from unpacked packages and as a plain user.
 *
 * Exim's user `Debian-exim` is compiled in and looked up at every start, so a private passwd is shown to it (nss_wrapper).
 * Its queue is files that survive any kill; at the next start it takes them up by itself.
 */
import { runToEnd } from "../../scripts/stack/packages.ts";
import { type Account, type Address, type StartedProcess, startProcess } from "../../scripts/stack/part.ts";
import { makePrivateDirectories, writePrivateFile } from "./private-file.ts";
import { fillTemplate } from "./template.ts";

/** Files of one Exim under its directory. */
export interface MtaLayout {
  readonly directory: string;
  readonly configuration: string;
  readonly mainLog: string;
  readonly spool: string;
}

export function mtaLayout(directory: string): MtaLayout {
  return {
    directory,
    configuration: `${directory}/exim.conf`,
    mainLog: `${directory}/log/mainlog`,
    spool: `${directory}/spool`,
  };
}

export interface MtaOptions {
  /** State directory: spool, logs, configuration. Made when absent. */
  readonly directory: string;
  /** Where pid files are written (see ProcessSpec). */
  readonly pidDirectory: string;
  /** Unpacked packages (packages.sh). */
  readonly packages: string;
  readonly hostName: string;
  readonly ports: { readonly submission: number; readonly internal: number; readonly relay: number };
  /** LMTP of the store, on 127.0.0.1. */
  readonly lmtpPort: number;
  /** Where mail for listed domains that are not hosted goes. */
  readonly nextHop: Address;
  readonly postgres: Address & {
    readonly database: string;
    readonly user: string;
    readonly password: string;
  };
  /** Socket of the password daemon (password-daemon/main.ts of mailserver/cyrus), its plain protocol. */
  readonly passwordSocket: string;
  readonly tls: { readonly certificateFile: string; readonly privateKeyFile: string };
  /** Seconds between two looks at the queue, and before a failed delivery is tried again. */
  readonly queueSeconds: number;
  readonly runAs?: Account;
  readonly log: (line: string) => void;
}

/** Writes the configuration and makes the directories. Nothing is started. */
export async function configureMta(options: MtaOptions): Promise<void> {
  const layout = mtaLayout(options.directory);
  const { uid, gid } = options.runAs ?? { uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };
  await makePrivateDirectories(
    [layout.directory, layout.spool, `${layout.directory}/log`],
    options.runAs,
  );
  await removeTornReceptions(`${layout.spool}/input`);
  const template = await Deno.readTextFile(new URL("exim.conf.in", import.meta.url));
  await writePrivateFile(
    layout.configuration,
    fillTemplate(template, {
      HOST_NAME: options.hostName,
      EXIM: eximOf(options.packages),
      UID: uid,
      GID: gid,
      DIRECTORY: layout.directory,
      POSTGRES: postgresServer(options.postgres),
      PORT_SUBMISSION: options.ports.submission,
      PORT_INTERNAL: options.ports.internal,
      PORT_RELAY: options.ports.relay,
      PORT_LMTP: options.lmtpPort,
      NEXT_HOP_HOST: options.nextHop.host,
      NEXT_HOP_PORT: options.nextHop.port,
      PASSWORD_SOCKET: options.passwordSocket,
      TLS_CERTIFICATE: options.tls.certificateFile,
      TLS_PRIVATE_KEY: options.tls.privateKeyFile,
      RETRY: `${options.queueSeconds}s`,
    }),
    options.runAs,
  );
  await writePrivateFile(`${layout.directory}/passwd`, await withEximUser(uid, gid), options.runAs);
  await writePrivateFile(`${layout.directory}/group`, await withEximGroup(gid), options.runAs);
}

/**
 * Starts the daemon as configured; it begins with its queue at once.
 *
 * @throws StartFailure when Exim refuses its configuration or a port.
 */
export async function startMta(options: MtaOptions): Promise<StartedProcess> {
  const layout = mtaLayout(options.directory);
  const host = "127.0.0.1";
  return await startProcess({
    name: "exim",
    command: eximOf(options.packages),
    args: ["-C", layout.configuration, "-bdf", `-q${options.queueSeconds}s`],
    clearEnvironment: true,
    environment: mtaEnvironment(options.packages, layout),
    workingDirectory: layout.directory,
    directory: options.pidDirectory,
    ...(options.runAs === undefined ? {} : { runAs: options.runAs }),
    ready: { listening: Object.values(options.ports).map((port) => ({ host, port })) },
    log: options.log,
  });
}

/** Runs one of Exim's commands (`-bp`, `-Mmd` …) on this queue and returns what it prints. @throws StartFailure */
export async function runMta(options: MtaOptions, args: readonly string[]): Promise<string> {
  const layout = mtaLayout(options.directory);
  return await runToEnd("exim", eximOf(options.packages), ["-C", layout.configuration, ...args], {
    environment: mtaEnvironment(options.packages, layout),
    workingDirectory: layout.directory,
    ...(options.runAs === undefined ? {} : { runAs: options.runAs }),
  });
}

function eximOf(packages: string): string {
  return `${packages}/sbin/exim`;
}

/** Environment in which this Exim, or one of its commands (`-bp`, `-Mrm` …), runs. */
export function mtaEnvironment(packages: string, layout: MtaLayout): Record<string, string> {
  return {
    PATH: "/usr/bin:/bin",
    LD_LIBRARY_PATH: `${packages}/lib`,
    LD_PRELOAD: `${packages}/lib/libnss_wrapper.so`,
    NSS_WRAPPER_PASSWD: `${layout.directory}/passwd`,
    NSS_WRAPPER_GROUP: `${layout.directory}/group`,
  };
}

/** `host:port/database/user/password`; none of them may hold what would end its field or be expanded. */
function postgresServer({ host, port, database, user, password }: MtaOptions["postgres"]): string {
  for (const value of [host, database, user, password]) {
    if (!/^[A-Za-z0-9._-]+$/.test(value)) {
      throw new Error(
        "Exim cannot be told a PostgreSQL name or password with other than letters, digits, . _ -",
      );
    }
  }
  return `${host}:${port}/${database}/${user}/${password}`;
}

const eximUser = "Debian-exim";

async function withEximUser(uid: number, gid: number): Promise<string> {
  const lines = (await Deno.readTextFile("/etc/passwd")).trimEnd().split("\n");
  if (!lines.some((line) => line.split(":")[2] === String(uid))) {
    lines.push(`mail-server:x:${uid}:${gid}::/nonexistent:/usr/sbin/nologin`);
  }
  const others = lines.filter((line) => !line.startsWith(`${eximUser}:`));
  return [...others, `${eximUser}:x:${uid}:${gid}::/nonexistent:/usr/sbin/nologin`, ""].join("\n");
}

async function withEximGroup(gid: number): Promise<string> {
  const lines = (await Deno.readTextFile("/etc/group")).trimEnd().split("\n");
  return [...lines.filter((line) => !line.startsWith(`${eximUser}:`)), `${eximUser}:x:${gid}:`, ""].join(
    "\n",
  );
}

const tornAfterMilliseconds = 24 * 60 * 60 * 1000;

/**
 * A kill in the middle of a reception leaves its body (`…-D`) without a header file (`…-H`): nobody was told that it was
 * accepted, nothing else removes it, and it holds health data.
 */
async function removeTornReceptions(directory: string): Promise<void> {
  const entries = await Array.fromAsync(Deno.readDir(directory)).catch(() => []); // No spool yet.
  const names = new Set(entries.map((entry) => entry.name));
  for (const name of names) {
    if (!name.endsWith("-D") || names.has(`${name.slice(0, -1)}H`)) continue;
    const path = `${directory}/${name}`;
    const { mtime } = await Deno.stat(path);
    if (mtime !== null && Date.now() - mtime.getTime() > tornAfterMilliseconds) await Deno.remove(path);
  }
}
