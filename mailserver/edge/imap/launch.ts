/** Starts the IMAP half of the edge: Dovecot as login proxy, and nginx in front of it for applicative boxes. */
import { userInfo } from "node:os";
import { endLeftovers, type RunningPart, StartFailure, startProcess } from "../../../scripts/stack/part.ts";
import { requireFreePorts } from "../../../scripts/stack/ports.ts";
import { type PackageSet, unpackedPackages } from "../../mta/packages.ts";
import { makePrivateDirectories, writePrivateFile } from "../../mta/private-file.ts";
import { fillTemplate } from "../../mta/template.ts";
import type { EdgeLaunchOptions } from "../options.ts";
import { inPrivateUsr, requirePrivateUsr } from "./private-usr.ts";

export { EdgeUnavailable } from "./private-usr.ts";

/** STARTTLS, TLS from the first byte, nginx' way in (loopback), list and kick of sessions (loopback). */
export const imapPortNames = ["imap", "imaps", "imap-ticket", "doveadm"] as const;
/** For applicative boxes: STARTTLS, and TLS from the first byte. */
export const certificatePortNames = ["imap-certificate", "imaps-certificate"] as const;

const packageSet: PackageSet = {
  name: "edge-imap",
  script: new URL("packages.sh", import.meta.url).pathname,
  announcement: "Dovecot and nginx are being fetched from the machine's Debian mirror (about 40 MB)",
};

/** Unix socket names end at 107 bytes, and Dovecot makes some under its directory. */
const longestDirectory = 75;

/** Sessions in each of its four login processes. */
const clientLimit = 4000;

export interface ImapLaunchOptions extends EdgeLaunchOptions {
  /** Opens list and kick of sessions, over HTTP on loopback. */
  readonly doveadmKeyFile: string;
  /** Tests that count refusals need not wait for each. */
  readonly failureDelaySeconds?: number;
}

/**
 * Starts Dovecot and waits until it serves.
 *
 * @throws EdgeUnavailable where its paths cannot be hidden; StartFailure for anything else
 */
export async function launchImap(options: ImapLaunchOptions): Promise<RunningPart> {
  const { directory, runAs, mailServer } = options;
  if (directory.length > longestDirectory || /[\s"]/.test(directory + options.packagesDirectory)) {
    throw new StartFailure(
      `Dovecot cannot run from ${directory}: the path must have no space and at most ${longestDirectory} characters.`,
    );
  }
  const packages = await provide(options);
  await requirePrivateUsr(packages, runAs);
  await endLeftovers(directory);
  const ports = portsOf(options, imapPortNames);
  const etc = `${directory}/etc`;
  await makePrivateDirectories([directory, etc, `${directory}/run`, `${directory}/state`], runAs);
  await Deno.chmod(`${directory}/run`, 0o755); // As Dovecot wants it; the directory above is private.
  const account = runAs ?? ownAccount();
  const { imap: upstream, login, secretFile } = mailServer.edge;
  const apiKeyFile = `${etc}/edge-key`;
  const upstreamSecretFile = `${etc}/upstream-secret`;
  await writePrivateFile(apiKeyFile, await Deno.readTextFile(options.api.keyFile), runAs);
  await writePrivateFile(upstreamSecretFile, await Deno.readTextFile(secretFile), runAs);
  await writePrivateFile(
    `${etc}/edge.lua`,
    fillTemplate(await template("edge.lua.in"), {
      API_URL: `http://${options.api.host}:${options.api.port}/edge/auth`,
      API_KEY_FILE: apiKeyFile,
      UPSTREAM_HOST: upstream.host,
      UPSTREAM_PORT: upstream.port,
      UPSTREAM_LOGIN: login,
      UPSTREAM_SECRET_FILE: upstreamSecretFile,
      KIND: mailServer.kind,
      PORT_TICKET: ports["imap-ticket"],
    }),
    runAs,
  );
  const configuration = `${etc}/dovecot.conf`;
  await writePrivateFile(
    configuration,
    fillTemplate(await template("dovecot.conf.in"), {
      DIRECTORY: directory,
      USER: account.user,
      GROUP: account.group,
      LISTEN: options.listen.join(", "),
      PORT_IMAP: ports.imap,
      PORT_IMAPS: ports.imaps,
      PORT_TICKET: ports["imap-ticket"],
      PORT_DOVEADM: ports.doveadm,
      TLS_CERTIFICATE: options.tls.certificateFile,
      TLS_PRIVATE_KEY: options.tls.privateKeyFile,
      DOVEADM_KEY: await Deno.readTextFile(options.doveadmKeyFile),
      FAILURE_DELAY: `${options.failureDelaySeconds ?? 2} secs`,
      CLIENT_LIMIT: clientLimit,
    }),
    runAs,
  );
  const host = options.listen[0] ?? "127.0.0.1";
  return await startProcess({
    name: "dovecot",
    ...inPrivateUsr(packages, runAs, "/usr/sbin/dovecot", ["-F", "-c", configuration]),
    clearEnvironment: true,
    environment: {
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      HOME: directory,
      DOVECOT_HOSTNAME: options.hostName,
    },
    workingDirectory: directory,
    directory,
    ready: {
      listening: [
        { host, port: ports.imap },
        { host, port: ports.imaps },
        { host: "127.0.0.1", port: ports["imap-ticket"] },
        { host: "127.0.0.1", port: ports.doveadm },
      ],
    },
    log: (line) => isSteadyQuestion(line) ? undefined : options.log(line),
  });
}

/** The API asks for the list of sessions every second. */
function isSteadyQuestion(line: string): boolean {
  return / doveadm\(.*(Executing command 'proxy list'|"POST \/doveadm\/v1 HTTP\/1.1" 200 )/.test(line);
}

/** Starts nginx, whose sessions lead to Dovecot's listener for tickets. A new revocation list counts within seconds. */
export async function launchCertificates(options: EdgeLaunchOptions): Promise<RunningPart> {
  const { directory, runAs, clientCertificates } = options;
  const packages = await provide(options);
  await requirePrivateUsr(packages, runAs); // It leads to Dovecot and nowhere else.
  await endLeftovers(directory);
  const ports = portsOf(options, certificatePortNames);
  await makePrivateDirectories([directory], runAs);
  const listen = (port: number, tls: boolean) =>
    options.listen.map((address) => `listen ${address}:${port}${tls ? " ssl" : ""};`).join(" ");
  const configuration = `${directory}/nginx.conf`;
  // nginx reads as `runAs`, who need not be able to reach the originals.
  const authorities = `${directory}/authorities.pem`;
  const crl = `${directory}/crl.pem`;
  const copy = async () => {
    await writePrivateFile(authorities, await Deno.readTextFile(clientCertificates.authoritiesFile), runAs);
    await writePrivateFile(crl, await Deno.readTextFile(clientCertificates.crlFile), runAs);
  };
  await copy();
  await writePrivateFile(
    configuration,
    fillTemplate(await template("nginx.conf.in"), {
      MODULE: `${packages}/usr/lib/nginx/ngx_mail_module.so`,
      DIRECTORY: directory,
      HOST_NAME: options.hostName,
      API: `${options.api.host}:${options.api.port}`,
      API_KEY: await Deno.readTextFile(options.api.keyFile),
      TLS_CERTIFICATE: options.tls.certificateFile,
      TLS_PRIVATE_KEY: options.tls.privateKeyFile,
      AUTHORITIES: authorities,
      CRL: crl,
      LISTEN_STARTTLS: listen(ports["imap-certificate"], false),
      LISTEN_TLS: listen(ports["imaps-certificate"], true),
    }),
    runAs,
  );
  const libraries = `${packages}/usr/lib/x86_64-linux-gnu`;
  const host = options.listen[0] ?? "127.0.0.1";
  const nginx = await startProcess({
    name: "nginx",
    command: `${libraries}/ld-linux-x86-64.so.2`,
    args: [
      "--library-path",
      libraries,
      `${packages}/usr/sbin/nginx`,
      "-e",
      "stderr",
      "-p",
      directory,
      "-c",
      configuration,
    ],
    clearEnvironment: true,
    environment: { PATH: "/usr/bin:/bin" },
    workingDirectory: directory,
    directory,
    ...(runAs === undefined ? {} : { runAs }),
    stopSignal: "SIGTERM",
    ready: { listening: certificatePortNames.map((name) => ({ host, port: ports[name] })) },
    log: options.log,
  });
  const endWatch = watchFile(clientCertificates.crlFile, async () => {
    await copy();
    Deno.kill(nginx.pid, "SIGHUP");
    options.log("the revocation list has changed: read again");
  });
  return {
    ...nginx,
    stop: async () => {
      endWatch();
      await nginx.stop();
    },
    kill: async () => {
      endWatch();
      await nginx.kill();
    },
  };
}

async function provide(options: EdgeLaunchOptions): Promise<string> {
  return (await unpackedPackages(packageSet, options.packagesDirectory, options.progress)).directory;
}

function portsOf<Name extends string>(
  { ports }: EdgeLaunchOptions,
  names: readonly Name[],
): Record<Name, number> {
  const wanted = Object.fromEntries(names.map((name) => {
    const port = ports[name];
    if (port === undefined) throw new StartFailure(`The edge was given no port "${name}".`);
    return [name, port];
  })) as Record<Name, number>;
  requireFreePorts(Object.fromEntries(names.map((name) => [`the edge (${name})`, wanted[name]])));
  return wanted;
}

function template(name: string): Promise<string> {
  return Deno.readTextFile(new URL(name, import.meta.url));
}

function ownAccount(): { user: string; group: string } {
  const { username, gid } = userInfo();
  const line = Deno.readTextFileSync("/etc/group").split("\n").find((text) =>
    text.split(":")[2] === String(gid)
  );
  return { user: username, group: line?.split(":")[0] ?? username };
}

const watchMilliseconds = 2000;

/** Calls `onChange` after the file was replaced; the returned function ends the watch. */
function watchFile(path: string, onChange: () => Promise<void>): () => void {
  let seen = modified(path);
  const timer = setInterval(() => {
    const now = modified(path);
    if (now === seen) return;
    seen = now;
    // It may be gone for a moment, or nginx: the next look tries again.
    void onChange().catch(() => seen = undefined);
  }, watchMilliseconds);
  return () => clearInterval(timer);
}

function modified(path: string): number | undefined {
  try {
    return Deno.statSync(path).mtime?.getTime();
  } catch {
    return undefined;
  }
}
