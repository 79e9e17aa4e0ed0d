/**
 * From the stack's options to what the server needs: the plan, its environment, the program, the services' secrets.
 * Writes `config.json` and makes the secrets that are the mail server's own; starts nothing.
 */
import { basicAuthorization } from "../../api/mail-server/stalwart/management.ts";
import { StartFailure } from "../../scripts/stack/failure.ts";
import type { LaunchOptions } from "../../scripts/stack/part.ts";
import { type Secret, secretFile } from "../../scripts/stack/secrets.ts";
import { serverEnvironment } from "./environment.ts";
import { addressHider } from "./log.ts";
import { buildPlan, type Placeholders, type Plan } from "./plan.ts";
import type { Expected, ServerProgram } from "./server.ts";
import { type Service, serviceLogins } from "./services.ts";

/** Names of the ports that the server needs. */
export const portNames = ["jmap", "imap", "submission", "receipts", "relay", "lmtp", "sieve"] as const;
export type PortName = typeof portNames[number];

export interface Configuration {
  readonly ports: Readonly<Record<PortName, number>>;
  readonly plan: Plan;
  readonly program: ServerProgram;
  readonly expected: Expected;
  readonly gateway: Service & { readonly secretFile: string };
  readonly edge: Service & { readonly secretFile: string };
  readonly provisioner: Service & { readonly secretFile: string };
  readonly hookSecretFile: string;
  /** Passwords of the roles `stalwart` and `mss_worker`. */
  readonly mailDatabasePassword: string;
  readonly workerPassword: string;
}

/** All listeners stand on loopback: what faces the network is the border and the edge. */
export const host = "127.0.0.1";

/**
 * Builds the configuration.
 *
 * @throws StartFailure naming each variable or port that is missing
 */
export async function configure(options: LaunchOptions): Promise<Configuration> {
  const ports = requirePorts(options.ports);
  const logins = serviceLogins(options.operatorDomain);
  const secrets = await readSecrets(options.secretsDirectory);
  const hostname = `mail.${options.operatorDomain}`;
  const environment = serverEnvironment({
    MAIL_DB_PASSWORD: secrets.mailDatabase,
    DIRECTORY_DB_PASSWORD: secrets.directoryDatabase,
    STALWART_OAUTH_ENCRYPTION_KEY: secrets.oauthEncryption.value,
    STALWART_OAUTH_SIGNATURE_KEY: secrets.oauthSignature.value,
    STALWART_METRICS_PASSWORD: secrets.metrics.value,
    STALWART_HOOK_SECRET: secrets.hook.value,
    STALWART_HOSTNAME: hostname,
    STALWART_PUBLIC_URL: `http://${host}:${ports.jmap}`,
  });
  const plan = buildPlan(placeholders(options, ports, hostname));
  const hideAddresses = addressHider();
  const service = (login: string, secret: Secret) => ({
    login,
    secret: secret.value,
    secretFile: secret.path,
  });
  return {
    ports,
    plan,
    program: {
      binary: options.stalwart?.binary ?? (Deno.env.get("STALWART_BIN") || "stalwart"),
      configFile: await writeConfig(options, plan),
      directory: options.directory,
      environment,
      ...(options.runAs === undefined ? {} : { runAs: options.runAs }),
      log: (line) => options.log(hideAddresses(line)),
    },
    expected: {
      addresses: portNames.map((name) => `${host}:${ports[name]}`),
      jmapUrl: `http://${host}:${ports.jmap}/jmap/`,
      authorization: basicAuthorization(logins.provisioner, secrets.provisioner.value),
    },
    gateway: service(logins.gateway, secrets.gateway),
    edge: service(logins.edge, secrets.edge),
    provisioner: service(logins.provisioner, secrets.provisioner),
    hookSecretFile: secrets.hook.path,
    mailDatabasePassword: secrets.mailDatabase,
    workerPassword: secrets.worker,
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
  options: LaunchOptions,
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
    PORT_RECEIPTS: String(ports.receipts),
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
    RECIPIENT_HOOK_URL: new URL("/internal/mail-server/recipient", apiUrl).href,
  };
}

async function readSecrets(directory: string) {
  const made = (name: string) => secretFile(directory, `stalwart-${name}`);
  const key = (name: string) => secretFile(directory, `stalwart-${name}`, random64Characters);
  return {
    mailDatabase: await existing(directory, "postgres-stalwart"),
    directoryDatabase: await existing(directory, "postgres-mail_directory"),
    worker: await existing(directory, "postgres-mss_worker"),
    oauthEncryption: await key("oauth-encryption"),
    oauthSignature: await key("oauth-signature"),
    metrics: await made("metrics"),
    hook: await made("hook"),
    gateway: await made("gateway"),
    edge: await made("edge"),
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

async function writeConfig(options: LaunchOptions, plan: Plan): Promise<string> {
  const path = `${options.directory}/config.json`;
  await Deno.writeTextFile(path, JSON.stringify(plan.configJson), { mode: 0o600 });
  if (options.runAs !== undefined) await Deno.chown(path, options.runAs.uid, options.runAs.gid);
  return path;
}
