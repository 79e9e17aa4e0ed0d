/** Prints the OpenAPI 3.1 document of everything that is mounted. Opens no connection: `deno task openapi`. */
import { createApp } from "../api/app.ts";
import type { Config } from "../api/config.ts";
import type { AppDeps } from "../api/context.ts";
import { createDatabase, createPool } from "../api/database/pool.ts";
import { defaultGuardConfig } from "../api/config-guard.ts";
import { openApiDocument } from "../api/http/docs.ts";
import { createMailServer } from "../api/mail-server/mod.ts";
import { createRedis } from "../api/process.ts";

/** A configuration of which nothing is reachable. */
export function nowhereConfig(baseUrl: string): Config {
  const secret = "none";
  return {
    baseUrl,
    listen: { hostname: "127.0.0.1", port: 0 },
    database: { url: "postgres://nobody@127.0.0.1:1/none", password: secret, poolSize: 2 },
    redisUrl: "redis://127.0.0.1:1",
    webDirectory: null,
    proSanteConnect: {
      issuer: "http://127.0.0.1:1",
      discoveryUrl: "http://127.0.0.1:1",
      clientId: "none",
      client: { method: "secret", secret: secret },
      trustPem: null,
      acrValues: [],
      acceptedAcr: [],
      responseIssuer: "required",
      acceptedParties: [],
      rppsKey: "checked",
      timeoutSeconds: 1,
      isCibaOffered: true,
      logoutTokenType: "logout+jwt",
    },
    session: { idleSeconds: 1, absoluteSeconds: 1, keys: ["A".repeat(43)] },
    mail: {
      kind: "stalwart",
      jmapUrl: "http://127.0.0.1:1/jmap/",
      gatewayLogin: "none@none",
      gatewaySecret: secret,
      provisionerLogin: "none@none",
      provisionerSecret: secret,
    },
    operatorDomain: "none.test",
    mailHookSecret: null,
    whiteList: {
      url: "http://127.0.0.1:1",
      crlUrl: "http://127.0.0.1:1",
      trustPem: "",
      signerName: "none",
      refreshSeconds: 1,
    },
    maxAttachmentBytes: 1,
    closedMailRetentionDays: 365,
    auditAnchorDirectory: null,
    webhooks: { isPrivateAllowed: false, timeoutSeconds: 2, disableAfterDays: 5, secretOverlapHours: 24 },
    privacy: { exportDirectory: null, exportKeepDays: 7, traceRetentionDays: 1095, erasureGraceDays: 3 },
    rateLimits: { windowSeconds: 1, perPerson: 1, perServiceAccount: 1, perAddress: 1 },
    trustedProxies: 0,
    invitationDays: 1,
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
    appPasswordDays: 1,
    clientAccess: { reminderDays: [], endedDays: 1 },
    clients: { host: "localhost", imap: 143, imaps: 993, submission: 587, submissions: 465 },
    inactivity: { noticeAfterDays: 335, objectionDays: 30, depublishAfterDays: 30, closeAfterDays: 30 },
  };
}

/** The document, for an origin. */
export function printedDocument(baseUrl: string) {
  const quiet = () => {};
  const log = { info: quiet, warn: quiet, error: quiet };
  const config = nowhereConfig(baseUrl);
  const redis = createRedis(config.redisUrl, log);
  redis.disconnect();
  const deps: AppDeps = {
    config,
    db: createDatabase(createPool(config.database)),
    redis,
    mailServer: createMailServer(config.mail),
    now: () => new Date(),
    log,
    closing: AbortSignal.abort(),
  };
  return openApiDocument(createApp(deps), baseUrl);
}

if (import.meta.main) {
  console.log(JSON.stringify(printedDocument("http://localhost:8480"), null, 2));
  Deno.exit(0);
}
