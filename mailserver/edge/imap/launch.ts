/** Starts the IMAP half of the edge: Dovecot as login proxy, and nginx in front of it for applicative boxes. */
import { userInfo } from "node:os";
import { endLeftovers, type RunningPart, StartFailure, startProcess } from "../../../scripts/stack/part.ts";
import { makePrivateDirectories, writePrivateFile } from "../../mta/private-file.ts";
import { fillTemplate } from "../../mta/template.ts";
import { launchNginx } from "../nginx.ts";
import type { EdgeLaunchOptions } from "../options.ts";
import { edgePackages, edgePorts } from "../packages.ts";
import { inPrivateUsr, requirePrivateUsr } from "./private-usr.ts";

export { EdgeUnavailable } from "./private-usr.ts";

/** STARTTLS, TLS from the first byte, nginx' way in (loopback), list and kick of sessions (loopback). */
export const imapPortNames = ["imap", "imaps", "imap-ticket", "doveadm"] as const;
/** For applicative boxes: STARTTLS, and TLS from the first byte. */
export const certificatePortNames = ["imap-certificate", "imaps-certificate"] as const;

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
  const packages = await edgePackages(options);
  await requirePrivateUsr(packages, runAs);
  await endLeftovers(directory);
  const ports = edgePorts(options, imapPortNames);
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

/** Starts nginx, whose sessions lead to Dovecot's listener for tickets. @throws EdgeUnavailable, StartFailure */
export async function launchCertificates(options: EdgeLaunchOptions): Promise<RunningPart> {
  await requirePrivateUsr(await edgePackages(options), options.runAs); // It leads to Dovecot and nowhere else.
  await Deno.remove(`${options.directory}/ask`).catch(() => undefined); // A killed nginx leaves its socket, and then cannot bind.
  return await launchNginx(options, {
    ports: certificatePortNames,
    template: new URL("nginx.conf.in", import.meta.url),
    fields: async (packages, listen) => ({
      MODULE: `${packages}/usr/lib/nginx/ngx_mail_module.so`,
      API: `${options.api.host}:${options.api.port}`,
      API_KEY: await Deno.readTextFile(options.api.keyFile),
      PORT_DOVEADM: options.ports["doveadm"] ?? 0,
      LISTEN_STARTTLS: listen("imap-certificate", false),
      LISTEN_TLS: listen("imaps-certificate", true),
    }),
  });
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
