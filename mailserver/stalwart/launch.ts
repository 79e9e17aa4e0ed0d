/**
 * Starts Stalwart with everything the platform needs, and refuses each way of starting that fails open.
 *
 * Order: variables and version → ports free → database: nobody else, stale locks freed → when the plan differs from
 * the one last applied: recovery start, plan, orderly stop, search configuration → normal start → the sockets are
 * exactly the configured ones → a real JMAP call answers → the settings reload without a build error. A failure at any
 * step leaves no process behind. Calling it again is the recovery after a crash.
 */
import type { LaunchOptions, RunningMailServer } from "../../scripts/stack/part.ts";
import { requireFreePorts } from "../../scripts/stack/ports.ts";
import { type Configuration, configure, host, portNames } from "./configure.ts";
import {
  appliedPlan,
  configureSearch,
  freeStaleLocks,
  noteAppliedPlan,
  requireNobodyElse,
  searchConfiguration,
  withMailDatabase,
} from "./database.ts";
import { digestOf } from "./plan.ts";
import { applyInRecovery, requireVersion, startServing } from "./server.ts";
import { publishServices } from "./services.ts";

export { portNames } from "./configure.ts";

/** Its locks are rows: when PostgreSQL dies under it some stay, and hold mail for ten minutes, until a start frees them. */
export const keepsLocksInDatabase = true;

/**
 * Starts the server and returns when it serves.
 *
 * @throws StartFailure with one sentence for the person who waits; no process is left
 */
export async function launch(options: LaunchOptions): Promise<RunningMailServer> {
  const configuration = await configure(options);
  const { ports, plan, program, expected, gateway, edge, provisioner } = configuration;
  const version = await requireVersion(program.binary, plan.version);
  requireFreePorts(Object.fromEntries(portNames.map((name) => [`the mail server's ${name}`, ports[name]])));
  await publishServices({ ...options.postgres, password: configuration.workerPassword }, [
    gateway,
    edge,
    provisioner,
  ]);
  await prepareDatabase(options, configuration);

  const server = await startServing(program, expected);
  const at = (name: typeof portNames[number]) => ({ host, port: ports[name] });
  return {
    name: server.name,
    pids: server.pids,
    exited: server.exited,
    stop: server.stop,
    kill: server.kill,
    kind: "stalwart",
    version,
    addresses: {
      jmapUrl: expected.jmapUrl,
      imap: at("imap"),
      relay: at("relay"),
      lmtp: at("lmtp"),
      sieve: at("sieve"),
    },
    edge: {
      imap: at("imap"),
      submission: at("submission"),
      receipts: at("receipts"),
      relay: at("relay"),
      login: edge.login,
      secretFile: edge.secretFile,
    },
    apiEnvironment: {
      MSS_MAIL_SERVER: "stalwart",
      MSS_MAIL_JMAP_URL: expected.jmapUrl,
      MSS_MAIL_OPERATOR_DOMAIN: options.operatorDomain,
      MSS_MAIL_GATEWAY_LOGIN: gateway.login,
      MSS_MAIL_GATEWAY_SECRET_FILE: gateway.secretFile,
      MSS_MAIL_PROVISIONER_LOGIN: provisioner.login,
      MSS_MAIL_PROVISIONER_SECRET_FILE: provisioner.secretFile,
      MSS_MAIL_HOOK_SECRET_FILE: configuration.hookSecretFile,
    },
  };
}

/** Frees what a crash left and brings the settings to the plan, which needs a recovery start when they differ. */
async function prepareDatabase(
  options: LaunchOptions,
  { plan, program, mailDatabasePassword: password }: Configuration,
): Promise<void> {
  const database = {
    host: options.postgres.host,
    port: options.postgres.port,
    database: "stalwart",
    user: "stalwart",
    password,
  };
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
