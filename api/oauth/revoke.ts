/** A client gives a token back (RFC 7009): the whole family ends with it. */
import type { ReadCertificate } from "../client-access/mod.ts";
import type { Context } from "../context.ts";
import { inSystem, type Tx } from "../database/in-tenant.ts";
import { type ClientRow, findClient, findClientByCertificate } from "./client-queries.ts";
import { requireParameters, TokenRefused } from "./failure.ts";
import { forgetGrants, noteEnd } from "./grants.ts";
import type { Oauth } from "./oauth.ts";
import { findGrantOfToken, revokeGrants } from "./queries.ts";
import { readSecret } from "./secrets.ts";

export interface Revocation {
  readonly token: string | null;
  readonly clientId: string | null;
  readonly certificate: ReadCertificate | undefined;
}

/** What is not there, or is another client's, is passed over in silence (§2.2). @throws TokenRefused */
export async function revokeToken(oauth: Oauth, ctx: Context, input: Revocation): Promise<void> {
  requireParameters({ token: input.token });
  const hash = readSecret("refresh", input.token) ?? readSecret("access", input.token);
  const ended = await inSystem(oauth, async (tx) => {
    const client = await identify(tx, input);
    const found = hash === undefined ? undefined : await findGrantOfToken(tx, hash);
    if (found?.client_id !== client.id) return [];
    const ended = await revokeGrants(tx, { grantId: found.grant_id }, oauth.now(), "by-program");
    await noteEnd(tx, ctx, ended, "by-program");
    return ended;
  });
  await forgetGrants(oauth.cache, ended);
}

/** A program says who it is, software proves it. */
async function identify(tx: Tx, { clientId, certificate }: Revocation): Promise<ClientRow> {
  if (certificate !== undefined) {
    const client = await findClientByCertificate(tx, certificate);
    if (client === undefined) throw new TokenRefused("invalid_client", "certificate-unknown");
    if (clientId !== null && clientId !== client.client_id) {
      throw new TokenRefused("invalid_client", "certificate-other-client");
    }
    return client;
  }
  requireParameters({ client_id: clientId });
  const client = await findClient(tx, clientId ?? "");
  if (client === undefined) throw new TokenRefused("invalid_client", "client-unknown");
  if (client.kind !== "native") throw new TokenRefused("invalid_client", "certificate-missing");
  return client;
}
