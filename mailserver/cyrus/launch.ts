/**
 * Starts the stand-in mail server: password daemon, Exim, then Cyrus, and waits for a real JMAP answer.
 *
 * Exim is first because each httpd process of Cyrus asks it once what it can do, and without an answer the session of that
 * process lacks submission. Launching again after a crash is the recovery: `ctl_cyrusdb -r` runs before any service, Exim
 * takes up its queue, and processes left by a killed stack are ended by their pid files.
 */
import { createCyrus } from "../../api/mail-server/cyrus/mod.ts";
import {
  type Account,
  endLeftovers,
  joinParts,
  type LaunchOptions,
  type RunningMailServer,
  type RunningPart,
  StartFailure,
  startProcess,
} from "../../scripts/stack/part.ts";
import { requireFreePorts } from "../../scripts/stack/ports.ts";
import { secretFile } from "../../scripts/stack/secrets.ts";
import { makeServerCertificate } from "../mta/certificate.ts";
import { launchMta, mtaLayout } from "../mta/launch.ts";
import { type PackageSet, unpackedPackages, versionOf } from "../mta/packages.ts";
import { makePrivateDirectories, writePrivateFile } from "../mta/private-file.ts";
import { fillTemplate } from "../mta/template.ts";
import type { DaemonSettings } from "./password-daemon/main.ts";
import { cyrusLayout } from "./layout.ts";
import { userInfo } from "node:os";

/** Ports the launcher needs, by the names used in `LaunchOptions.ports`. */
export const portNames = ["jmap", "imap", "lmtp", "submission", "relay", "internal"] as const;

type PortName = typeof portNames[number];

const eximPackages: PackageSet = {
  name: "exim",
  script: new URL("../mta/packages.sh", import.meta.url).pathname,
  announcement: "Exim is being fetched from the machine's Debian mirror (about 30 MB)",
};
const cyrusPackages: PackageSet = {
  name: "cyrus",
  script: new URL("packages.sh", import.meta.url).pathname,
  announcement: "Cyrus is being fetched from the machine's Debian mirror (about 70 MB)",
};

const host = "127.0.0.1";
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

  const started: RunningPart[] = [];
  try {
    started.push(await startPasswordDaemon(options, postgres, adminSecret.value));
    started.push(
      await launchMta({
        directory: layout.mta,
        pidDirectory: directory,
        packages: exim.directory,
        hostName,
        ports: { submission: ports.submission, internal: ports.internal, relay: ports.relay },
        lmtpPort: ports.lmtp,
        nextHop: options.nextHop,
        postgres,
        passwordSocket: layout.lineSocket,
        tls: layout.tls,
        // Tests wait for what is tried again.
        queueSeconds: options.durable ? 5 : 1,
        ...(runAs === undefined ? {} : { runAs }),
        log: (line) => options.log(`exim: ${line}`),
      }),
    );
    started.push(await startCyrus(options, ports, cyrus.directory, jwtKey.value, adminSecret.value));
  } catch (error) {
    for (const part of started.reverse()) await part.kill();
    throw error;
  }
  const jmapUrl = `http://${host}:${ports.jmap}/jmap/`;
  const joined = joinParts("mail-server", started);
  return {
    name: joined.name,
    pids: joined.pids,
    exited: joined.exited,
    stop: joined.stop,
    kill: joined.kill,
    kind: "cyrus",
    version: `Cyrus ${versionOf(cyrus.versions, "cyrus-imapd")}, Exim ${
      versionOf(exim.versions, "exim4-daemon-heavy")
    }`,
    addresses: {
      jmapUrl,
      imap: { host, port: ports.imap },
      submission: { host, port: ports.submission },
      relay: { host, port: ports.relay },
      lmtp: { host, port: ports.lmtp },
    },
    apiEnvironment: {
      MSS_MAIL_SERVER: "cyrus",
      MSS_MAIL_JMAP_URL: jmapUrl,
      MSS_MAIL_JWT_KEY_FILE: jwtKey.path,
      MSS_MAIL_IMAP: `${host}:${ports.imap}`,
      MSS_MAIL_CYRUS_ADMIN_SECRET_FILE: adminSecret.path,
      MSS_MAIL_MTA_LOG_FILE: mtaLayout(layout.mta).mainLog,
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
  const services = fillTemplate(await Deno.readTextFile(new URL("cyrus.conf.in", import.meta.url)), {
    RUN: runPrefix(`${options.packagesDirectory}/${cyrusPackages.name}`).join(" "),
    IMAPD_CONF: layout.imapdConfiguration,
    PORT_IMAP: ports.imap,
    PORT_JMAP: ports.jmap,
    PORT_LMTP: ports.lmtp,
  });
  await writePrivateFile(layout.serviceConfiguration, services, runAs);
}

/** The unpacked programs have their own libc, so they run through its loader; the last word is their directory. */
function runPrefix(packages: string): [loader: string, ...rest: string[], directory: string] {
  const libraries = `${packages}/usr/lib/x86_64-linux-gnu`;
  return [
    `${libraries}/ld-linux-x86-64.so.2`,
    "--library-path",
    libraries,
    `${packages}/usr/lib/cyrus/bin`,
  ];
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
    lineSocket: layout.lineSocket,
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
      "--allow-ffi",
      "--allow-read",
      `--allow-write=${layout.sockets}`,
      `--allow-net=${postgres.host}:${postgres.port},unix:${layout.saslauthdSocket},unix:${layout.lineSocket}`,
      new URL("password-daemon/main.ts", import.meta.url).pathname,
      layout.daemonSettings,
    ],
    // The account may have no home, and may not write in that of root.
    environment: { DENO_DIR: `${directory}/deno`, DENO_NO_UPDATE_CHECK: "1" },
    workingDirectory: new URL("../..", import.meta.url).pathname,
    directory,
    ...(runAs === undefined ? {} : { runAs }),
    ready: { line: /^password daemon ready$/ },
    log: (line) => options.log(`passwords: ${line}`),
  });
}

async function startCyrus(
  options: LaunchOptions,
  ports: Record<PortName, number>,
  packages: string,
  jwtKey: string,
  adminSecret: string,
): Promise<RunningPart> {
  const { directory, runAs } = options;
  const layout = cyrusLayout(directory);
  const [loader, ...rest] = runPrefix(packages);
  const binaries = rest.pop();
  const probe = createCyrus({
    kind: "cyrus",
    jmapUrl: `http://${host}:${ports.jmap}/jmap/`,
    jwtKey,
    imap: { host, port: ports.imap },
    adminSecret,
    mtaLogFile: mtaLayout(layout.mta).mainLog,
  });
  return await startProcess({
    name: "cyrus",
    command: loader,
    args: [
      ...rest,
      `${binaries}/master`,
      "-C",
      layout.imapdConfiguration,
      "-M",
      layout.serviceConfiguration,
      "-p",
      `${layout.state}/master.lock`,
      "-D",
    ],
    clearEnvironment: true,
    environment: {
      PATH: "/usr/bin:/bin",
      SASL_PATH: `${packages}/usr/lib/x86_64-linux-gnu/sasl2`,
    },
    workingDirectory: directory,
    directory,
    ...(runAs === undefined ? {} : { runAs }),
    ready: { check: async () => (await probe.probe(AbortSignal.timeout(2000))) === "ready" },
    readyTimeoutSeconds: readySeconds,
    log: (line) => options.log(`cyrus: ${line}`),
  });
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
