/**
 * A real mail server, PostgreSQL and Redis with the gateway served over HTTP before them: two structures, three people,
 * real sessions. Each test file starts its own and stops it.
 */
import { Redis } from "ioredis";
import pg from "pg";
import { inject } from "vitest";
import { createApp } from "../../../api/app.ts";
import { defaultGuardConfig } from "../../../api/config-guard.ts";
import type { Config } from "../../../api/config.ts";
import type { AppDeps } from "../../../api/context.ts";
import { createDatabase, createPool } from "../../../api/database/pool.ts";
import { sessionCookie } from "../../../api/identity/mod.ts";
import { hashToken, randomToken } from "../../../api/identity/session-token.ts";
import {
  createMailServer,
  type MailServer,
  type MailServerConfig,
  MailServerUnavailable,
} from "../../../api/mail-server/mod.ts";
import { migrateDatabase } from "../../../scripts/migrate.ts";
import { machineHints } from "../../../scripts/stack/machine-hints.ts";
import { chooseMailServer } from "../../../scripts/stack/mail-server-choice.ts";
import { localDirectory, privateDirectory, unprivilegedAccount } from "../../../scripts/stack/packages.ts";
import type { LaunchOptions, RunningMailServer } from "../../../scripts/stack/part.ts";
import { findFreePorts } from "../../../scripts/stack/ports.ts";
import { startPostgres } from "../../../scripts/stack/postgres.ts";
import type {} from "../../support/cluster.setup.ts";
import { removeTestDirectory, testDirectory } from "../../support/directory.ts";
import { until } from "../../support/until.ts";
import { Client } from "./client.ts";

export type MailKind = "stalwart" | "cyrus";

export const anne = "anne.allard@alpha.mssante.test";
export const anneAlias = "anne@alpha.mssante.test";
export const secretariat = "secretariat@alpha.mssante.test";
export const bruno = "bruno.bernard@beta.mssante.test";
/** In the white list, hosted elsewhere. */
export const listed = "someone@gamma.mssante.test";

const operatorDomain = "operateur.mssante.test";

export interface Stage {
  readonly kind: MailKind;
  readonly baseUrl: string;
  readonly mail: RunningMailServer;
  readonly mailServer: MailServer;
  readonly anne: Client;
  readonly bruno: Client;
  /** Signed in, opens no box. */
  readonly djibril: Client;
  /** A new session of the same person. */
  signIn(person: Client): Promise<Client>;
  /** Runs SQL as superuser. */
  sql(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** SIGKILL and, later, a start with the recovery step. */
  killMail(): Promise<void>;
  launchMail(): Promise<void>;
  /** Lines that the gateway logged. */
  readonly log: string[];
  stop(): Promise<void>;
}

async function launcherOf(kind: MailKind) {
  return kind === "stalwart"
    ? await import("../../../mailserver/stalwart/launch.ts")
    : await import("../../../mailserver/cyrus/launch.ts");
}

async function mailConfig(kind: MailKind, mail: RunningMailServer): Promise<MailServerConfig> {
  const value = (name: string) => mail.apiEnvironment[name] ?? "";
  const secret = (name: string) => Deno.readTextFile(value(name));
  if (kind === "stalwart") {
    return {
      kind,
      jmapUrl: value("MSS_MAIL_JMAP_URL"),
      gatewayLogin: value("MSS_MAIL_GATEWAY_LOGIN"),
      gatewaySecret: await secret("MSS_MAIL_GATEWAY_SECRET_FILE"),
      provisionerLogin: value("MSS_MAIL_PROVISIONER_LOGIN"),
      provisionerSecret: await secret("MSS_MAIL_PROVISIONER_SECRET_FILE"),
    };
  }
  return {
    kind,
    jmapUrl: mail.addresses.jmapUrl,
    jwtKey: await secret("MSS_MAIL_JWT_KEY_FILE"),
    imap: mail.addresses.imap,
    adminSecret: await secret("MSS_MAIL_CYRUS_ADMIN_SECRET_FILE"),
    mtaLogFile: value("MSS_MAIL_MTA_LOG_FILE"),
  };
}

/** Starts everything. Takes some seconds. */
export async function startStage(kind: MailKind): Promise<Stage> {
  const root = await testDirectory("gateway");
  const runAs = unprivilegedAccount();
  const secretsDirectory = `${root}/secrets`;
  const { launch, portNames } = await launcherOf(kind);
  const ports = findFreePorts(["postgres", "gateway", "border", ...portNames]);
  const postgres = await startPostgres({
    directory: `${root}/postgres`,
    secretsDirectory,
    port: ports["postgres"]!,
    durable: false,
    runAs,
    log: () => {},
  });
  await migrateDatabase({
    ...postgres.address,
    database: "platform",
    ownerPassword: postgres.passwords.mss_owner,
    workerPassword: postgres.passwords.mss_worker,
  });
  const admin = new pg.Pool({
    ...postgres.address,
    user: "postgres",
    password: postgres.superuserPassword,
    database: "platform",
    max: 2,
  });
  admin.on("error", () => {});
  const sql = async (text: string, values: readonly unknown[] = []) =>
    (await admin.query(text, [...values])).rows;
  const baseUrl = `http://127.0.0.1:${ports["gateway"]}`;
  const options: LaunchOptions = {
    directory: privateDirectory(`${root}/mail`, runAs),
    secretsDirectory,
    packagesDirectory: `${localDirectory()}/packages`,
    ports,
    postgres: { ...postgres.address, database: "platform" },
    operatorDomain,
    apiUrl: baseUrl,
    nextHop: { host: "127.0.0.1", port: ports["border"]! },
    ...(runAs === undefined ? {} : { runAs }),
    ...(await programOf(kind)),
    durable: false,
    log: () => {},
    progress: () => {},
  };
  let mail = await launch(options);
  const config = await mailConfig(kind, mail);
  const mailServer = createMailServer(config);
  const people = await populate(sql, mailServer);

  const log: string[] = [];
  const note = (event: string, fields?: Record<string, unknown>) =>
    void log.push(`${event} ${JSON.stringify(fields ?? {})}`);
  const closing = new AbortController();
  const redis = new Redis(inject("redisUrl"), { enableOfflineQueue: false, maxRetriesPerRequest: 1 });
  redis.on("error", () => {});
  const hookSecretFile = mail.apiEnvironment["MSS_MAIL_HOOK_SECRET_FILE"];
  const db = createDatabase(createPool({
    url: `postgres://mss_api@127.0.0.1:${ports["postgres"]}/platform`,
    password: postgres.passwords.mss_api,
    poolSize: 10,
  }));
  const deps: AppDeps = {
    config: {
      baseUrl,
      mail: config,
      operatorDomain,
      mailHookSecret: hookSecretFile === undefined ? null : await Deno.readTextFile(hookSecretFile),
      session: { idleSeconds: 1800, absoluteSeconds: 14_400, keys: ["A".repeat(43)] },
      maxAttachmentBytes: 26_214_400,
      closedMailRetentionDays: 365,
      inactivity: { noticeAfterDays: 335, objectionDays: 30, depublishAfterDays: 30, closeAfterDays: 30 },
      auditAnchorDirectory: null,
      webhooks: { isPrivateAllowed: false, timeoutSeconds: 2, disableAfterDays: 5, secretOverlapHours: 24 },
      oauth: {
        accessSeconds: 3600,
        refreshSeconds: 1800,
        grantSeconds: 14_400,
        keptDays: 7,
        frontKey: null,
        frontUrl: null,
      },
      privacy: { exportDirectory: null, exportKeepDays: 7, traceRetentionDays: 1095, erasureGraceDays: 3 },
      rateLimits: { windowSeconds: 60, perPerson: 1e9, perServiceAccount: 1e9, perAddress: 1e9 },
      guard: defaultGuardConfig,
      webDirectory: null,
      // Nobody signs in here: sessions are written into the table.
      proSanteConnect: {
        issuer: "http://127.0.0.1:1",
        discoveryUrl: "http://127.0.0.1:1",
        clientId: "none",
        client: { method: "secret", secret: "none" },
        trustPem: null,
        acrValues: [],
        acceptedAcr: [],
        responseIssuer: "optional",
        acceptedParties: [],
        rppsKey: "unchecked",
        timeoutSeconds: 1,
        isCibaOffered: true,
        logoutTokenType: "logout+jwt",
      },
    } as unknown as Config,
    db,
    redis,
    mailServer,
    now: () => new Date(),
    log: { info: note, warn: note, error: note },
    closing: closing.signal,
  };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: ports["gateway"]!, onListen() {} },
    createApp(deps).fetch,
  );

  const signIn = async (personId: string): Promise<Client> => {
    const token = randomToken();
    const [row] = await sql(
      `insert into app.sessions (token_hash, person_id, authenticated_at, expires_at)
       values ($1, $2, now(), now() + interval '4 hours') returning id`,
      [hashToken(token), personId],
    );
    return new Client(baseUrl, `${sessionCookie}=${token}`, personId, String(row!["id"]));
  };
  return {
    kind,
    baseUrl,
    get mail() {
      return mail;
    },
    mailServer,
    anne: await signIn(people.anne),
    bruno: await signIn(people.bruno),
    djibril: await signIn(people.djibril),
    signIn: (person) => signIn(person.personId),
    sql,
    killMail: () => mail.kill(),
    launchMail: async () => {
      mail = await launch(options);
    },
    log,
    stop: async () => {
      closing.abort();
      await Promise.race([server.shutdown(), new Promise((resolve) => setTimeout(resolve, 1000))]);
      redis.disconnect();
      await db.destroy();
      await admin.end();
      await mail.kill();
      await postgres.kill();
      await removeTestDirectory(root);
    },
  };
}

async function programOf(kind: MailKind): Promise<Pick<LaunchOptions, "stalwart">> {
  if (kind === "cyrus") return {};
  const choice = await chooseMailServer({ ...machineHints(), forced: "stalwart" });
  if (choice.kind !== "stalwart") throw new Error("no Stalwart");
  return { stalwart: { binary: choice.binary } };
}

type Sql = Stage["sql"];

async function populate(sql: Sql, mailServer: MailServer) {
  const structure = async (idNat: string, name: string, domain: string): Promise<string> => {
    const [row] = await sql("insert into app.structures (id_nat_struct, name) values ($1, $2) returning id", [
      idNat,
      name,
    ]);
    await sql("insert into app.domains (structure_id, name) values ($1, $2)", [row!["id"], domain]);
    await mailServer.applyDomain(domain);
    return String(row!["id"]);
  };
  const person = async (givenName: string, familyName: string, idNatPs: string | null): Promise<string> => {
    const [row] = await sql(
      "insert into app.people (given_name, family_name, id_nat_ps) values ($1, $2, $3) returning id",
      [givenName, familyName, idNatPs],
    );
    return String(row!["id"]);
  };
  await structure("312345678900011", "Cabinet médical Alpha", "alpha.mssante.test");
  await structure("1750000001", "Clinique Bêta", "beta.mssante.test");
  const people = {
    anne: await person("Anne", "Allard", "810000000011"),
    bruno: await person("Bruno", "Bernard", "810000000022"),
    djibril: await person("Djibril", "Audit", null),
  };
  await addBox(sql, mailServer, anne, { holder: "810000000011", aliases: [anneAlias] });
  await addBox(sql, mailServer, secretariat, { member: people.anne });
  await addBox(sql, mailServer, bruno, { holder: "810000000022" });
  const [list] = await sql(
    `insert into app.white_lists (generated_at, sha256, signer, status, domain_count, entry_count)
     values (now(), '\\x00', 'test', 'in_force', 3, 3) returning id`,
  );
  for (const domain of ["alpha", "beta", "gamma"]) {
    await sql("insert into app.white_list_entries values ($1, $2, $3)", [
      list!["id"],
      `${domain}.mssante.test`,
      `CN=${domain}`,
    ]);
  }
  return people;
}

interface BoxSpec {
  readonly holder?: string;
  readonly member?: string;
  readonly aliases?: readonly string[];
}

async function addBox(sql: Sql, mailServer: MailServer, address: string, spec: BoxSpec): Promise<void> {
  const { holder = null, member, aliases = [] } = spec;
  const [box] = await sql(
    `insert into app.mailboxes (structure_id, domain_id, address, type, display_name, holder_id_nat_ps, quota_bytes)
     select structure_id, id, $1, case when $2::text is null then 'ORG' else 'PER' end, $1, $2, 1073741824
       from app.domains where name = split_part($1, '@', 2) returning structure_id, id`,
    [address, holder],
  );
  for (const [index, each] of [address, ...aliases].entries()) {
    await sql("insert into app.addresses (address, structure_id, mailbox_id, kind) values ($1, $2, $3, $4)", [
      each,
      box!["structure_id"],
      box!["id"],
      index === 0 ? "main" : "alias",
    ]);
  }
  if (member !== undefined) {
    await sql("insert into app.mailbox_members (structure_id, mailbox_id, person_id) values ($1, $2, $3)", [
      box!["structure_id"],
      box!["id"],
      member,
    ]);
  }
  const desired = {
    address,
    displayName: address,
    quotaBytes: 1_073_741_824,
    status: "active",
    sendAs: aliases,
  } as const;
  // Again when the server has only just begun to serve, as the worker does.
  await until(
    "the box at the mail server",
    () =>
      mailServer.applyMailbox(desired).then(() => true, (error) => {
        if (error instanceof MailServerUnavailable) return false;
        throw error;
      }),
  );
}
