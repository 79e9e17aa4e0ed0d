/** Starts Exim, the MTA of the stand-in mail server. */
import type { Account, Address, RunningPart, StartedProcess } from "../../scripts/stack/part.ts";
import { eximLayout, eximOf, prepareExim, runExim, startExim, startEximLog } from "./exim.ts";
import { writePrivateFile } from "./private-file.ts";
import { fillTemplate } from "./template.ts";

export interface MtaOptions {
  /** State directory: spool, logs, configuration. Made when absent. */
  readonly directory: string;
  /** Where pid files are written (see ProcessSpec). */
  readonly pidDirectory: string;
  /** Unpacked packages (packages.sh). */
  readonly packages: string;
  readonly hostName: string;
  readonly ports: { readonly internal: number; readonly relay: number };
  /** LMTP of the store, on 127.0.0.1. */
  readonly lmtpPort: number;
  /** Where mail for listed domains that are not hosted goes. */
  readonly nextHop: Address;
  readonly postgres: Address & {
    readonly database: string;
    readonly user: string;
    readonly password: string;
  };
  /** Socket that says whether the directory answers (password-daemon/main.ts of mailserver/cyrus). */
  readonly healthSocket: string;
  readonly tls: { readonly certificateFile: string; readonly privateKeyFile: string };
  /** Under which addresses get their names in the log: the driver looks for a box's submissions there. */
  readonly logKey: string;
  /** Seconds between two looks at the queue, and before a failed delivery is tried again. */
  readonly queueSeconds: number;
  readonly runAs?: Account;
  readonly log: (line: string) => void;
}

/** Writes the configuration and makes the directories. Nothing is started. */
export async function configureMta(options: MtaOptions): Promise<void> {
  const layout = eximLayout(options.directory);
  const { uid, gid } = await prepareExim(layout, options.runAs);
  await writePrivateFile(layout.logKeyFile, options.logKey, options.runAs);
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
      PORT_INTERNAL: options.ports.internal,
      PORT_RELAY: options.ports.relay,
      PORT_LMTP: options.lmtpPort,
      NEXT_HOP_HOST: options.nextHop.host,
      NEXT_HOP_PORT: options.nextHop.port,
      HEALTH_SOCKET: options.healthSocket,
      TLS_CERTIFICATE: options.tls.certificateFile,
      TLS_PRIVATE_KEY: options.tls.privateKeyFile,
      RETRY: `${options.queueSeconds}s`,
    }),
    options.runAs,
  );
}

/** Before the daemon and before each of its commands. */
export async function startMtaLog(options: MtaOptions): Promise<RunningPart> {
  return await startEximLog(eximLayout(options.directory), { ...options, name: "exim" });
}

/**
 * Starts the daemon as configured; it begins with its queue at once.
 *
 * @throws StartFailure when Exim refuses its configuration or a port.
 */
export async function startMta(options: MtaOptions): Promise<StartedProcess> {
  return await startExim(
    eximLayout(options.directory),
    { ...options, name: "exim" },
    Object.values(options.ports),
  );
}

/** Runs one of Exim's commands (`-bp`, `-Mmd` …) on this queue and returns what it prints. @throws StartFailure */
export async function runMta(options: MtaOptions, args: readonly string[]): Promise<string> {
  return await runExim(eximLayout(options.directory), options, args);
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
