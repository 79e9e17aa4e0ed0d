/**
 * The whole platform for a test, on the mail server of its choice, with the demo world in it: the same parts as
 * scripts/start, on free ports, in a private directory, without syncing to disk.
 */
import { statSync } from "node:fs";
import process from "node:process";
import { appPasswordName } from "../../scripts/stack/app-password-name.ts";
import { seedDemoWorld } from "../../scripts/stack/demo-world.ts";
import { StartFailure } from "../../scripts/stack/failure.ts";
import { machineHints } from "../../scripts/stack/machine-hints.ts";
import {
  chooseMailServer,
  type MailServerChoice,
  type MailServerKind,
} from "../../scripts/stack/mail-server-choice.ts";
import { localDirectory, repositoryDirectory } from "../../scripts/stack/packages.ts";
import { clientAuthority, type EdgeAddresses, edgeAddresses } from "../../scripts/stack/edge.ts";
import type { EdgeUpstream, MailServerAddresses } from "../../scripts/stack/part.ts";
import { Platform, portNames } from "../../scripts/stack/platform.ts";
import { findFreePorts } from "../../scripts/stack/ports.ts";
import { databaseName, superuser } from "../../scripts/stack/postgres.ts";
import { descendantsOf } from "../../scripts/stack/proc.ts";
import { announced } from "../../scripts/stack/simulated.ts";
import type { ClientAuthority } from "../../mailserver/certificates/clients.ts";
import type { PartName } from "../../scripts/stack/supervised.ts";
import { terminalReporter } from "../../scripts/stack/terminal.ts";
import { removeTestDirectory, testDirectory } from "./directory.ts";

export interface StackOptions {
  readonly mail: MailServerKind;
  /** `false` leaves the database empty but for the operator. */
  readonly isSeeded?: boolean;
  /** Whether mail clients come in by the edge (mailserver/edge); without it they have no way in. */
  readonly hasEdge?: boolean;
}

export interface StackPart {
  /** SIGKILL to its whole group; it stays dead until `start`. */
  kill(): Promise<void>;
  /** Ends it in good order. */
  stop(): Promise<void>;
  /** Starts it on the same ports, with its recovery step. */
  start(): Promise<void>;
  running(): boolean;
  /** Process ids of its leaders. @throws Error when it does not run */
  pids(): readonly number[];
}

export interface Stack {
  readonly baseUrl: string;
  readonly mail: MailServerKind;
  readonly mailServerVersion: string;
  readonly addresses: MailServerAddresses;
  /** Where mail clients come in. @throws Error where the stack has no edge, or this machine cannot run it. */
  readonly edge: EdgeAddresses;
  /** How the edge speaks to the mail server. */
  readonly upstream: EdgeUpstream;
  /** The edge's own certificate, signed by itself: clients that verify are given it. */
  readonly edgeCertificateFile: string;
  /** Signs certificates of structures that the edge takes. */
  readonly clientAuthority: () => Promise<ClientAuthority>;
  /** Origins of the simulated servers' control ports. */
  readonly controls: {
    readonly otherOperator: string;
    readonly whiteList: string;
    readonly proSanteConnect: string;
  };
  /** App password of a box of the demo world, for IMAP and SMTP at the edge. */
  appPassword(address: string): Promise<string>;
  part(name: PartName): StackPart;
  /** A secret of the stack: for proving that it stands nowhere. */
  secret(name: string): Promise<string>;
  /** As superuser: for looking and for preparing, never for what the product itself must do. */
  readonly adminDatabaseUrl: string;
  /** Where each part's output stands, as `<part>.log`. */
  readonly logDirectory: string;
  /** Ends everything and removes its data. */
  stop(): Promise<void>;
}

const atHand = await findMailServers();

/**
 * Mail servers on which tests run here: Cyrus always, Stalwart where it can be had. `TEST_MAIL_SERVERS` (words
 * separated by commas) narrows it.
 */
export function mailServersAtHand(): MailServerKind[] {
  return [...atHand.keys()];
}

export type { PartName };
/** `requireProgram("chromium")`, `requireProgram("swaks")`: paths of what scripts/test fetches. */
export { requireProgram } from "../../scripts/stack/packages.ts";

/** @throws StartFailure; nothing is left behind. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const choice = atHand.get(options.mail);
  if (choice === undefined) throw new StartFailure(`This machine has no ${options.mail}.`);
  requireBuiltWeb();
  const directory = await testDirectory(options.mail);
  const logDirectory = `${localDirectory()}/test-logs/${directory.split("/").at(-1)}`;
  const reporter = terminalReporter(logDirectory, () => undefined);
  const hasEdge = options.hasEdge ?? false;
  const ports = findFreePorts(await portNames(options.mail, hasEdge));
  const platform = new Platform({
    directory,
    packagesDirectory: `${localDirectory()}/packages`,
    ports,
    mail: choice,
    durable: false,
    hasEdge,
    restarts: false,
    reporter: { ...reporter, say: (sentence) => sentence.includes("by itself") && console.warn(sentence) },
  });
  // A worker that vitest ends early must not leave a mail server behind.
  process.on("exit", killDescendants);
  const stop = async (): Promise<void> => {
    await platform.stop();
    reporter.close();
    process.off("exit", killDescendants);
    await removeTestDirectory(directory);
  };
  try {
    await platform.start();
    if (options.isSeeded ?? true) await seedDemoWorld(platform);
    const { version, addresses } = platform.mailServer.current;
    const { address, superuserPassword } = platform.postgres.current;
    return {
      baseUrl: platform.baseUrl,
      mail: options.mail,
      mailServerVersion: version,
      addresses,
      get edge() {
        if (platform.edge.length === 0) throw new Error("This stack has no edge.");
        return edgeAddresses(ports);
      },
      edgeCertificateFile: `${directory}/edge-certificate/server.crt`,
      upstream: platform.mailServer.current.edge,
      clientAuthority: () => clientAuthority({ directory }),
      controls: {
        otherOperator: announced(platform.otherOperator.current, "control"),
        whiteList: announced(platform.whiteList.current, "control"),
        proSanteConnect: announced(platform.proSanteConnect.current, "control"),
      },
      appPassword: async (address) => (await platform.secret(appPasswordName(address))).value,
      part: (name) => partOf(platform, name),
      secret: async (name) => (await platform.secret(name)).value,
      adminDatabaseUrl:
        `postgres://${superuser}:${superuserPassword}@${address.host}:${address.port}/${databaseName}`,
      logDirectory,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function partOf(platform: Platform, name: PartName): StackPart {
  const part = platform.parts.find((each) => each.name === name);
  if (part === undefined) throw new Error(`The stack has no part ${name}.`);
  return {
    kill: () => part.kill(),
    stop: () => part.stop(),
    start: () => part.start(),
    running: () => part.isRunning,
    pids: () => part.current.pids,
  };
}

async function findMailServers(): Promise<Map<MailServerKind, MailServerChoice>> {
  const asked = process.env["TEST_MAIL_SERVERS"]?.split(",").map((word) => word.trim());
  const found = new Map<MailServerKind, MailServerChoice>();
  for (const kind of ["cyrus", "stalwart"] as const) {
    if (asked !== undefined && !asked.includes(kind)) continue;
    try {
      found.set(kind, await chooseMailServer({ forced: kind, ...machineHints() }));
    } catch (error) {
      // Stalwart cannot be had here: what needs it says so, unless it was asked for by name.
      if (!(error instanceof StartFailure) || asked !== undefined) throw error;
    }
  }
  return found;
}

function requireBuiltWeb(): void {
  try {
    statSync(`${repositoryDirectory}/web/build/200.html`);
  } catch {
    throw new StartFailure("The web is not built: deno task build.");
  }
}

function killDescendants(): void {
  for (const pid of descendantsOf(process.pid)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
}
