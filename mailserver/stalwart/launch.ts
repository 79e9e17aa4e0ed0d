/**
 * Starts Stalwart with everything the platform needs, and refuses each way of starting that fails open.
 *
 * Order: version and variables → ports free → database: nobody else, stale locks freed → when the plan differs from
 * the one last applied: recovery start, plan, orderly stop, search configuration → normal start → the sockets are
 * exactly the configured ones → a real JMAP call answers → the settings reload without a build error. A failure at any
 * step leaves no process behind. Calling it again is the recovery after a crash.
 */
import { basicAuthorization } from "../../api/mail-server/stalwart/management.ts";
import { StartFailure } from "../../scripts/stack/failure.ts";
import type { LaunchOptions, RunningMailServer } from "../../scripts/stack/part.ts";
import { requireFreePorts } from "../../scripts/stack/ports.ts";
import { secretFile } from "../../scripts/stack/secrets.ts";
import {
  appliedPlan,
  configureSearch,
  freeStaleLocks,
  type MailDatabase,
  noteAppliedPlan,
  requireNobodyElse,
  searchConfiguration,
  withMailDatabase,
} from "./database.ts";
import { serverEnvironment } from "./environment.ts";
import { buildPlan, digestOf, type Placeholders, type Plan } from "./plan.ts";
import { applyInRecovery, requireVersion, type ServerProgram, startServing } from "./server.ts";
import { publishServices, serviceLogins } from "./services.ts";

/** Names of the ports that `launch` needs. */
export const portNames = ["jmap", "imap", "submission", "relay", "lmtp", "sieve"] as const;
type PortName = typeof portNames[number];

export interface StalwartLaunchOptions extends LaunchOptions {
  /** Program to run; otherwise STALWART_BIN, otherwise `stalwart` on the PATH. */
  readonly binary?: string;
}

const host = "127.0.0.1";

/**
 * Starts the server and returns when it serves.
 *
 * @throws StartFailure with one sentence for the person who waits; no process is left
 */
export async function launch(options: StalwartLaunchOptions): Promise<RunningMailServer> {
  const ports = requirePorts(options.ports);
  const binary = options.binary ?? (Deno.env.get("STALWART_BIN") || "stalwart");
  const logins = serviceLogins(options.operatorDomain);
  const secrets = await readSecrets(options.secretsDirectory);
  const jmapUrl = `http://${host}:${ports.jmap}/jmap/`;
  const hostname = `mail.${options.operatorDomain}`;
  const plan = buildPlan(placeholders(options, ports, hostname));
  const environment = serverEnvironment({
    MAIL_DB_PASSWORD: secrets.mailDatabase,
    DIRECTORY_DB_PASSWORD: secrets.directoryDatabase,
    STALWART_OAUTH_ENCRYPTION_KEY: secrets.oauthEncryption,
    STALWART_OAUTH_SIGNATURE_KEY: secrets.oauthSignature,
    STALWART_METRICS_PASSWORD: secrets.metrics,
    STALWART_HOOK_SECRET: secrets.hook.value,
    STALWART_HOSTNAME: hostname,
    STALWART_PUBLIC_URL: `http://${host}:${ports.jmap}`,
  });
  const version = await requireVersion(binary, plan.version);
  requireFreePorts(Object.fromEntries(portNames.map((name) => [`the mail server's ${name}`, ports[name]])));

  const program: ServerProgram = {
    binary,
    configFile: await writeConfig(options, plan),
    directory: options.directory,
    environment,
    ...(options.runAs === undefined ? {} : { runAs: options.runAs }),
    log: options.log,
  };
  await publishServices({ ...options.postgres, password: secrets.worker }, [
    { login: logins.gateway, secret: secrets.gateway.value },
    { login: logins.provisioner, secret: secrets.provisioner.value },
  ]);
  await prepareDatabase(options, program, plan, secrets.mailDatabase);

  const server = await startServing(program, {
    addresses: portNames.map((name) => `${host}:${ports[name]}`),
    jmapUrl,
    authorization: basicAuthorization(logins.provisioner, secrets.provisioner.value),
  });
  const at = (name: PortName) => ({ host, port: ports[name] });
  return {
    name: server.name,
    get pids() {
      return server.pids;
    },
    exited: server.exited,
    stop: server.stop,
    kill: server.kill,
    kind: "stalwart",
    version,
    addresses: {
      jmapUrl,
      imap: at("imap"),
      submission: at("submission"),
      relay: at("relay"),
      lmtp: at("lmtp"),
      sieve: at("sieve"),
    },
    apiEnvironment: {
      MSS_MAIL_SERVER: "stalwart",
      MSS_MAIL_JMAP_URL: jmapUrl,
      MSS_MAIL_OPERATOR_DOMAIN: options.operatorDomain,
      MSS_MAIL_GATEWAY_LOGIN: logins.gateway,
      MSS_MAIL_GATEWAY_SECRET_FILE: secrets.gateway.path,
      MSS_MAIL_PROVISIONER_LOGIN: logins.provisioner,
      MSS_MAIL_PROVISIONER_SECRET_FILE: secrets.provisioner.path,
      MSS_MAIL_HOOK_SECRET_FILE: secrets.hook.path,
    },
  };
}

function requirePorts(ports: Readonly<Record<string, number>>): Record<PortName, number> {
  return Object.fromEntries(portNames.map((name) => {
    const port = ports[name];
    if (port === undefined) throw new StartFailure(`The mail server has no port for ${name}.`);
    return [name, port];
  })) as Record<PortName, number>;
}

function placeholders(
  options: StalwartLaunchOptions,
  ports: Readonly<Record<PortName, number>>,
  hostname: string,
): Placeholders {
  const { postgres, nextHop, operatorDomain, apiUrl } = options;
  return {
    // No resolver stands there: every route is a relay by address, so nothing is ever looked up.
    DNS_ADDRESS: host,
    DNS_PORT: "5353",
    BIND: host,
    PORT_HTTP: String(ports.jmap),
    PORT_RELAY: String(ports.relay),
    PORT_SUBMISSION: String(ports.submission),
    PORT_LMTP: String(ports.lmtp),
    PORT_IMAP: String(ports.imap),
    PORT_SIEVE: String(ports.sieve),
    OPERATOR_DOMAIN: operatorDomain,
    HOSTNAME: hostname,
    MAIL_DB_HOST: postgres.host,
    MAIL_DB_PORT: String(postgres.port),
    MAIL_DB_NAME: "stalwart",
    MAIL_DB_USER: "stalwart",
    DIRECTORY_DB_HOST: postgres.host,
    DIRECTORY_DB_PORT: String(postgres.port),
    DIRECTORY_DB_NAME: postgres.database,
    DIRECTORY_DB_USER: "mail_directory",
    // A plain loopback address is refused for good ("host resolves loopback address"); its mapped form is not.
    BORDER_ADDRESS: nextHop.host === "127.0.0.1" ? "::ffff:127.0.0.1" : nextHop.host,
    BORDER_PORT: String(nextHop.port),
    HOOK_URL: new URL("/internal/mail-server/hook", apiUrl).href,
  };
}

interface Secrets {
  readonly mailDatabase: string;
  readonly directoryDatabase: string;
  readonly worker: string;
  readonly oauthEncryption: string;
  readonly oauthSignature: string;
  readonly metrics: string;
  readonly hook: { readonly path: string; readonly value: string };
  readonly gateway: { readonly path: string; readonly value: string };
  readonly provisioner: { readonly path: string; readonly value: string };
}

async function readSecrets(directory: string): Promise<Secrets> {
  const made = (name: string) => secretFile(directory, `stalwart-${name}`);
  const key = (name: string) => secretFile(directory, `stalwart-${name}`, random64Characters);
  return {
    mailDatabase: await existing(directory, "postgres-stalwart"),
    directoryDatabase: await existing(directory, "postgres-mail_directory"),
    worker: await existing(directory, "postgres-mss_worker"),
    oauthEncryption: (await key("oauth-encryption")).value,
    oauthSignature: (await key("oauth-signature")).value,
    metrics: (await made("metrics")).value,
    hook: await made("hook"),
    gateway: await made("gateway"),
    provisioner: await made("provisioner"),
  };
}

/** A secret that another part must have made: a new one would be wrong. `""` when absent. */
async function existing(directory: string, name: string): Promise<string> {
  return await Deno.readTextFile(`${directory}/${name}`).catch(() => "");
}

function random64Characters(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toHex();
}

async function writeConfig(options: StalwartLaunchOptions, plan: Plan): Promise<string> {
  const path = `${options.directory}/config.json`;
  await Deno.writeTextFile(path, JSON.stringify(plan.configJson), { mode: 0o600 });
  if (options.runAs !== undefined) await Deno.chown(path, options.runAs.uid, options.runAs.gid);
  return path;
}

/** Frees what a crash left and brings the settings to the plan, which needs a recovery start when they differ. */
async function prepareDatabase(
  options: StalwartLaunchOptions,
  program: ServerProgram,
  plan: Plan,
  password: string,
): Promise<void> {
  const { host, port } = options.postgres;
  const database: MailDatabase = { host, port, database: "stalwart", user: "stalwart", password };
  const digest = await digestOf(plan, await searchConfiguration());
  const before = await withMailDatabase(database, async (client) => {
    await requireNobodyElse(client);
    const freed = await freeStaleLocks(client);
    if (freed > 0) options.log(`freed ${freed} locks that an unclean stop left`);
    return await appliedPlan(client);
  });
  if (before === digest) return;

  options.progress("The mail server's settings are being applied");
  const changes = await applyInRecovery(program, plan, before === undefined);
  await withMailDatabase(database, async (client) => {
    await configureSearch(client);
    await noteAppliedPlan(client, digest);
  });
  options.log(`settings applied: ${changes} changes`);
}
