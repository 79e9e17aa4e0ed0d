/** The gateway's parts, made once per process from what the platform gives. */
import type { AppDeps } from "../context.ts";
import { inSystem } from "../database/in-tenant.ts";
import { problemResponse } from "../http/render-problem.ts";
import { listOpenableMailboxes, sessionsEndedChannel } from "../identity/mod.ts";
import { hasRoom } from "../mailboxes/mod.ts";
import { Problem, problem } from "../problems.ts";
import { checkRecipients } from "../trust-space/mod.ts";
import { type Accounts, type Box, createAccounts } from "./accounts.ts";
import { createBlobCopyGuard, createEmailCopyGuard } from "./copy.ts";
import { createHandovers, type Handovers } from "./handovers.ts";
import { createHub, type Hub } from "./events-hub.ts";
import { createAttachmentGuard, createIdentityGuard, type Guards, sharingGuard } from "./guards.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { listAddressesOfMailbox, listOpenSessions, listRights } from "./queries.ts";
import { comesByFront } from "../oauth/mod.ts";
import { createOpenings, type Openings } from "./openings.ts";
import { defaultLimits, type RequestLimits } from "./request.ts";
import type { SessionOptions } from "./session.ts";
import { createSubmissionGuard } from "./submission-guard.ts";
import { createUpstream, type Upstream } from "./upstream.ts";

export interface Gateway {
  readonly baseUrl: string;
  readonly upstream: Upstream;
  readonly accounts: Accounts;
  readonly guards: Guards;
  readonly hub: Hub;
  readonly ledger: Ledger & Handovers;
  readonly openings: Openings;
  readonly limits: RequestLimits;
  readonly maxConcurrentRequests: number;
  readonly sessionOptions: SessionOptions;
  /** Where who sends these headers reaches us: software comes by a door of its own (mailserver/edge/software). */
  readonly originFor: (headers: Headers) => string;
  readonly hookSecret: string | null;
  /** Whether the box of an address takes a mail more; throws when nobody can say. */
  readonly hasRoom: (address: string) => Promise<boolean>;
  readonly upgradeWebSocket: typeof Deno.upgradeWebSocket;
  /** A failure as the problem document that `POST /jmap/api` would answer, for the WebSocket. */
  readonly renderFailure: (error: unknown) => Response;
}

export function createGateway(deps: AppDeps): Gateway {
  const { config, db, mailServer, now, log, closing } = deps;
  const upstream = createUpstream(mailServer);
  const accounts = createAccounts({
    upstream,
    listOpenableBoxes: (personId) => listOpenableMailboxes({ db, now }, personId),
    now: () => now().getTime(),
    onMissing: (mailboxId) => log.warn("jmap-gateway.box-not-open", { mailboxId }),
  });
  const ledger = {
    ...createLedger({ db, mailServer, now }),
    ...createHandovers({ redis: deps.redis, mailServer, now }),
  };
  const addressesOf = async (box: Box): Promise<ReadonlySet<string>> =>
    new Set(
      await inSystem({ db }, (tx) => listAddressesOfMailbox(tx, box)),
    );
  const { maxAttachmentBytes } = config;
  const guards: Guards = {
    sharing: sharingGuard,
    attachments: createAttachmentGuard(maxAttachmentBytes),
    identities: createIdentityGuard(addressesOf),
    submissions: createSubmissionGuard({
      addressesOf,
      checkRecipients: (addresses) => checkRecipients({ db }, addresses),
      maxAttachmentBytes,
      ledger,
    }),
    "email-copy": createEmailCopyGuard(upstream),
    "blob-copy": createBlobCopyGuard(upstream),
  };
  const hub = createHub({
    upstream,
    readRights: (sessionIds, personIds) =>
      inSystem({ db }, async (tx) => {
        const at = now();
        const seenSince = new Date(at.getTime() - config.session.idleSeconds * 1000);
        return {
          openSessions: await listOpenSessions(tx, sessionIds, at, seenSince),
          boxes: await listRights(tx, personIds, at),
        };
      }),
    onTrouble: (event) => log.warn("jmap-gateway.events", { event }),
  });
  closing.addEventListener("abort", () => hub.stop(), { once: true });
  hearEndedSessions(deps, hub);

  return {
    baseUrl: config.baseUrl,
    upstream,
    accounts,
    guards,
    hub,
    ledger,
    openings: createOpenings(),
    limits: defaultLimits,
    maxConcurrentRequests: 8,
    sessionOptions: {
      origin: config.baseUrl,
      limits: defaultLimits,
      maxAttachmentBytes,
      mailServer: mailServer.kind,
    },
    originFor: (headers) =>
      config.oauth.frontUrl !== null && comesByFront(headers, config.oauth.frontKey)
        ? config.oauth.frontUrl
        : config.baseUrl,
    hookSecret: config.mailHookSecret,
    hasRoom: (address) => hasRoom({ db, mailServer }, address, 0),
    upgradeWebSocket: Deno.upgradeWebSocket,
    renderFailure: (error) =>
      problemResponse(
        error instanceof Problem ? error : problem("internal-error", undefined, { cause: error }),
        {
          baseUrl: config.baseUrl,
          requestId: crypto.randomUUID(),
        },
      ),
  };
}

/** Redis tells of a sign-out in any process; without it the check every two seconds does. */
function hearEndedSessions({ redis, closing, log }: AppDeps, hub: Hub): void {
  const subscriber = redis.duplicate();
  subscriber.on("error", () => {});
  subscriber.on("message", (_channel: string, sessionId: string) => hub.endSession(sessionId));
  const subscribe = () =>
    void subscriber.subscribe(sessionsEndedChannel).catch(() =>
      log.warn("jmap-gateway.redis", { subscribed: false })
    );
  subscriber.on("ready", subscribe);
  if (subscriber.status === "wait") void subscriber.connect().catch(() => {});
  closing.addEventListener("abort", () => subscriber.disconnect(), { once: true });
}
