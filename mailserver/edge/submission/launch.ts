/**
 * Starts the edge's submission: an Exim of its own, from the same unpacked packages as the stand-in's MTA.
 *
 * It keeps no list of anybody: each sign-in and each sender is asked of the API's private listener. What it has accepted
 * stands in its queue as files and survives any kill; launching again is the recovery.
 */
import {
  eximLayout,
  eximOf,
  eximPackages,
  prepareExim,
  runExim,
  startExim,
  startEximLog,
} from "../../mta/exim.ts";
import { unpackedPackages } from "../../mta/packages.ts";
import { writePrivateFile } from "../../mta/private-file.ts";
import { fillTemplate } from "../../mta/template.ts";
import { privateDirectory } from "../../../scripts/stack/packages.ts";
import { secretFile } from "../../../scripts/stack/secrets.ts";
import {
  type Account,
  type Address,
  endLeftovers,
  joinParts,
  type RunningPart,
  StartFailure,
} from "../../../scripts/stack/part.ts";
import type { EdgeLaunchOptions } from "../options.ts";

/** Where accepted mail goes, and how the edge says there for which box it speaks. */
export type SubmissionStore =
  | {
    /** Stalwart's submission listener: SMTP AUTH as `box%service`. */
    readonly kind: "stalwart";
    readonly address: Address;
    /** The same, for mail whose sender is nobody: read receipts. */
    readonly receipts: Address;
    readonly service: { readonly login: string; readonly secretFile: string };
  }
  | {
    /** The internal port of the stand-in's MTA: `MAIL FROM:<…> AUTH=<box>`. */
    readonly kind: "cyrus";
    readonly address: Address;
  };

export interface SubmissionLimits {
  /** Recipients per hour of one person (or app password) in one box, over all its devices. */
  readonly personRecipientsPerHour: number;
  /** Recipients per hour of one box, whoever sends. */
  readonly boxRecipientsPerHour: number;
  /** Both, for software that signs in by certificate. */
  readonly applicationRecipientsPerHour: number;
  readonly connections: number;
  /** With less than this left on its disk it takes no mail: what it has taken needs room to be kept and bounced. */
  readonly spareMegabytes: number;
}

export const defaultLimits: SubmissionLimits = {
  personRecipientsPerHour: 500,
  boxRecipientsPerHour: 1000,
  applicationRecipientsPerHour: 20_000,
  connections: 1000,
  spareMegabytes: 200,
};

export interface SubmissionOptions {
  /** State directory: spool, logs, configuration. Made when absent. */
  readonly directory: string;
  /** Where pid files are written (see ProcessSpec). */
  readonly pidDirectory: string;
  readonly packagesDirectory: string;
  readonly hostName: string;
  /** Addresses on which it listens, each on every port. */
  readonly listen: readonly string[];
  readonly ports: {
    /** Persons, STARTTLS (587). */
    readonly submission: number;
    /** Persons, TLS from the first byte (465). */
    readonly submissions: number;
    /** Software with a client certificate, STARTTLS. Opened when `clientCertificates` is there, as the next. */
    readonly applications?: number;
    /** The same, TLS from the first byte. */
    readonly applicationsTls?: number;
  };
  /** The API's private listener. */
  readonly api: Address & { readonly keyFile: string };
  readonly tls: { readonly certificateFile: string; readonly privateKeyFile: string };
  /** Authorities of the certificates of applicative boxes, with their revocation list: without a list every handshake is refused. */
  readonly clientCertificates?: { readonly authoritiesFile: string; readonly revocationsFile: string };
  readonly store: SubmissionStore;
  /** The store's port for mail from nobody to its own boxes: bounces. */
  readonly bounces: Address;
  readonly limits?: Partial<SubmissionLimits>;
  /** How long a refused sign-in is kept waiting. */
  readonly refusalSeconds?: number;
  /** How long the API may take to answer. */
  readonly apiSeconds?: number;
  /** Seconds between two looks at the queue, and before a failed delivery is tried again. */
  readonly queueSeconds: number;
  readonly runAs?: Account;
  readonly log: (line: string) => void;
  readonly progress: (sentence: string) => void;
}

const name = "edge-submission";

/** Ports the launcher needs, by the names used in `EdgeLaunchOptions.ports`. */
export const portNames = ["submission", "submissions", "applications", "applications-tls"] as const;

/** Submission as a part of the platform. @throws StartFailure */
export async function launchSubmission(options: EdgeLaunchOptions): Promise<RunningPart> {
  const { directory, clientCertificates, mailServer, runAs } = options;
  const { kind, edge } = mailServer;
  const [submission, submissions, applications, applicationsTls] = portNames.map((each) => {
    const port = options.ports[each];
    if (port === undefined) throw new StartFailure(`The edge was given no port "${each}".`);
    return port;
  }) as [number, number, number, number];
  return await startSubmission({
    directory: privateDirectory(`${directory}/exim`, runAs),
    pidDirectory: directory,
    packagesDirectory: options.packagesDirectory,
    hostName: options.hostName,
    listen: options.listen,
    ports: { submission, submissions, applications, applicationsTls },
    api: options.api,
    tls: options.tls,
    clientCertificates: {
      authoritiesFile: clientCertificates.authoritiesFile,
      revocationsFile: clientCertificates.crlFile,
    },
    store: kind === "cyrus"
      ? { kind, address: edge.submission }
      : { kind, address: edge.submission, receipts: edge.receipts, service: edge },
    bounces: edge.relay,
    queueSeconds: 5,
    ...(runAs === undefined ? {} : { runAs }),
    log: options.log,
    progress: options.progress,
  });
}

/** @throws StartFailure: packages unreachable, a port taken, a configuration that Exim refuses. */
export async function startSubmission(options: SubmissionOptions): Promise<RunningPart> {
  await endLeftovers(options.pidDirectory);
  const { directory: packages } = await unpackedPackages(
    eximPackages,
    options.packagesDirectory,
    options.progress,
  );
  await configureSubmission(options, packages);
  const { runAs, pidDirectory, queueSeconds, log } = options;
  const layout = eximLayout(options.directory);
  const program = {
    name,
    pidDirectory,
    packages,
    queueSeconds,
    ...(runAs === undefined ? {} : { runAs }),
    log,
  };
  const keeper = await startEximLog(layout, program);
  try {
    return joinParts(name, [keeper, await startExim(layout, program, openPorts(options))]);
  } catch (error) {
    await keeper.stop();
    throw error;
  }
}

/** Runs one of Exim's commands (`-bp`, `-Mrm` …) on this queue and returns what it prints. @throws StartFailure */
export async function runSubmission(options: SubmissionOptions, args: readonly string[]): Promise<string> {
  const { directory, packagesDirectory, runAs } = options;
  const packages = `${packagesDirectory}/${eximPackages.name}`;
  return await runExim(eximLayout(directory), { packages, ...(runAs === undefined ? {} : { runAs }) }, args);
}

function openPorts({ ports, clientCertificates }: SubmissionOptions): number[] {
  const { submission, submissions, applications, applicationsTls } = ports;
  const forSoftware = clientCertificates === undefined ? [] : [applications, applicationsTls];
  return [submission, submissions, ...forSoftware].filter((port) => port !== undefined);
}

/** Writes the configuration and the secrets that Exim reads. Nothing is started. */
async function configureSubmission(options: SubmissionOptions, packages: string): Promise<void> {
  const layout = eximLayout(options.directory);
  const { runAs, store, clientCertificates, bounces, listen } = options;
  const { uid, gid } = await prepareExim(layout, runAs);
  // What it must read is handed to its account: the originals belong to whoever starts it.
  const own = async (label: string, path: string | undefined): Promise<string> => {
    const target = `${layout.directory}/${label}`;
    await writePrivateFile(target, path === undefined ? "" : await Deno.readTextFile(path), runAs);
    return target;
  };
  const { value: logKey } = await secretFile(`${layout.directory}/secrets`, "log-key");
  await writePrivateFile(layout.logKeyFile, logKey, runAs);
  const limits = { ...defaultLimits, ...options.limits };
  const service = store.kind === "stalwart" ? store.service : undefined;
  const template = await Deno.readTextFile(new URL("exim.conf.in", import.meta.url));
  const configuration = fillTemplate(template, {
    HOST_NAME: options.hostName,
    EXIM: eximOf(packages),
    UID: uid,
    GID: gid,
    DIRECTORY: layout.directory,
    INTERFACES: listen.flatMap((address) => openPorts(options).map((port) => `${address}.${port}`)).join(
      " ; ",
    ),
    PORT_SUBMISSION: options.ports.submission,
    PORT_SUBMISSIONS: options.ports.submissions,
    PORT_APPLICATIONS: options.ports.applications ?? 0,
    PORT_APPLICATIONS_TLS: options.ports.applicationsTls ?? 0,
    CONNECTIONS: limits.connections,
    SPARE_MEGABYTES: limits.spareMegabytes,
    RATE_PERSON: limits.personRecipientsPerHour,
    RATE_BOX: limits.boxRecipientsPerHour,
    RATE_APPLICATION: limits.applicationRecipientsPerHour,
    TLS_CERTIFICATE: await own("server.crt", options.tls.certificateFile),
    TLS_PRIVATE_KEY: await own("server.key", options.tls.privateKeyFile),
    CLIENT_AUTHORITIES: clientCertificates?.authoritiesFile ?? "",
    CLIENT_REVOCATIONS: clientCertificates?.revocationsFile ?? "",
    API: `${options.api.host}:${options.api.port}`,
    API_SECONDS: options.apiSeconds ?? 5,
    KEY_FILE: await own("api-key", options.api.keyFile),
    REFUSAL_SECONDS: options.refusalSeconds ?? 2,
    STORE: store.kind,
    STORE_HOST: store.address.host,
    STORE_PORT: store.address.port,
    RECEIPTS_PORT: store.kind === "stalwart" ? store.receipts.port : store.address.port,
    BOUNCE_HOST: bounces.host,
    BOUNCE_PORT: bounces.port,
    SERVICE: service?.login ?? "",
    SERVICE_SECRET_FILE: await own("service-secret", service?.secretFile),
    RETRY: `${options.queueSeconds}s`,
  });
  await writePrivateFile(layout.configuration, configuration, runAs);
}
