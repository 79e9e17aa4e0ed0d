/**
 * The whole platform as one thing: its parts in the order in which they start, their ports and what each is told of the
 * others. `scripts/dev.ts` runs one for a person, `tests/support/stack.ts` one for a test.
 */
import { migrateDatabase } from "../migrate.ts";
import {
  edgeEnvironment,
  edgePartNames,
  type EdgePlace,
  edgePortNames,
  EdgeUnavailable,
  launchEdge,
} from "./edge.ts";
import { StartFailure } from "./failure.ts";
import type { MailServerChoice } from "./mail-server-choice.ts";
import { privateDirectory, repositoryDirectory, unprivilegedAccount } from "./packages.ts";
import type { LaunchOptions, RunningMailServer } from "./part.ts";
import { requireFreePorts } from "./ports.ts";
import { databaseName, type RunningPostgres, startPostgres } from "./postgres.ts";
import { endLeftovers, type RunningPart } from "./process.ts";
import { startOwnProcess } from "./processes.ts";
import { type RunningRedis, startRedis } from "./redis.ts";
import { secretFile } from "./secrets.ts";
import { announced, type RunningSimulated, type SimulatedName, startSimulated } from "./simulated.ts";
import { type PartName, SupervisedPart } from "./supervised.ts";

/** Domain of the operator's own services in the demo world. */
export const operatorDomain = "operateur.mssante.test";

/** What the platform tells whoever waits for it. */
export interface Reporter {
  /** Runs one step, with its name, duration and outcome shown. */
  step<Result>(name: string, run: () => Promise<Result>): Promise<Result>;
  /** One sentence about something that happened. */
  say(sentence: string): void;
  /** Receives the output of a part line by line. */
  log(part: PartName, line: string): void;
}

export interface PlatformOptions {
  /** Private directory of this stack: data, secrets, logs. */
  readonly directory: string;
  readonly packagesDirectory: string;
  /** By the names of `portNames`. */
  readonly ports: Readonly<Record<string, number>>;
  readonly mail: MailServerChoice;
  /** `false` for tests: data need not survive a power cut. */
  readonly durable: boolean;
  /** Whether standard mail clients are served (mailserver/edge). */
  readonly hasEdge: boolean;
  /** Whether parts that die are started again. */
  readonly restarts: boolean;
  readonly reporter: Reporter;
}

interface Launcher {
  readonly portNames: readonly string[];
  /** Whether a crash of the database leaves locks of the mail server behind, which only its start frees. */
  readonly keepsLocksInDatabase: boolean;
  launch(options: LaunchOptions): Promise<RunningMailServer>;
}

const ownPorts = [
  "web",
  "postgres",
  "redis",
  "pro-sante-connect",
  "pro-sante-connect-control",
  "other-operator",
  "other-operator-smtp",
  "white-list",
  "white-list-control",
] as const;

/** Names of all ports that a platform on this mail server needs; the mail server's begin with `mail-`. */
export async function portNames(kind: MailServerChoice["kind"], hasEdge: boolean): Promise<string[]> {
  const { portNames: names } = await launcherOf(kind);
  return [...ownPorts, ...names.map((name) => `mail-${name}`), ...(hasEdge ? edgePortNames : [])];
}

export class Platform {
  readonly postgres: SupervisedPart<RunningPostgres>;
  readonly redis: SupervisedPart<RunningRedis>;
  readonly mailServer: SupervisedPart<RunningMailServer>;
  readonly proSanteConnect: SupervisedPart<RunningSimulated>;
  readonly otherOperator: SupervisedPart<RunningSimulated>;
  readonly whiteList: SupervisedPart<RunningSimulated>;
  readonly api: SupervisedPart<RunningPart>;
  readonly worker: SupervisedPart<RunningPart>;
  /** Those parts of the edge that this machine can run; none where the stack has no edge. */
  readonly edge: SupervisedPart<RunningPart>[];
  readonly #options: PlatformOptions;
  #isAborted = false;

  constructor(options: PlatformOptions) {
    this.#options = options;
    const { durable } = options;
    this.postgres = this.#part(
      "postgres",
      (directory, log) =>
        startPostgres({ ...this.#shared(directory), durable, port: this.#port("postgres"), log }),
      () => this.#restartMailServer(),
    );
    this.redis = this.#part(
      "redis",
      (directory, log) => startRedis({ ...this.#shared(directory), port: this.#port("redis"), log }),
    );
    this.mailServer = this.#part("mail-server", (directory, log) => this.#launchMailServer(directory, log));
    this.proSanteConnect = this.#simulated("pro-sante-connect", async () => ({
      SIM_CLIENT_ID: proSanteConnectClient,
      SIM_CLIENT_SECRET_FILE: (await this.secret(proSanteConnectSecret)).path,
    }));
    this.otherOperator = this.#simulated("other-operator", () =>
      Promise.resolve({
        SIM_SMTP_PORT: String(this.#port("other-operator-smtp")),
        ...(options.ports["mail-relay"] === undefined
          ? {}
          : { SIM_RELAY: `127.0.0.1:${this.#port("mail-relay")}` }),
      }));
    this.whiteList = this.#simulated("white-list", () => Promise.resolve({}));
    this.api = this.#part("api", (directory, log) => this.#startOwn("api", directory, log));
    this.worker = this.#part("worker", (directory, log) => this.#startOwn("worker", directory, log));
    this.edge = (options.hasEdge ? edgePartNames : []).map((name) =>
      this.#part(name, (directory, log) => {
        const mailServer = this.mailServer.current;
        return launchEdge(name, this.#edgePlace(), {
          directory,
          mailServer,
          log,
          progress: options.reporter.say,
        });
      })
    );
  }

  /** Origin that browsers use. `localhost`, since cookies marked Secure work there without TLS. */
  get baseUrl(): string {
    return `http://localhost:${this.#port("web")}`;
  }

  /** All parts in the order in which they start. */
  get parts(): readonly SupervisedPart<RunningPart>[] {
    const { postgres, redis, mailServer, proSanteConnect, otherOperator, whiteList, api, worker } = this;
    const always = [postgres, redis, mailServer, proSanteConnect, otherOperator, whiteList, api, worker];
    return [...always, ...this.edge];
  }

  get secretsDirectory(): string {
    return `${this.#options.directory}/secrets`;
  }

  /** A secret of this stack, made when it does not exist. */
  secret(name: string): ReturnType<typeof secretFile> {
    return secretFile(this.secretsDirectory, name);
  }

  /**
   * Starts all parts in order. On a failure those that were started are ended again.
   *
   * @throws StartFailure
   */
  async start(): Promise<void> {
    const { mail, ports, reporter } = this.#options;
    const step = async (name: string, run: () => Promise<void>): Promise<void> => {
      if (this.#isAborted) throw new StartFailure("Stopped before everything had started.");
      await reporter.step(name, () => run().catch((error) => Promise.reject(inOneSentence(name, error))));
    };
    try {
      await this.endLeftovers();
      requireFreePorts(ports);
      await step("PostgreSQL", () => this.postgres.start());
      await step("Database migrations", () => this.migrate());
      await step("Redis", () => this.redis.start());
      await step(
        `Mail server: ${mail.kind === "cyrus" ? "Cyrus" : "Stalwart"}`,
        () => this.mailServer.start(),
      );
      await step("Simulated Pro Santé Connect", () => this.proSanteConnect.start());
      await step("Simulated other operator", () => this.otherOperator.start());
      await step("Simulated white list", () => this.whiteList.start());
      await step("API", () => this.api.start());
      await step("Worker", () => this.worker.start());
      for (const part of [...this.edge]) await step(`Edge: ${part.name}`, () => this.#startEdge(part));
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Makes a start that is under way fail at its next step. */
  abort(): void {
    this.#isAborted = true;
  }

  /** Whether all parts run. */
  get isComplete(): boolean {
    return this.parts.every((part) => part.isRunning);
  }

  /** Ends all parts, the last started first. No process is left. */
  async stop(): Promise<void> {
    for (const part of [...this.parts].reverse()) await part.stop();
  }

  /** Ends the parts that a stack which was itself killed has left running. */
  async endLeftovers(): Promise<void> {
    const { directory, reporter } = this.#options;
    await Deno.mkdir(directory, { recursive: true });
    for await (const entry of Deno.readDir(directory)) {
      if (!entry.isDirectory) continue;
      const ended = await endLeftovers(`${directory}/${entry.name}`);
      if (ended.length > 0) {
        reporter.say(`${ended.join(", ")} still ran from a start that was killed: ended.`);
      }
    }
  }

  /** Brings the database to the newest form. */
  async migrate(): Promise<void> {
    const { address, passwords } = this.postgres.current;
    await migrateDatabase({
      ...address,
      database: databaseName,
      ownerPassword: passwords.mss_owner,
      workerPassword: passwords.mss_worker,
    });
  }

  /** The `MSS_*` variables of the API or the worker; secrets only as paths. */
  async environment(name: "api" | "worker"): Promise<Record<string, string>> {
    const role = name === "api" ? "mss_api" : "mss_worker";
    const { host, port } = this.postgres.current.address;
    return {
      MSS_BASE_URL: this.baseUrl,
      MSS_LISTEN: `127.0.0.1:${this.#port("web")}`,
      MSS_DATABASE_URL: `postgres://${role}@${host}:${port}/${databaseName}`,
      MSS_DATABASE_PASSWORD_FILE: (await this.secret(`postgres-${role}`)).path,
      MSS_REDIS_URL: this.redis.current.url,
      MSS_WEB_DIRECTORY: `${repositoryDirectory}/web/build`,
      MSS_EXPORT_DIRECTORY: privateDirectory(`${this.#options.directory}/exports`, undefined),
      MSS_AUDIT_ANCHOR_DIRECTORY: privateDirectory(`${this.#options.directory}/anchors`, undefined),
      MSS_PSC_ISSUER: announced(this.proSanteConnect.current, "issuer"),
      MSS_PSC_DISCOVERY_URL: announced(this.proSanteConnect.current, "discoveryUrl"),
      MSS_PSC_CLIENT_ID: proSanteConnectClient,
      MSS_PSC_CLIENT_SECRET_FILE: (await this.secret(proSanteConnectSecret)).path,
      MSS_PSC_CIBA: "on",
      MSS_PSC_BACK_CHANNEL_LOGOUT: "on",
      MSS_SESSION_KEY_FILE: (await this.secret("session-key")).path,
      MSS_WHITE_LIST_URL: announced(this.whiteList.current, "url"),
      MSS_WHITE_LIST_TRUST_FILE: announced(this.whiteList.current, "trustFile"),
      MSS_WHITE_LIST_CRL_URL: announced(this.whiteList.current, "crlUrl"),
      MSS_MAIL_OPERATOR_DOMAIN: operatorDomain,
      ...this.mailServer.current.apiEnvironment,
      ...(this.#options.hasEdge ? await edgeEnvironment(this.#edgePlace()) : {}),
    };
  }

  /** Where a part of the edge cannot run the rest does, and whoever waits is told why. */
  async #startEdge(part: SupervisedPart<RunningPart>): Promise<void> {
    try {
      await part.start();
    } catch (error) {
      if (!(error instanceof EdgeUnavailable)) throw error;
      this.edge.splice(this.edge.indexOf(part), 1);
      if (part.name === "edge-imap") this.#options.reporter.say(error.message); // nginx' reason is Dovecot's.
    }
  }

  #edgePlace(): EdgePlace {
    const { directory, packagesDirectory, ports } = this.#options;
    return { directory, packagesDirectory, ports, operatorDomain };
  }

  #part<Running extends RunningPart>(
    name: PartName,
    launch: (directory: string, log: (line: string) => void) => Promise<Running>,
    afterStart?: () => Promise<void>,
  ): SupervisedPart<Running> {
    const { directory, restarts, reporter } = this.#options;
    return new SupervisedPart({
      name,
      restarts,
      say: reporter.say,
      ...(afterStart === undefined ? {} : { afterStart }),
      launch: async () => {
        // Two mail servers do not share a directory.
        const own = `${directory}/${name === "mail-server" ? this.#options.mail.kind : name}`;
        await Deno.mkdir(own, { recursive: true });
        return await launch(own, (line) => reporter.log(name, line));
      },
    });
  }

  /**
   * A database that died under a mail server that keeps its locks there leaves locks that nobody frees, and the mail they
   * hold waits for ten minutes: such a server is started again too, with its own recovery step.
   */
  async #restartMailServer(): Promise<void> {
    if (!this.mailServer.isRunning) return;
    try {
      if (!(await launcherOf(this.#options.mail.kind)).keepsLocksInDatabase) return;
      await this.mailServer.stop();
      await this.mailServer.start();
    } catch (error) {
      this.#options.reporter.say(
        `The mail server did not start again: ${error instanceof Error ? error.message : error}`,
      );
    }
  }

  #simulated(
    name: SimulatedName,
    environment: () => Promise<Record<string, string>>,
  ): SupervisedPart<RunningSimulated> {
    return this.#part(name, async (directory, log) =>
      await startSimulated({
        name,
        directory,
        environment: {
          SIM_PORT: String(this.#port(name)),
          SIM_CONTROL_PORT: String(this.#options.ports[`${name}-control`] ?? 0),
          SIM_DIRECTORY: directory,
          SIM_BASE_URL: this.baseUrl,
          ...await environment(),
        },
        log,
      }));
  }

  async #startOwn(
    name: "api" | "worker",
    directory: string,
    log: (line: string) => void,
  ): Promise<RunningPart> {
    return await startOwnProcess({ name, directory, environment: await this.environment(name), log });
  }

  async #launchMailServer(directory: string, log: (line: string) => void): Promise<RunningMailServer> {
    const { mail, ports, packagesDirectory, durable, reporter } = this.#options;
    const { launch, portNames: names } = await launcherOf(mail.kind);
    const runAs = unprivilegedAccount();
    return await launch({
      directory: privateDirectory(directory, runAs),
      secretsDirectory: `${this.#options.directory}/secrets`,
      packagesDirectory,
      ports: Object.fromEntries(names.map((name) => [name, ports[`mail-${name}`] ?? 0])),
      postgres: { ...this.postgres.current.address, database: databaseName },
      operatorDomain,
      apiUrl: `http://127.0.0.1:${this.#port("web")}`,
      nextHop: { host: "127.0.0.1", port: this.#port("other-operator-smtp") },
      ...(mail.kind === "cyrus" ? {} : { stalwart: { binary: mail.binary } }),
      ...(runAs === undefined ? {} : { runAs }),
      durable,
      log,
      progress: reporter.say,
    });
  }

  #shared(directory: string) {
    return {
      directory,
      secretsDirectory: `${this.#options.directory}/secrets`,
      runAs: unprivilegedAccount(),
    };
  }

  #port(name: string): number {
    const port = this.#options.ports[name];
    if (port === undefined) throw new StartFailure(`No port was chosen for ${name}.`);
    return port;
  }
}

/** What no part foresaw is told by its message, its stack stays in `cause`. */
function inOneSentence(name: string, error: unknown): StartFailure {
  if (error instanceof StartFailure) return error;
  return new StartFailure(`${name} failed: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}

const proSanteConnectClient = "plateforme-mssante";
const proSanteConnectSecret = "pro-sante-connect-client";

async function launcherOf(kind: MailServerChoice["kind"]): Promise<Launcher> {
  return kind === "cyrus"
    ? await import("../../mailserver/cyrus/launch.ts")
    : await import("../../mailserver/stalwart/launch.ts");
}
