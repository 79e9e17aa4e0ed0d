/**
 * The whole application over real PostgreSQL and Redis, called as `app.request`; without web, mail server or identity
 * provider: nothing listens at their addresses, as in a real outage. People sign in by a shortcut that writes their
 * session's row.
 */
import { once } from "node:events";
import { Redis } from "ioredis";
import { inject } from "vitest";
import { createApp } from "../../api/app.ts";
import type { Config } from "../../api/config.ts";
import { defaultGuardConfig } from "../../api/config-guard.ts";
import type { AppDeps, Context, Log, OperatorRole, StructureRole } from "../../api/context.ts";
import { createDatabase, createPool } from "../../api/database/pool.ts";
import { createMailServer } from "../../api/mail-server/mod.ts";
import { type Clock, createClock } from "./clock.ts";
import { cloneDatabase, type TestDatabase } from "./database.ts";

export const baseUrl = "http://localhost:8480";

/** What a test says of a person; whatever is left out is made up. */
export interface PersonSpec {
  readonly idNatPs?: string;
  readonly givenName?: string;
  readonly familyName?: string;
  readonly operatorRoles?: readonly OperatorRole[];
  readonly memberships?: readonly { readonly structureId: string; readonly role: StructureRole }[];
}

/** Somebody with a browser. Requests carry what a browser of our own origin sends. */
export interface Visitor {
  readonly personId: string;
  readonly cookie: string;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  patch(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  delete(path: string, headers?: Record<string, string>): Promise<Answer>;
  send(path: string, init: RequestInit): Promise<Response>;
}

/** An answer that has been read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // deno-lint-ignore no-explicit-any -- tests reach into bodies of every shape
  readonly body: any;
  readonly text: string;
}

export interface Harness {
  readonly app: ReturnType<typeof createApp>;
  readonly deps: AppDeps;
  readonly database: TestDatabase;
  readonly clock: Clock;
  /** Lines of the log, as JSON text. */
  readonly logLines: string[];
  /** The platform's own context, for what no request does. */
  readonly system: Context;
  /** Makes a person with a session. */
  signIn(person?: PersonSpec): Promise<Visitor>;
  /** Somebody without a session. */
  readonly stranger: Visitor;
  close(): Promise<void>;
}

export interface HarnessOptions {
  /** Where Redis is; an address where nothing listens is an outage. */
  readonly redisUrl?: string;
  readonly config?: Partial<Config>;
}

export async function openHarness(options: HarnessOptions = {}): Promise<Harness> {
  const database = await cloneDatabase();
  const clock = createClock();
  const logLines: string[] = [];
  const write = (event: string, fields: Record<string, unknown> = {}) =>
    void logLines.push(JSON.stringify({ event, ...fields }));
  const log: Log = { info: write, warn: write, error: write };
  const redis = new Redis(options.redisUrl ?? inject("redisUrl"), {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => 200,
  });
  redis.on("error", () => {});
  // Without a queue of its own it fails whoever asks before it is there. A test that names another wants it away.
  if (options.redisUrl === undefined) await once(redis, "ready");
  const exportDirectory = await Deno.makeTempDir({ prefix: "mss-exports-" });
  const config = testConfig(database, exportDirectory, options.config);
  const closing = new AbortController();
  const deps: AppDeps = {
    config,
    db: createDatabase(createPool(config.database)),
    redis,
    mailServer: createMailServer(config.mail),
    now: clock.now,
    log,
    closing: closing.signal,
  };
  const app = createApp(deps);
  const visitor = (personId: string, cookie: string): Visitor => {
    const send = async (path: string, init: RequestInit) => {
      const headers = new Headers(init.headers);
      if (cookie !== "") headers.set("cookie", cookie);
      if (!headers.has("sec-fetch-site")) headers.set("sec-fetch-site", "same-origin");
      return await app.request(new URL(path, baseUrl), { ...init, headers });
    };
    const read = async (response: Response): Promise<Answer> => {
      const text = await response.text();
      const isJson = /json/.test(response.headers.get("content-type") ?? "");
      return {
        status: response.status,
        headers: response.headers,
        text,
        body: isJson && text !== "" ? JSON.parse(text) : undefined,
      };
    };
    return {
      personId,
      cookie,
      send,
      get: async (path, headers) => await read(await send(path, { headers: headers ?? {} })),
      delete: async (path, headers) =>
        await read(await send(path, { method: "DELETE", headers: headers ?? {} })),
      post: async (path, body, headers) =>
        await read(
          await send(path, {
            method: "POST",
            body: JSON.stringify(body),
            headers: { "content-type": "application/json", ...headers },
          }),
        ),
      patch: async (path, body, headers) =>
        await read(
          await send(path, {
            method: "PATCH",
            body: JSON.stringify(body),
            headers: { "content-type": "application/json", ...headers },
          }),
        ),
    };
  };
  return {
    app,
    deps,
    database,
    clock,
    logLines,
    system: {
      db: deps.db,
      actor: { kind: "system", job: "test" },
      requestId: crypto.randomUUID(),
      now: clock.now,
      log,
    },
    stranger: visitor("", ""),
    signIn: async (person = {}) => {
      const { personId, token } = await insertSignedInPerson(database, clock, person);
      return visitor(personId, `__Host-mss_session=${token}`);
    },
    close: async () => {
      closing.abort();
      redis.disconnect();
      await deps.db.destroy();
      await database.drop();
      await Deno.remove(exportDirectory, { recursive: true });
    },
  };
}

/** As identity/sessions.ts writes them: the token is the browser's, the row holds its digest. */
async function insertSignedInPerson(
  database: TestDatabase,
  clock: Clock,
  person: PersonSpec,
): Promise<{ personId: string; token: string }> {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const token = bytes.toBase64({ alphabet: "base64url", omitPadding: true });
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)));
  const now = clock.now();
  const [row] = await database.rows(
    `insert into app.people (issuer, subject, id_nat_ps, given_name, family_name) values ('https://psc.test', $1, $2, $3, $4)
     on conflict (id_nat_ps) do update set (issuer, subject, given_name, family_name) =
       (excluded.issuer, excluded.subject, excluded.given_name, excluded.family_name) returning id`,
    [crypto.randomUUID(), person.idNatPs ?? null, person.givenName ?? "Camille", person.familyName ?? "TEST"],
  );
  const personId = String(row?.id);
  for (const role of person.operatorRoles ?? []) {
    await database.rows("insert into app.operator_roles (person_id, role) values ($1, $2)", [personId, role]);
  }
  for (const { structureId, role } of person.memberships ?? []) {
    await database.rows(
      "insert into app.memberships (structure_id, person_id, role) values ($1, $2, $3)",
      [structureId, personId, role],
    );
  }
  await database.rows(
    `insert into app.sessions (token_hash, person_id, acr, authenticated_at, created_at, last_seen_at, expires_at)
     values ($1, $2, 'eidas1', $3, $3, $3, $4)`,
    [digest, personId, now, new Date(now.getTime() + 4 * 3_600_000)],
  );
  return { personId, token };
}

function testConfig(database: TestDatabase, exportDirectory: string, changes: Partial<Config> = {}): Config {
  const nowhere = "http://127.0.0.1:9";
  return {
    baseUrl,
    listen: { hostname: "127.0.0.1", port: 0 },
    database: database.configOf("mss_api"),
    redisUrl: inject("redisUrl"),
    webDirectory: null,
    proSanteConnect: {
      issuer: nowhere,
      discoveryUrl: `${nowhere}/.well-known/openid-configuration`,
      clientId: "test",
      client: { method: "secret", secret: crypto.randomUUID() },
      trustPem: null,
      acrValues: ["eidas1"],
      acceptedAcr: ["eidas1"],
      responseIssuer: "required",
      acceptedParties: [],
      rppsKey: "checked",
      timeoutSeconds: 1,
      isCibaOffered: true,
      logoutTokenType: "logout+jwt",
    },
    session: { idleSeconds: 1_800, absoluteSeconds: 14_400, keys: ["A".repeat(43)] },
    mail: {
      kind: "stalwart",
      jmapUrl: `${nowhere}/jmap/`,
      gatewayLogin: "gateway@operateur.mssante.test",
      gatewaySecret: crypto.randomUUID(),
      provisionerLogin: "admin@operateur.mssante.test",
      provisionerSecret: crypto.randomUUID(),
    },
    operatorDomain: "operateur.mssante.test",
    mailHookSecret: crypto.randomUUID(),
    whiteList: {
      url: nowhere,
      crlUrl: nowhere,
      trustPem: "",
      signerName: "alb.mssante.fr",
      refreshSeconds: 3600,
    },
    maxAttachmentBytes: 26_214_400,
    closedMailRetentionDays: 365,
    auditAnchorDirectory: null,
    webhooks: { isPrivateAllowed: false, timeoutSeconds: 2, disableAfterDays: 5, secretOverlapHours: 24 },
    privacy: { exportDirectory, exportKeepDays: 7, traceRetentionDays: 1095, erasureGraceDays: 3 },
    // Out of the way of suites that ask thousands of times as the same person.
    rateLimits: { windowSeconds: 60, perPerson: 1e9, perServiceAccount: 1e9, perAddress: 1e9 },
    trustedProxies: 0,
    invitationDays: 30,
    edge: null,
    oauth: {
      accessSeconds: 3600,
      refreshSeconds: 1800,
      grantSeconds: 14_400,
      keptDays: 7,
      frontKey: null,
      frontUrl: null,
    },
    guard: defaultGuardConfig,
    alerts: null,
    appPasswordDays: 365,
    clientAccess: { reminderDays: [30, 7, 1], endedDays: 180 },
    clients: {
      host: "mail.operateur.mssante.test",
      imap: 143,
      imaps: 993,
      submission: 587,
      submissions: 465,
    },
    inactivity: { noticeAfterDays: 335, objectionDays: 30, depublishAfterDays: 30, closeAfterDays: 30 },
    ...changes,
  };
}
