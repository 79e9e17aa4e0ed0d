/** How the provider is spoken to: plainly, or with the platform's own certificate (arrêté of 4 April 2022, EXI PSC 24). */
import type { CustomFetch } from "openid-client";
import type { IdentityProviderConfig } from "./identity-provider.ts";

type Fetch = CustomFetch & typeof globalThis.fetch;

/** One pool of connections for the life of the process. */
export function providerFetch(config: Pick<IdentityProviderConfig, "client" | "trustPem">): Fetch {
  const { client, trustPem } = config;
  const trust = trustPem === null ? {} : { caCerts: [trustPem] };
  if (client.method === "secret" && trustPem === null) return globalThis.fetch as Fetch;
  const http = client.method === "mtls"
    ? Deno.createHttpClient({ ...trust, cert: client.certificatePem, key: client.keyPem })
    : Deno.createHttpClient(trust);
  return ((address: string, options: RequestInit) =>
    globalThis.fetch(address, { ...options, client: http })) as Fetch;
}
