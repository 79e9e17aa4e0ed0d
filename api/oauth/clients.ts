import { recordAudit } from "../audit/mod.ts";
import { readCertificate } from "../client-access/mod.ts";
import type { Context } from "../context.ts";
import { inOperator } from "../database/in-tenant.ts";
import { onUnique } from "../database/unique.ts";
import { authorise } from "../identity/mod.ts";
import { invalidRequest, problem } from "../problems.ts";
import { isLoopback } from "./authorise.ts";
import { insertClient, withdrawClientRow } from "./client-queries.ts";
import { forgetGrants } from "./grants.ts";
import type { Oauth } from "./oauth.ts";
import { type ClientRow, revokeGrants } from "./queries.ts";
import type { ClientInput } from "./client-schemas.ts";

/**
 * Registers a program or a software. Nobody registers himself (RFC 7591 is not offered): the operator answers for each.
 *
 * Throws `forbidden`, `invalid-request`, `oauth-client-taken`.
 */
export async function createClient(ctx: Context, input: ClientInput): Promise<ClientRow> {
  authorise(ctx, "oauth-client.create");
  const proof = input.kind === "native"
    ? nativeProof(input.redirectUris)
    : certificateProof(input.certificate, ctx);
  return await inOperator(ctx, async (tx) => {
    const client = await onUnique(
      ["oauth_clients__client_id", "oauth_clients__certificate"],
      () => problem("oauth-client-taken"),
      () =>
        insertClient(
          tx,
          { client_id: input.clientId, kind: input.kind, name: input.name, ...proof },
          ctx.now(),
        ),
    );
    await recordAudit(tx, ctx, {
      action: "oauth-client.create",
      subject: { kind: "oauth-client", id: client.id },
      after: { kind: client.kind, name: client.name, label: client.client_id },
    });
    return client;
  });
}

/** Ends a client for good, with all that it was given. Repeating it changes nothing. Throws `forbidden`, `oauth-client-not-found`. */
export async function withdrawClient(oauth: Oauth, ctx: Context, id: string): Promise<ClientRow> {
  authorise(ctx, "oauth-client.withdraw");
  const { client, ended } = await inOperator(ctx, async (tx) => {
    const client = await withdrawClientRow(tx, id, ctx.now());
    if (client === undefined) throw problem("oauth-client-not-found");
    const ended = await revokeGrants(tx, { clientId: id }, ctx.now(), "client-withdrawn");
    await recordAudit(tx, ctx, {
      action: "oauth-client.withdraw",
      subject: { kind: "oauth-client", id },
      after: { kind: client.kind, name: client.name, label: client.client_id, count: ended.length },
    });
    return { client, ended };
  });
  await forgetGrants(oauth.cache, ended);
  return client;
}

/** https, or the loopback of the person's own machine, or a private scheme that names its owner (RFC 8252 §7). */
function nativeProof(redirectUris: readonly string[]) {
  redirectUris.forEach((uri, index) => {
    const url = URL.parse(uri);
    const isPrivate = url !== null && /^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:$/.test(url.protocol);
    const isFine = url !== null && url.hash === "" && !url.username &&
      (url.protocol === "https:" || isLoopback(url) || isPrivate);
    if (!isFine) {
      throw invalidRequest([{
        pointer: `/redirectUris/${index}`,
        detail: "https, http://127.0.0.1/… or a private scheme such as fr.example.app:/…",
      }]);
    }
  });
  return { redirect_uris: JSON.stringify(redirectUris) };
}

function certificateProof(pem: string, ctx: Context) {
  const read = readCertificate(pem, ctx.now());
  if (!read.ok) throw invalidRequest([{ pointer: "/certificate", detail: read.detail }]);
  const { subject, issuer, subjectKey, issuerKey } = read.certificate;
  return { subject, issuer, subject_key: subjectKey, issuer_key: issuerKey };
}
