/**
 * The only reader of the environment. Names begin with `MSS_`; one that is not known here is refused, so that a misspelt
 * setting never goes unnoticed. Secrets come as paths (`*_FILE`) and have no default.
 */
import { readFileSync } from "node:fs";
import { z } from "zod";
import type { ClientAccess } from "./autoconfiguration/mod.ts";
import { clientConfig, clientVariables } from "./config-clients.ts";
import { type EdgeConfig, edgeConfig, edgeVariables } from "./config-edge.ts";
import { type AlertReceiver, type GuardConfig, guardConfig, guardVariables } from "./config-guard.ts";
import { oauthConfig, type OauthSettings, oauthVariables } from "./config-oauth.ts";
import { address, count, domain, hostAndPort, http, login, origin, seconds, url } from "./config-shapes.ts";
import { type ProviderConfig, type SessionConfig, signInConfig, signInVariables } from "./config-sign-in.ts";
import { webhookConfig, type WebhookSettings, webhookVariables } from "./config-webhooks.ts";
import type { DatabaseConfig } from "./database/pool.ts";
import type { MailServerConfig } from "./mail-server/mod.ts";

export interface Config {
  /** Public origin without a slash at the end, e.g. `https://messagerie.example`. */
  readonly baseUrl: string;
  readonly listen: { readonly hostname: string; readonly port: number };
  readonly database: DatabaseConfig;
  readonly redisUrl: string;
  /** The built web (adapter-static); may be absent, then only the API answers. */
  readonly webDirectory: string | null;
  readonly proSanteConnect: ProviderConfig;
  readonly session: SessionConfig;
  readonly mail: MailServerConfig;
  /** Domain of the operator's own services, e.g. `operateur.mssante.test`. */
  readonly operatorDomain: string;
  /** What the mail server's hook must present; null where the server has none. */
  readonly mailHookSecret: string | null;
  readonly whiteList: {
    readonly url: string;
    readonly crlUrl: string;
    /** PEM text of the authorities that may sign the list. */
    readonly trustPem: string;
    readonly signerName: string;
    readonly refreshSeconds: number;
  };
  /** All attachments of a message together, decoded. */
  readonly maxAttachmentBytes: number;
  /** How long the mail of a closed box is kept before it is destroyed. */
  readonly closedMailRetentionDays: number;
  /** Where the ends of the audit chains are noted, outside the database; null = nowhere. */
  readonly auditAnchorDirectory: string | null;
  readonly webhooks: WebhookSettings;
  readonly privacy: {
    /** Directory of the archives that people fetch; null = exports are not offered. */
    readonly exportDirectory: string | null;
    readonly exportKeepDays: number;
    readonly traceRetentionDays: number;
    readonly erasureGraceDays: number;
  };
  /** Requests in each window, by who asks (api/http/rate-limit.ts). The JMAP gateway is not counted. */
  readonly rateLimits: {
    readonly windowSeconds: number;
    readonly perPerson: number;
    readonly perServiceAccount: number;
    /** Of who has not signed in. Many people share the address of a hospital. */
    readonly perAddress: number;
  };
  /** Proxies in front that add the caller to `X-Forwarded-For`; 0: nobody's word is taken. */
  readonly trustedProxies: number;
  /** How long an invitation can be accepted. */
  readonly invitationDays: number;
  /** Standard mail clients; null = there is no edge. */
  readonly edge: EdgeConfig | null;
  readonly oauth: OauthSettings;
  /** When failed sign-ins are called an attack. */
  readonly guard: GuardConfig;
  /** Where the operator's people on call are told; null = nowhere. */
  readonly alerts: AlertReceiver | null;
  /** What clients are told of it (api/autoconfiguration). */
  readonly clients: ClientAccess;
  /** Longest life of an app password. */
  readonly appPasswordDays: number;
  /** What the worker does about app passwords and certificates of software (api/client-access). */
  readonly clientAccess: {
    /** How many days before the end it is said. */
    readonly reminderDays: readonly number[];
    /** How long an app password is kept after its end. */
    readonly endedDays: number;
  };
  /** Of boxes that nobody opens, where a structure has settled nothing else (api/inactivity/delays.ts). */
  readonly inactivity: {
    readonly noticeAfterDays: number;
    readonly objectionDays: number;
    readonly depublishAfterDays: number;
    readonly closeAfterDays: number;
  };
}

/** Why the configuration is refused: one line per variable, none with a value. */
export class ConfigRefused extends Error {
  override readonly name = "ConfigRefused";
  constructor(readonly faults: readonly string[]) {
    super(`The configuration is refused:\n${faults.map((fault) => `  ${fault}`).join("\n")}`);
  }
}

/** Each variable with the sentence that `deno task config:check` prints. */
const common = {
  MSS_BASE_URL: origin.describe("Public origin of the platform, without path"),
  MSS_LISTEN: address.default("127.0.0.1:8480").describe("Address the HTTP process listens on"),
  MSS_DATABASE_URL: url(["postgres:", "postgresql:"]).describe(
    "PostgreSQL, with the process's own role and no password",
  ),
  MSS_DATABASE_PASSWORD_FILE: z.string().describe("File of that role's password"),
  MSS_DATABASE_POOL_SIZE: z.coerce.number().int().min(2).max(200).default(10).describe(
    "Most connections per process",
  ),
  MSS_REDIS_URL: url(["redis:", "rediss:"]).describe("Redis: holds only what may be lost"),
  MSS_WEB_DIRECTORY: z.string().optional().describe("The built web; without it only the API answers"),
  ...signInVariables,
  MSS_MAIL_JMAP_URL: http.describe("JMAP endpoint of the mail server, on the private network"),
  MSS_MAIL_OPERATOR_DOMAIN: domain.describe("Domain of the operator's own services"),
  MSS_WHITE_LIST_URL: http.describe("Where the white list is published"),
  MSS_WHITE_LIST_TRUST_FILE: z.string().describe("PEM file of the authorities that may sign it"),
  MSS_WHITE_LIST_CRL_URL: http.describe("Revocation list of those authorities"),
  MSS_WHITE_LIST_SIGNER: z.string().min(1).default("alb.mssante.fr").describe(
    "Common name of the list's signer",
  ),
  MSS_WHITE_LIST_REFRESH_SECONDS: seconds.default(3600).describe("Time between two downloads"),
  MSS_RATE_LIMIT_WINDOW_SECONDS: seconds.default(60).describe("Window of the three limits below"),
  MSS_RATE_LIMIT_PER_PERSON: count.default(1200).describe("Most requests of one person to /api and /auth"),
  MSS_RATE_LIMIT_PER_SERVICE_ACCOUNT: count.default(1200).describe("The same of one service account"),
  MSS_RATE_LIMIT_PER_ADDRESS: count.default(6000).describe(
    "The same of one address without a session; a hospital shares one",
  ),
  MSS_TRUSTED_PROXIES: z.coerce.number().int().min(0).max(10).default(0).describe(
    "Proxies in front that add to X-Forwarded-For",
  ),
  MSS_INVITATION_DAYS: z.coerce.number().int().min(1).max(365).default(30).describe(
    "How long an invitation can be accepted (no rule says: our choice)",
  ),
  ...edgeVariables,
  ...oauthVariables,
  ...guardVariables,
  ...clientVariables,
  MSS_INACTIVITY_NOTICE_AFTER_DAYS: z.coerce.number().int().min(1).max(3650).default(335).describe(
    "Days without opening, after which a box's holder is noticed (CNIL AU-037: it ends after a year)",
  ),
  MSS_INACTIVITY_OBJECTION_DAYS: z.coerce.number().int().min(1).max(365).default(30).describe(
    "Days from that notice in which he may object (no rule says how many)",
  ),
  MSS_INACTIVITY_DEPUBLISH_AFTER_DAYS: z.coerce.number().int().min(1).max(3650).default(30).describe(
    "Days from that notice until the box leaves the directory (no rule says)",
  ),
  MSS_INACTIVITY_CLOSE_AFTER_DAYS: z.coerce.number().int().min(1).max(3650).default(30).describe(
    "Days from that notice until the box is closed (CNIL AU-037: a year after the last opening)",
  ),
  MSS_AUDIT_ANCHOR_DIRECTORY: z.string().optional().describe(
    "Where the ends of the audit chains are noted every hour, outside the database; without it nowhere",
  ),
  ...webhookVariables,
  MSS_EXPORT_DIRECTORY: z.string().optional().describe(
    "Where archives of people's data and boxes lie until they are fetched; without it none is offered",
  ),
  MSS_EXPORT_KEEP_DAYS: z.coerce.number().int().min(1).max(90).default(7).describe("An archive is kept for"),
  MSS_TRACE_RETENTION_DAYS: z.coerce.number().int().min(1).default(1095).describe(
    "The trail of acts is kept for (no text that we have seen fixes it)",
  ),
  MSS_ERASURE_GRACE_DAYS: z.coerce.number().int().min(0).max(25).default(3).describe(
    "The erasure of a person may be given up for (the answer is due within a month: RGPD, art. 12.3)",
  ),
  MSS_MAX_ATTACHMENT_BYTES: z.coerce.number().int().min(1024).default(26_214_400)
    .describe("All attachments of a message together, decoded"),
  MSS_CLOSED_MAIL_RETENTION_DAYS: z.coerce.number().int().min(1).max(3650).default(365).describe(
    "How long a closed mailbox's mail is kept (no rule says: a year, as for inactivity)",
  ),
};
const stalwart = z.strictObject({
  ...common,
  MSS_MAIL_SERVER: z.literal("stalwart").describe("Which mail server: stalwart or cyrus"),
  MSS_MAIL_GATEWAY_LOGIN: login.describe("Stalwart: service that may speak as a box"),
  MSS_MAIL_GATEWAY_SECRET_FILE: z.string().describe("Stalwart: file of its secret"),
  MSS_MAIL_PROVISIONER_LOGIN: login.describe("Stalwart: service that creates domains and accounts"),
  MSS_MAIL_PROVISIONER_SECRET_FILE: z.string().describe("Stalwart: file of its secret"),
  MSS_MAIL_HOOK_SECRET_FILE: z.string().describe("Stalwart: file of the secret its hook presents to us"),
});
const cyrus = z.strictObject({
  ...common,
  MSS_MAIL_SERVER: z.literal("cyrus").describe("Which mail server: stalwart or cyrus"),
  MSS_MAIL_JWT_KEY_FILE: z.string().describe("Cyrus: file of the HS256 key, base64"),
  MSS_MAIL_IMAP: address.describe("Cyrus: IMAP for administration, host:port"),
  MSS_MAIL_CYRUS_ADMIN_SECRET_FILE: z.string().describe("Cyrus: file of the administrator's secret"),
  MSS_MAIL_MTA_LOG_FILE: z.string().describe("Cyrus: log of its mail transfer agent"),
});
type Variables = z.infer<typeof stalwart> | z.infer<typeof cyrus>;

/** Every variable with its meaning, for the operator's table. */
export function describeConfig(): readonly { name: string; about: string; default: string | null }[] {
  return Object.entries({ ...stalwart.shape, ...cyrus.shape }).map(([name, schema]) => {
    const byDefault = schema instanceof z.ZodDefault ? String(schema.def.defaultValue) : null;
    return { name, about: schema.description ?? "", default: byDefault };
  });
}

/**
 * Checks `environment` and answers the frozen configuration. Throws `ConfigRefused` naming every fault at once.
 *
 * @param environment the process's, by default; names without our prefix are ignored
 */
export function readConfig(environment: Readonly<Record<string, string>> = Deno.env.toObject()): Config {
  const ours = Object.fromEntries(Object.entries(environment).filter(([name]) => name.startsWith("MSS_")));
  const parsed = (ours.MSS_MAIL_SERVER === "cyrus" ? cyrus : stalwart).safeParse(ours);
  if (!parsed.success) throw new ConfigRefused(parsed.error.issues.flatMap(faultsOf));
  const values: Variables = parsed.data;
  const faults: string[] = [];
  const read = (name: string): string => {
    const text = readSecret(ours[name] ?? "");
    if (text === undefined) faults.push(`${name}: the file cannot be read or is empty`);
    return text ?? "";
  };
  const listen = hostAndPort(values.MSS_LISTEN);
  const config: Config = {
    baseUrl: values.MSS_BASE_URL,
    listen: { hostname: listen.host, port: listen.port },
    database: {
      url: values.MSS_DATABASE_URL,
      password: read("MSS_DATABASE_PASSWORD_FILE"),
      poolSize: values.MSS_DATABASE_POOL_SIZE,
    },
    redisUrl: values.MSS_REDIS_URL,
    webDirectory: values.MSS_WEB_DIRECTORY ?? null,
    ...signInConfig(values, read, faults),
    mail: mailConfig(values, read),
    operatorDomain: values.MSS_MAIL_OPERATOR_DOMAIN,
    mailHookSecret: values.MSS_MAIL_SERVER === "stalwart" ? read("MSS_MAIL_HOOK_SECRET_FILE") : null,
    whiteList: {
      url: values.MSS_WHITE_LIST_URL,
      crlUrl: values.MSS_WHITE_LIST_CRL_URL,
      trustPem: read("MSS_WHITE_LIST_TRUST_FILE"),
      signerName: values.MSS_WHITE_LIST_SIGNER,
      refreshSeconds: values.MSS_WHITE_LIST_REFRESH_SECONDS,
    },
    maxAttachmentBytes: values.MSS_MAX_ATTACHMENT_BYTES,
    closedMailRetentionDays: values.MSS_CLOSED_MAIL_RETENTION_DAYS,
    auditAnchorDirectory: values.MSS_AUDIT_ANCHOR_DIRECTORY ?? null,
    webhooks: webhookConfig(values),
    privacy: {
      exportDirectory: values.MSS_EXPORT_DIRECTORY ?? null,
      exportKeepDays: values.MSS_EXPORT_KEEP_DAYS,
      traceRetentionDays: values.MSS_TRACE_RETENTION_DAYS,
      erasureGraceDays: values.MSS_ERASURE_GRACE_DAYS,
    },
    rateLimits: {
      windowSeconds: values.MSS_RATE_LIMIT_WINDOW_SECONDS,
      perPerson: values.MSS_RATE_LIMIT_PER_PERSON,
      perServiceAccount: values.MSS_RATE_LIMIT_PER_SERVICE_ACCOUNT,
      perAddress: values.MSS_RATE_LIMIT_PER_ADDRESS,
    },
    trustedProxies: values.MSS_TRUSTED_PROXIES,
    invitationDays: values.MSS_INVITATION_DAYS,
    edge: edgeConfig(values, read, faults),
    oauth: oauthConfig(values, read, faults),
    ...guardConfig(values, read, faults),
    clients: clientConfig(values, faults),
    appPasswordDays: values.MSS_APP_PASSWORD_DAYS,
    clientAccess: {
      reminderDays: values.MSS_EXPIRY_REMINDER_DAYS,
      endedDays: values.MSS_ENDED_APP_PASSWORD_DAYS,
    },
    inactivity: {
      noticeAfterDays: values.MSS_INACTIVITY_NOTICE_AFTER_DAYS,
      objectionDays: values.MSS_INACTIVITY_OBJECTION_DAYS,
      depublishAfterDays: values.MSS_INACTIVITY_DEPUBLISH_AFTER_DAYS,
      closeAfterDays: values.MSS_INACTIVITY_CLOSE_AFTER_DAYS,
    },
  };
  if (URL.parse(values.MSS_DATABASE_URL)?.password) {
    faults.push("MSS_DATABASE_URL: holds a password; it belongs in MSS_DATABASE_PASSWORD_FILE");
  }
  if (faults.length > 0) throw new ConfigRefused(faults);
  return deepFreeze(config);
}

function mailConfig(values: Variables, read: (name: string) => string): MailServerConfig {
  const jmapUrl = values.MSS_MAIL_JMAP_URL;
  if (values.MSS_MAIL_SERVER === "stalwart") {
    return {
      kind: "stalwart",
      jmapUrl,
      gatewayLogin: values.MSS_MAIL_GATEWAY_LOGIN,
      gatewaySecret: read("MSS_MAIL_GATEWAY_SECRET_FILE"),
      provisionerLogin: values.MSS_MAIL_PROVISIONER_LOGIN,
      provisionerSecret: read("MSS_MAIL_PROVISIONER_SECRET_FILE"),
    };
  }
  return {
    kind: "cyrus",
    jmapUrl,
    jwtKey: read("MSS_MAIL_JWT_KEY_FILE"),
    imap: hostAndPort(values.MSS_MAIL_IMAP),
    adminSecret: read("MSS_MAIL_CYRUS_ADMIN_SECRET_FILE"),
    mtaLogFile: values.MSS_MAIL_MTA_LOG_FILE,
  };
}

function faultsOf(issue: z.core.$ZodIssue): string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((name) => `${name}: not a variable of this platform`);
  }
  const name = String(issue.path[0] ?? "");
  if (issue.code === "invalid_type") return [`${name}: missing or not of the right kind`];
  return [`${name}: ${issue.message}`];
}

function readSecret(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trimEnd() || undefined;
  } catch {
    return undefined; // The caller names the variable; the path may itself tell too much.
  }
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === "object" && inner !== null) deepFreeze(inner);
  }
  return Object.freeze(value);
}
