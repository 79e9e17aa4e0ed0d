/**
 * What the operator does to a client. Who registers one, or says where it is answered, gives himself a way to people's mail: he shows his
 * factor again. Each act that ends what was given tells every process of it.
 */
import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inOperator, type Tx } from "../database/in-tenant.ts";
import { checkVersion } from "../http/version.ts";
import { authorise, requireRecentFactor } from "../identity/mod.ts";
import { invalidRequest, problem } from "../problems.ts";
import { certificateProof, nativeProof } from "./client-proof.ts";
import {
  type ClientRow,
  type ClientStatus,
  getClientForUpdate,
  insertClient,
  statusOf,
  updateClient,
} from "./client-queries.ts";
import type { ClientInput } from "./client-schemas.ts";
import { forgetGrants } from "./grants.ts";
import type { Oauth } from "./oauth.ts";
import { type EndedGrant, revokeGrants } from "./queries.ts";

/**
 * Registers a program or a software. Nobody registers himself (RFC 7591 is not offered): the operator answers for each.
 *
 * Throws `forbidden`, `factor-required`, `invalid-request`, `oauth-client-taken`.
 */
export async function createClient(ctx: Context, input: ClientInput): Promise<ClientRow> {
  authorise(ctx, "oauth-client.create");
  const proof = input.kind === "native"
    ? nativeProof(input.redirectUris)
    : certificateProof(input.certificate, ctx.now());
  return await inOperator(ctx, async (tx) => {
    await requireRecentFactor(tx, ctx);
    const client = await insertClient(
      tx,
      { client_id: input.clientId, kind: input.kind, name: input.name, ...proof },
      ctx.now(),
    );
    await recordAudit(tx, ctx, {
      action: "oauth-client.create",
      subject: { kind: "oauth-client", id: client.id },
      after: toSnapshot(client),
    });
    return client;
  });
}

export interface ClientAim {
  readonly id: string;
  /** The version that the actor saw; undefined = whatever it is. */
  readonly ifVersion?: number | undefined;
}

/**
 * Changes what people are told a client is, or where a program may be answered.
 *
 * Throws `forbidden`, `factor-required`, `invalid-request`, `oauth-client-not-found`, `oauth-client-withdrawn`, `version-mismatch`.
 */
export async function changeClient(
  ctx: Context,
  input: ClientAim & {
    readonly name?: string | undefined;
    readonly redirectUris?: readonly string[] | undefined;
  },
): Promise<ClientRow> {
  authorise(ctx, "oauth-client.change");
  const { name, redirectUris } = input;
  return await inOperator(ctx, async (tx) => {
    const before = await getLive(tx, input);
    await requireRecentFactor(tx, ctx);
    if (redirectUris !== undefined && before.kind !== "native") {
      throw invalidRequest([{ pointer: "/redirectUris", detail: "is for programs alone" }]);
    }
    const after = await updateClient(tx, before, {
      ...(name === undefined ? {} : { name }),
      ...(redirectUris === undefined ? {} : nativeProof(redirectUris)),
    });
    await recordAudit(tx, ctx, {
      action: "oauth-client.change",
      subject: { kind: "oauth-client", id: before.id },
      before: toSnapshot(before),
      after: toSnapshot(after),
    });
    return after;
  });
}

/**
 * Gives a software another certificate. One of the same names was never needed here, and ends nothing; with other names the
 * software is another, and what was given under the old ones ends.
 *
 * Throws `forbidden`, `factor-required`, `invalid-request`, `oauth-client-not-found`, `oauth-client-withdrawn`, `oauth-client-taken`,
 * `version-mismatch`.
 */
export async function certifyClient(
  oauth: Oauth,
  ctx: Context,
  input: ClientAim & { readonly certificate: string },
): Promise<ClientRow> {
  authorise(ctx, "oauth-client.certify");
  return await ending(oauth, ctx, async (tx) => {
    const before = await getLive(tx, input);
    await requireRecentFactor(tx, ctx);
    if (before.kind !== "lps") {
      throw invalidRequest([{ pointer: "/certificate", detail: "is for software alone" }]);
    }
    const after = await updateClient(tx, before, certificateProof(input.certificate, ctx.now()));
    const isAnother = before.subject_key !== after.subject_key || before.issuer_key !== after.issuer_key;
    const ended = isAnother
      ? await revokeGrants(tx, { clientId: before.id }, ctx.now(), "other-certificate")
      : [];
    await recordAudit(tx, ctx, {
      action: "oauth-client.certify",
      subject: { kind: "oauth-client", id: before.id },
      before: toSnapshot(before),
      after: { ...toSnapshot(after), count: ended.length },
    });
    return { client: after, ended };
  });
}

/**
 * Suspends a client with all that it was given, resumes it (its people then sign in anew), or withdraws it for good.
 * What is already so is returned unchanged, and stands in the trail again.
 *
 * Throws `forbidden`, `oauth-client-not-found`, `oauth-client-withdrawn`, `version-mismatch`.
 */
export async function setClientStatus(
  oauth: Oauth,
  ctx: Context,
  input: ClientAim & { readonly status: ClientStatus; readonly reason?: string },
): Promise<ClientRow> {
  const { status } = input;
  const action = actionTo[status];
  authorise(ctx, action);
  return await ending(oauth, ctx, async (tx) => {
    const before = status === "withdrawn" ? await getSeen(tx, input) : await getLive(tx, input);
    const now = ctx.now();
    const after = statusOf(before) === status ? before : await updateClient(tx, before, {
      ...(status === "withdrawn"
        ? { withdrawn_at: now }
        : { suspended_at: status === "suspended" ? now : null }),
    });
    const ended = status === "active"
      ? []
      : await revokeGrants(tx, { clientId: before.id }, now, `client-${status}`);
    await recordAudit(tx, ctx, {
      action,
      subject: { kind: "oauth-client", id: before.id },
      before: toSnapshot(before),
      after: { ...toSnapshot(after), count: ended.length },
      reason: input.reason,
    });
    return { client: after, ended };
  });
}

const actionTo = {
  active: "oauth-client.resume",
  suspended: "oauth-client.suspend",
  withdrawn: "oauth-client.withdraw",
} as const;

async function ending(
  oauth: Oauth,
  ctx: Context,
  run: (tx: Tx) => Promise<{ readonly client: ClientRow; readonly ended: readonly EndedGrant[] }>,
): Promise<ClientRow> {
  const { client, ended } = await inOperator(ctx, run);
  await forgetGrants(oauth.cache, ended);
  return client;
}

async function getSeen(tx: Tx, { id, ifVersion }: ClientAim): Promise<ClientRow> {
  const client = await getClientForUpdate(tx, id);
  if (statusOf(client) !== "withdrawn") checkVersion(client.version, ifVersion);
  return client;
}

async function getLive(tx: Tx, aim: ClientAim): Promise<ClientRow> {
  const client = await getSeen(tx, aim);
  if (statusOf(client) === "withdrawn") throw problem("oauth-client-withdrawn");
  return client;
}

/** All that the operator answers for. */
function toSnapshot(client: ClientRow) {
  return {
    kind: client.kind,
    name: client.name,
    clientId: client.client_id,
    status: statusOf(client),
    version: client.version,
    ...(client.kind === "native" ? { redirectUris: client.redirect_uris } : {
      subject: client.subject,
      issuer: client.issuer,
      certificateExpiresAt: client.certificate_expires_at,
    }),
  };
}
