/**
 * Starts the stand-in mail server: password daemon, Exim, then Cyrus, and waits for a real JMAP answer.
 *
 * Exim is first because each httpd process of Cyrus asks it once what it can do, and without an answer the session of that
 * process lacks submission. Launching again after a crash is the recovery: processes left by a killed stack are ended by
 * their pid files, the store is repaired (recovery.ts), and Exim takes up its queue.
 */
import { logKeyOf } from "../../api/mail-server/cyrus/log-name.ts";
import { createCyrus } from "../../api/mail-server/cyrus/mod.ts";
import {
  type Account,
  endLeftovers,
  joinParts,
  type LaunchOptions,
  type ReadyCondition,
  type RunningMailServer,
  type RunningPart,
  StartFailure,
  startProcess,
} from "../../scripts/stack/part.ts";
import { repositoryDirectory } from "../../scripts/stack/packages.ts";
import { requireFreePorts } from "../../scripts/stack/ports.ts";
import { secretFile } from "../../scripts/stack/secrets.ts";
import { makeServerCertificate } from "../mta/certificate.ts";
import { eximLayout, eximPackages } from "../mta/exim.ts";
import { configureMta, runMta, startMta, startMtaLog } from "../mta/launch.ts";
import { type PackageSet, unpackedPackages, versionOf } from "../mta/packages.ts";
import { makePrivateDirectories, writePrivateFile } from "../mta/private-file.ts";
import { fillTemplate } from "../mta/template.ts";
import type { DaemonSettings } from "./password-daemon/main.ts";
import { cyrusLayout } from "./layout.ts";
import { type CyrusPrograms, cyrusPrograms } from "./programs.ts";
import { markRunning, markStopped, repairStore, strikeOffDelivered, wasCutShort } from "./recovery.ts";
import { watchSessions } from "./session-watch.ts";
import { userInfo } from "node:os";

/** Ports the launcher needs, by the names used in `LaunchOptions.ports`. */
export const portNames = ["jmap", "imap", "lmtp", "relay", "internal"] as const;

/** Its queue and boxes are files: a crash of the database leaves no lock behind. */
export const keepsLocksInDatabase = false;

type PortName = typeof portNames[number];

const cyrusPackages: PackageSet = {
  name: "cyrus",
  script: new URL("packages.sh", import.meta.url).pathname,
  announcement: "Cyrus is being fetched from the machine's Debian mirror (about 70 MB)",
};

const host = "127.0.0.1";
/** Who may act as any box, over IMAP (imapd.conf.in). */
const administrator = "cyrus";
/** Unix socket names end at 107 bytes, and Cyrus makes some itself under its directory. */
const longestDirectory = 70;
const readySeconds = 30;

/** @throws StartFailure in one sentence: a port taken, packages unreachable, a server that does not come up. */
export async function launch(options: LaunchOptions): Promise<RunningMailServer> {
  const { directory, runAs } = options;
  if (directory.length > longestDirectory || /[\s"]/.test(directory + options.packagesDirectory)) {
    throw new StartFailure(
      `Cyrus cannot run from ${directory}: the path must have no space and at most ${longestDirectory} characters.`,
    );
  }
  const ports = requiredPorts(options);
  await endLeftovers(directory);
  requireFreePorts(Object.fromEntries(portNames.map((name) => [`the mail server (${name})`, ports[name]])));
  const [exim, cyrus] = await Promise.all(
    [eximPackages, cyrusPackages].map((set) =>
      unpackedPackages(set, options.packagesDirectory, options.progress)
    ),
  ) as [Unpacked, Unpacked];

  const layout = cyrusLayout(directory);
  await makePrivateDirectories(layout.directories, runAs);
  const jwtKey = await secretFile(options.secretsDirectory, "cyrus-jwt-key", makeKey);
  const adminSecret = await secretFile(options.secretsDirectory, "cyrus-admin");
  const directoryPassword = await secretFile(options.secretsDirectory, "postgres-mail_directory");
  const postgres = { ...options.postgres, user: "mail_directory", password: directoryPassword.value };
  const hostName = `mail.${options.operatorDomain}`;
  await writeConfiguration(options, ports, hostName, jwtKey.value);

  const programs = cyrusPrograms(cyrus.directory);
  const mta = {
    directory: layout.mta,
    pidDirectory: directory,
    packages: exim.directory,
    hostName,
    ports: { internal: ports.internal, relay: ports.relay },
    lmtpPort: ports.lmtp,
    nextHop: options.nextHop,
    postgres,
    healthSocket: layout.healthSocket,
    tls: layout.tls,
    logKey: logKeyOf(jwtKey.value),
    // Tests wait for what is tried again.
    queueSeconds: options.durable ? 5 : 1,
    ...(runAs === undefined ? {} : { runAs }),
    log: (line: string) => options.log(`exim: ${line}`),
  };
  await configureMta(mta);
  const jmapUrl = `http://${host}:${ports.jmap}/jmap/`;
  const imap = { host, port: ports.imap };
  const mtaLogFile = eximLayout(layout.mta).mainLog;
  const secrets = { jwtKey: jwtKey.value, adminSecret: adminSecret.value };
  const driver = createCyrus({ kind: "cyrus", jmapUrl, imap, mtaLogFile, ...secrets });
  const isRecovery = await wasCutShort(layout.state);
  if (isRecovery) await repairStore(programs, layout.imapdConfiguration, runAs, options.log);
  await markRunning(layout.state);

  const started: RunningPart[] = [];
  try {
    started.push(await startPasswordDaemon(options, postgres, adminSecret.value));
    started.push(await startMtaLog(mta));
    if (isRecovery) {
      const count = await strikeOffDelivered({
        exim: (...args) => runMta(mta, args),
        startImap: () => startCyrus(options, programs, layout.recoveryConfiguration, { listening: [imap] }),
        imap,
        adminSecret: adminSecret.value,
        postgres,
      }).catch((error: unknown) => {
        // Better a mail that comes twice than none that comes.
        options.log(
          `the queue was not compared with the boxes: ${error instanceof Error ? error.message : "?"}`,
        );
        return 0;
      });
      options.log(`recovered after a stop that was none; ${count} repeated deliveries struck off the queue`);
    }
    started.push(await startMta(mta));
    const ready = { check: async () => (await driver.probe(AbortSignal.timeout(2000))) === "ready" };
    started.push(await startCyrus(options, programs, layout.serviceConfiguration, ready));
  } catch (error) {
    for (const part of started.reverse()) await part.kill();
    throw error;
  }
  const joined = joinParts("mail-server", started);
  const endWatch = watchSessions(`${layout.state}/proc`, postgres, options.log);
  return {
    name: joined.name,
    pids: joined.pids,
    exited: joined.exited,
    stop: async () => {
      await endWatch();
      await joined.stop();
      await markStopped(layout.state);
    },
    kill: async () => {
      await Promise.all([endWatch(), joined.kill()]);
    },
    kind: "cyrus",
    version: `Cyrus ${versionOf(cyrus.versions, "cyrus-imapd")}, Exim ${
      versionOf(exim.versions, "exim4-daemon-heavy")
    }`,
    addresses: {
      jmapUrl,
      imap,
      relay: { host, port: ports.relay },
      lmtp: { host, port: ports.lmtp },
    },
    edge: {
      imap,
      submission: { host, port: ports.internal },
      receipts: { host, port: ports.internal },
      relay: { host, port: ports.relay },
      login: administrator,
      secretFile: adminSecret.path,
    },
    apiEnvironment: {
      MSS_MAIL_SERVER: "cyrus",
      MSS_MAIL_JMAP_URL: jmapUrl,
      MSS_MAIL_JWT_KEY_FILE: jwtKey.path,
      MSS_MAIL_IMAP: `${host}:${ports.imap}`,
      MSS_MAIL_CYRUS_ADMIN_SECRET_FILE: adminSecret.path,
      MSS_MAIL_MTA_LOG_FILE: mtaLogFile,
    },
  };
}

interface Unpacked {
  readonly directory: string;
  readonly versions: string;
}

function requiredPorts(options: LaunchOptions): Record<PortName, number> {
  return Object.fromEntries(portNames.map((name) => {
    const port = options.ports[name];
    if (port === undefined) throw new StartFailure(`The mail server was given no port "${name}".`);
    return [name, port];
  })) as Record<PortName, number>;
}

/** 256 random bits in standard base64, the form of a PEM body. */
function makeKey(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toBase64();
}

async function writeConfiguration(
  options: LaunchOptions,
  ports: Record<PortName, number>,
  hostName: string,
  jwtKey: string,
): Promise<void> {
  const { runAs } = options;
  const layout = cyrusLayout(options.directory);
  if (!(await exists(layout.tls.certificateFile))) {
    const { certificate, privateKey } = await makeServerCertificate(hostName, new Date());
    await writePrivateFile(layout.tls.privateKeyFile, privateKey, runAs);
    await writePrivateFile(layout.tls.certificateFile, certificate, runAs);
  }
  await writePrivateFile(
    `${layout.jwtKeys}/platform.pem`,
    `-----BEGIN HMAC KEY-----\n${jwtKey}\n-----END HMAC KEY-----\n`,
    runAs,
  );
  const account = accountNames(runAs);
  const imapd = fillTemplate(await Deno.readTextFile(new URL("imapd.conf.in", import.meta.url)), {
    USER: account.user,
    GROUP: account.group,
    DIRECTORY: layout.state,
    HOST_NAME: hostName,
    JWT_KEY_DIRECTORY: layout.jwtKeys,
    PASSWORD_SOCKET: layout.saslauthdSocket,
    TLS_CERTIFICATE: layout.tls.certificateFile,
    TLS_PRIVATE_KEY: layout.tls.privateKeyFile,
    PORT_INTERNAL: ports.internal,
  });
  await writePrivateFile(layout.imapdConfiguration, imapd, runAs);
  const { loader, binaries } = cyrusPrograms(`${options.packagesDirectory}/${cyrusPackages.name}`);
  const common = {
    RUN: [...loader, binaries].join(" "),
    IMAPD_CONF: layout.imapdConfiguration,
    PORT_IMAP: ports.imap,
  };
  const services = fillTemplate(await Deno.readTextFile(new URL("cyrus.conf.in", import.meta.url)), {
    ...common,
    PORT_JMAP: ports.jmap,
    PORT_LMTP: ports.lmtp,
  });
  await writePrivateFile(layout.serviceConfiguration, services, runAs);
  const recovery = fillTemplate(
    await Deno.readTextFile(new URL("recovery.conf.in", import.meta.url)),
    common,
  );
  await writePrivateFile(layout.recoveryConfiguration, recovery, runAs);
}

function accountNames(runAs: Account | undefined): { user: string; group: string } {
  if (runAs !== undefined) return runAs;
  const { username, gid } = userInfo();
  const line = Deno.readTextFileSync("/etc/group").split("\n").find((text) =>
    text.split(":")[2] === String(gid)
  );
  return { user: username, group: line?.split(":")[0] ?? username };
}

async function startPasswordDaemon(
  options: LaunchOptions,
  postgres: DaemonSettings["postgres"],
  adminSecret: string,
): Promise<RunningPart> {
  const { directory, runAs } = options;
  const layout = cyrusLayout(directory);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(adminSecret));
  const settings: DaemonSettings = {
    saslauthdSocket: layout.saslauthdSocket,
    healthSocket: layout.healthSocket,
    administratorSecretSha256: new Uint8Array(digest).toHex(),
    postgres,
  };
  await writePrivateFile(layout.daemonSettings, JSON.stringify(settings), runAs);
  return await startProcess({
    name: "passwords",
    command: Deno.execPath(),
    args: [
      "run",
      "--quiet",
      "--cached-only",
      "--no-prompt",
      "--node-modules-dir=manual",
      "--allow-env",
      "--allow-sys",
      `--allow-read=${repositoryDirectory},${layout.daemonSettings},${layout.sockets}`,
      `--allow-write=${layout.sockets}`,
      `--allow-net=${postgres.host}:${postgres.port},unix:${layout.saslauthdSocket},unix:${layout.healthSocket}`,
      new URL("password-daemon/main.ts", import.meta.url).pathname,
      layout.daemonSettings,
    ],
    // The account may have no home, and may not write in that of root.
    environment: { DENO_DIR: `${directory}/deno`, DENO_NO_UPDATE_CHECK: "1" },
    workingDirectory: repositoryDirectory,
    directory,
    ...(runAs === undefined ? {} : { runAs }),
    ready: { line: /^password daemon ready$/ },
    log: (line) => options.log(`passwords: ${line}`),
  });
}

async function startCyrus(
  options: LaunchOptions,
  programs: CyrusPrograms,
  serviceConfiguration: string,
  ready: ReadyCondition,
): Promise<RunningPart> {
  const { directory, runAs } = options;
  const layout = cyrusLayout(directory);
  const [command, ...loaderArgs] = programs.loader;
  return await startProcess({
    name: "cyrus",
    command,
    args: [
      ...loaderArgs,
      `${programs.binaries}/master`,
      "-C",
      layout.imapdConfiguration,
      "-M",
      serviceConfiguration,
      "-p",
      `${layout.state}/master.lock`,
      "-D",
    ],
    clearEnvironment: true,
    environment: { PATH: "/usr/bin:/bin", SASL_PATH: programs.saslPath },
    workingDirectory: directory,
    directory,
    ...(runAs === undefined ? {} : { runAs }),
    ready,
    readyTimeoutSeconds: readySeconds,
    log: (line) => options.log(`cyrus: ${line}`),
  });
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
