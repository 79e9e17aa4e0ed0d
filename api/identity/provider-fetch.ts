/** How the provider is spoken to: plainly, or with the platform's own certificate (arrêté of 4 April 2022, EXI PSC 24). */
import type { CustomFetch } from "openid-client";
import type { IdentityProviderConfig } from "./provider-config.ts";

type Fetch = CustomFetch & typeof globalThis.fetch;

/** Its longest answers have some 20 kB; whatever is longer is none. */
const maximumBytes = 1_048_576;

/** One pool of connections for the life of the process. A fault is a TypeError, as fetch's own. */
export function providerFetch(config: Pick<IdentityProviderConfig, "client" | "trustPem">): Fetch {
  const { client, trustPem } = config;
  const trust = trustPem === null ? {} : { caCerts: [trustPem] };
  const own = client.method === "mtls"
    ? Deno.createHttpClient({ ...trust, cert: client.certificatePem, key: client.keyPem })
    : trustPem === null
    ? undefined
    : Deno.createHttpClient(trust);
  const fetchThere = async (address: string, options: RequestInit) =>
    bounded(await globalThis.fetch(address, { ...options, ...(own && { client: own }) }));
  return fetchThere as Fetch;
}

/** The same answer, which breaks off where it is too long to be one. What calls itself neither JSON nor JWT is none. */
function bounded(response: Response): Response {
  if (response.body === null) return response;
  if (
    response.status === 200 &&
    !/^application\/[\w.+-]*(json|jwt)\b/i.test(response.headers.get("content-type") ?? "")
  ) {
    void response.body.cancel();
    throw new TypeError("not an answer of the provider");
  }
  let received = 0;
  const counted = response.body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        received += chunk.byteLength;
        if (received > maximumBytes) controller.error(new TypeError("the provider's answer is too long"));
        else controller.enqueue(chunk);
      },
    }),
  );
  const { status, statusText, headers } = response;
  return new Response(counted, { status, statusText, headers });
}
