/**
 * Prints the OpenAPI 3.1 document of the API, from the mounted routes themselves. Needs no server: nothing is connected.
 */
import { Redis } from "ioredis";
import { createApp } from "../api/app.ts";
import { readConfig } from "../api/config.ts";
import { createDatabase, createPool } from "../api/database/pool.ts";
import { openApiDocument } from "../api/http/docs.ts";
import { createMailServer } from "../api/mail-server/mod.ts";

/** Origin that stands in the document when none is given. */
const exampleOrigin = "https://messagerie.operateur.example";
/** Reserved for documentation (RFC 5737): whatever tried to connect would fail. */
const nowhere = "192.0.2.1";

const secret = await Deno.makeTempFile();
await Deno.writeTextFile(secret, "bm90IGEgc2VjcmV0");
try {
  const config = readConfig({
    MSS_BASE_URL: Deno.args[0] ?? exampleOrigin,
    MSS_DATABASE_URL: `postgres://mss_api@${nowhere}/platform`,
    MSS_DATABASE_PASSWORD_FILE: secret,
    MSS_REDIS_URL: `redis://${nowhere}`,
    MSS_PSC_ISSUER: `https://${nowhere}`,
    MSS_PSC_DISCOVERY_URL: `https://${nowhere}`,
    MSS_PSC_CLIENT_ID: "none",
    MSS_PSC_CLIENT_SECRET_FILE: secret,
    MSS_MAIL_SERVER: "stalwart",
    MSS_MAIL_JMAP_URL: `http://${nowhere}/jmap/`,
    MSS_MAIL_OPERATOR_DOMAIN: "operateur.example",
    MSS_MAIL_GATEWAY_LOGIN: "gateway@operateur.example",
    MSS_MAIL_GATEWAY_SECRET_FILE: secret,
    MSS_MAIL_PROVISIONER_LOGIN: "admin@operateur.example",
    MSS_MAIL_PROVISIONER_SECRET_FILE: secret,
    MSS_MAIL_HOOK_SECRET_FILE: secret,
    MSS_WHITE_LIST_URL: `https://${nowhere}`,
    MSS_WHITE_LIST_TRUST_FILE: secret,
    MSS_WHITE_LIST_CRL_URL: `https://${nowhere}`,
  });
  const silent = () => undefined;
  const app = createApp({
    config,
    db: createDatabase(createPool(config.database)),
    redis: new Redis(config.redisUrl, { lazyConnect: true, enableOfflineQueue: false }),
    mailServer: createMailServer(config.mail),
    now: () => new Date(),
    log: { info: silent, warn: silent, error: silent },
    closing: AbortSignal.abort(),
  });
  console.log(JSON.stringify(openApiDocument(app, config.baseUrl), null, 2));
} finally {
  await Deno.remove(secret);
}
Deno.exit(0);
