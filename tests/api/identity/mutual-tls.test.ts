/** The platform proves itself to the provider by its certificate, at a door that really asks for one. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ProviderClient } from "../../../api/config-sign-in.ts";
import { createIdentityProvider } from "../../../api/identity/identity-provider.ts";
import type { IdentityProviderConfig } from "../../../api/identity/provider-config.ts";
import { createAuthority, type Identity, issueLeaf } from "../../../mailserver/certificates/authority.ts";
import { privateKeyPem } from "../../../mailserver/certificates/directory.ts";
import { openPlatform, type Platform } from "./platform.ts";
import { baseUrl, simulate, type SimulatedPsc } from "./simulated-psc.ts";

let psc: SimulatedPsc;
let platform: Platform;
let trustPem: string;
/** Our certificate, that of another service, and one of our name that another authority signed. */
let ours: ProviderClient;
let anothers: ProviderClient;
let forged: ProviderClient;

const organisation = {
  organisation: "OPERATEUR DE TEST",
  idNatStruct: "1750000001",
  department: "Paris (75)",
};

async function client(identity: Identity): Promise<ProviderClient> {
  return {
    method: "mtls",
    certificatePem: identity.certificate.toString("pem"),
    keyPem: await privateKeyPem(identity),
  };
}

beforeAll(async () => {
  const now = new Date();
  const [authority, foreign] = await Promise.all([createAuthority(now), createAuthority(now)]);
  const leaf = (from: typeof authority, commonName: string) =>
    issueLeaf(from.organisations, { purpose: "client", commonName, ...organisation }, now);
  const server = await issueLeaf(
    authority.organisations,
    { purpose: "server", commonName: "localhost", hosts: ["localhost"], ...organisation },
    now,
  );
  const chain = [authority.organisations, authority.root].map(({ certificate }) =>
    certificate.toString("pem")
  )
    .join("\n");
  trustPem = chain;
  ours = await client(await leaf(authority, "mss-test"));
  anothers = await client(await leaf(authority, "another-service"));
  forged = await client(await leaf(foreign, "mss-test"));
  psc = await simulate([], {
    hostname: "localhost",
    certificate: `${server.certificate.toString("pem")}\n${chain}`,
    key: await privateKeyPem(server),
    clientAuthorities: chain,
  });
  platform = await openPlatform(psc, { proSanteConnect: { client: ours, trustPem } });
}, 30_000);
afterAll(async () => {
  await platform.close();
  await psc.close();
});

function provider(changes: Partial<IdentityProviderConfig>) {
  const note = () => {};
  return createIdentityProvider({
    issuer: psc.issuer,
    discoveryUrl: psc.discoveryUrl,
    clientId: "mss-test",
    client: ours,
    trustPem,
    acrValues: "eidas1",
    acceptedAcr: ["eidas1"],
    acceptedParties: [],
    isRppsKeyChecked: true,
    isResponseIssuerRequired: true,
    baseUrl,
    timeoutSeconds: 2,
    ...changes,
  }, { info: note, warn: note, error: note });
}

describe("a client certificate in place of a secret", () => {
  test("signs people in: token endpoint and userinfo by the certificate's door", async () => {
    expect(psc.doorOrigin).toMatch(/^https:\/\/localhost:/);
    const browser = platform.browser();
    expect((await platform.signIn(browser, "anne-allard", "/mail")).pathname).toBe("/mail");
    expect((await platform.session(browser)).status).toBe(200);
  });

  test("asks about access tokens, and renews sessions", async () => {
    const token = await psc.mint({ person: "anne-allard" });
    expect(await provider({}).introspect(token)).toMatchObject({ active: true, idNatPs: "899900000011" });
    expect(await provider({}).refresh("unknown", "f:x:y")).toEqual({ outcome: "ended" });
  });

  test("opens nothing for another service's certificate, nor for one of our name that nobody trusts", async () => {
    const token = await psc.mint({ person: "anne-allard" });
    for (const wrong of [anothers, forged]) {
      await expect(provider({ client: wrong }).introspect(token)).rejects.toMatchObject({
        reason: "provider-unreachable",
      });
    }
  });

  test("is not replaced by the secret", async () => {
    const token = await psc.mint({ person: "anne-allard" });
    const bySecret = provider({ client: { method: "secret", secret: "simulated-secret-of-the-tests" } });
    await expect(bySecret.introspect(token)).rejects.toMatchObject({ reason: "provider-unreachable" });
  });

  test("is shown to no server that the trusted authorities did not sign", async () => {
    const elsewhere = await createAuthority(new Date());
    const suspicious = provider({ trustPem: elsewhere.root.certificate.toString("pem") });
    await expect(suspicious.introspect(await psc.mint({ person: "anne-allard" }))).rejects.toMatchObject({
      reason: "provider-unreachable",
    });
  });
});
