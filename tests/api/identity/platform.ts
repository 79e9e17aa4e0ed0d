/** The identity room in a small application of its own, over real PostgreSQL and Redis and the real simulator. */
import { Redis } from "ioredis";
import pg from "pg";
import { inject } from "vitest";
import type { AppDeps, Log } from "../../../api/context.ts";
import type { Config } from "../../../api/config.ts";
import { createDatabase, createPool } from "../../../api/database/pool.ts";
import { authenticate } from "../../../api/http/authenticate.ts";
import { createRoutes } from "../../../api/http/openapi.ts";
import { renderProblem } from "../../../api/http/render-problem.ts";
import { requestId } from "../../../api/http/request-id.ts";
import {
  createIdentity,
  findActor,
  type Identity,
  isSameOrigin,
  needsSameOrigin,
} from "../../../api/identity/mod.ts";
import { identityRoutes } from "../../../api/identity/routes.ts";
import { createMailServer } from "../../../api/mail-server/mod.ts";
import { problem } from "../../../api/problems.ts";
import type {} from "../../support/cluster.setup.ts";
import { Browser } from "./browser.ts";
import { baseUrl, clientSecret, type SimulatedPsc } from "./simulated-psc.ts";

export interface PlatformOptions {
  readonly redis?: Redis;
  readonly proSanteConnect?: Partial<Config["proSanteConnect"]>;
}

export interface Platform {
  readonly identity: Identity;
  readonly deps: AppDeps;
  /** As superuser: to prepare and to look. */
  readonly admin: pg.Client;
  /** Lines of the platform's log, as JSON text. */
  readonly logLines: string[];
  /** Lets time pass for the platform. */
  pass(seconds: number): void;
  /** Back to the time of day, which is the provider's too. */
  resetClock(): void;
  browser(): Browser;
  /** A whole sign-in; answers where the browser ended. */
  signIn(browser: Browser, person: string, returnTo?: string): Promise<URL>;
  /** The callback's address, not yet opened. */
  reachCallback(browser: Browser, person: string, returnTo?: string): Promise<URL>;
  session(browser: Browser): Promise<Response>;
  lastRefusal(): Promise<string | undefined>;
  close(): Promise<void>;
}

export const host = new URL(baseUrl).host;

export async function openPlatform(psc: SimulatedPsc, options: PlatformOptions = {}): Promise<Platform> {
  const postgres = inject("postgres");
  const database = `identity_${crypto.randomUUID().replaceAll("-", "")}`;
  const asSuperuser = {
    host: postgres.host,
    port: postgres.port,
    user: postgres.superuser,
    password: postgres.passwords[postgres.superuser] ?? "",
  };
  const maker = new pg.Client({ ...asSuperuser, database: "postgres" });
  await maker.connect();
  await maker.query(`create database ${database} template ${postgres.template}`);
  const admin = new pg.Client({ ...asSuperuser, database });
  await admin.connect();

  let passedMilliseconds = 0;
  const now = () => new Date(Date.now() + passedMilliseconds);
  const logLines: string[] = [];
  const write = (event: string, fields: Record<string, unknown> = {}) =>
    void logLines.push(JSON.stringify({ event, ...fields }));
  const log: Log = { info: write, warn: write, error: write };
  const redis = options.redis ?? new Redis(inject("redisUrl"), { enableOfflineQueue: false });
  if (!options.redis) await new Promise((resolve) => redis.once("ready", resolve));
  const config = {
    baseUrl,
    session: { idleSeconds: 1_800, absoluteSeconds: 14_400 },
    proSanteConnect: {
      issuer: psc.issuer,
      discoveryUrl: psc.discoveryUrl,
      clientId: "mss-test",
      clientSecret,
      acrValues: ["eidas1"],
      acceptedAcr: ["eidas1", "eidas2", "eidas3"],
      responseIssuer: "required",
      rppsKey: "checked",
      timeoutSeconds: 1,
      ...options.proSanteConnect,
    },
  } as unknown as Config;
  const pool = createPool({
    url: `postgres://mss_api@${postgres.host}:${postgres.port}/${database}`,
    password: postgres.passwords.mss_api ?? "",
    poolSize: 5,
  });
  const deps: AppDeps = {
    config,
    db: createDatabase(pool),
    redis,
    // Nothing listens there: what the session then says of the mail server is the truth.
    mailServer: createMailServer({
      kind: "stalwart",
      jmapUrl: "http://127.0.0.1:9/jmap/",
      gatewayLogin: "gateway@operateur.mssante.test",
      gatewaySecret: "unused",
      provisionerLogin: "admin@operateur.mssante.test",
      provisionerSecret: "unused",
    }),
    now,
    log,
    closing: new AbortController().signal,
  };
  const identity = createIdentity(deps);
  const app = createRoutes();
  app.onError((error, c) => renderProblem(error, c, deps));
  app.use(requestId);
  app.use(async (c, next) => {
    if (needsSameOrigin(c.req.method) && !isSameOrigin(c.req.raw.headers, baseUrl)) {
      throw problem("not-same-origin");
    }
    await next();
  });
  app.use(authenticate(deps, (_deps, request) => findActor(identity, request)));
  app.route("/", identityRoutes(identity));
  app.get("/*", (c) => c.text("the web"));

  const atCallback = (url: URL) => url.origin === baseUrl && url.pathname === "/auth/callback";
  const platform: Platform = {
    identity,
    deps,
    admin,
    logLines,
    pass: (seconds) => {
      passedMilliseconds += seconds * 1_000;
    },
    resetClock: () => {
      passedMilliseconds = 0;
    },
    browser: () => new Browser({ origin: baseUrl, request: (request) => app.request(request) }),
    reachCallback: async (browser, person, returnTo) => {
      const query = returnTo === undefined ? "" : `?returnTo=${encodeURIComponent(returnTo)}`;
      const begun = await browser.fetch(`${baseUrl}/auth/sign-in${query}`);
      const location = new URL(begun.headers.get("location") ?? "", baseUrl);
      if (location.origin === baseUrl) throw new Error(`the sign-in did not begin: ${location.href}`);
      const url = await psc.choose(browser, location.href, person);
      if (!atCallback(url)) throw new Error(`not the callback: ${url.href}`);
      return url;
    },
    signIn: async (browser, person, returnTo) => {
      const callback = await platform.reachCallback(browser, person, returnTo);
      const done = await browser.fetch(callback.href);
      return new URL(done.headers.get("location") ?? "", baseUrl);
    },
    session: (browser) => browser.fetch(`${baseUrl}/api/v1/session`),
    lastRefusal: async () => {
      const { rows } = await admin.query(
        "select reason from app.audit_events where action = 'session.refuse' order by id desc limit 1",
      );
      return rows[0]?.reason;
    },
    close: async () => {
      await deps.db.destroy();
      redis.disconnect();
      await admin.end();
      await maker.query(`drop database ${database} with (force)`);
      await maker.end();
    },
  };
  return platform;
}
