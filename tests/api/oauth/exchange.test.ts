import { createHash, X509Certificate } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { endSessions } from "../../../api/identity/mod.ts";
import type { Visitor } from "../../support/harness.ts";
import { newClientPem } from "../../support/client-certificate.ts";
import { host, openPlatform, type Platform } from "../identity/platform.ts";
import { simulate, type SimulatedPsc } from "../identity/simulated-psc.ts";
import { lastRefusal, Program, scope } from "./program.ts";

const frontKey = "key-of-the-proxy-in-front-0123456789";
const exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
const jwt = "urn:ietf:params:oauth:token-type:jwt";
const accessToken = "urn:ietf:params:oauth:token-type:access_token";

let psc: SimulatedPsc;
let platform: Platform;
let operator: Visitor;
let software: Program;
let pem: string;
let turn = 0;

const shown = (certificate: string, key = frontKey) => ({
  "x-mss-front-key": key,
  "x-mss-client-certificate": encodeURIComponent(certificate),
});

async function register(certificate: string): Promise<Program> {
  const clientId = `l${crypto.randomUUID()}`;
  const answer = await operator.post("/api/v1/oauth-clients", {
    kind: "lps",
    clientId,
    name: "Logiciel du cabinet",
    certificate,
  });
  expect(answer.status).toBe(201);
  return new Program(platform.harness, clientId);
}

const ask = (
  token: string,
  { form = {}, headers = shown(pem) }: { form?: Record<string, string>; headers?: Record<string, string> } =
    {},
) =>
  software.post("/oauth/token", {
    grant_type: exchange,
    subject_token: token,
    subject_token_type: accessToken,
    scope,
    ...form,
  }, headers);

beforeAll(async () => {
  psc = await simulate();
  platform = await openPlatform(psc, { oauth: { frontKey } });
  // The account is known by (issuer, sub): the person has signed in once.
  await platform.signIn(platform.browser(), "anne-allard");
  expect(host).toBeDefined();
});
beforeEach(async () => {
  platform.resetClock();
  operator = await platform.harness.signIn({ operatorRoles: ["operator_administrator"] });
  pem = await newClientPem();
  software = await register(pem);
});
afterAll(async () => {
  await platform.close();
  await psc.close();
});

describe("the software of a structure", () => {
  it("gets a token for the person of its token of Pro Santé Connect, for an hour", async () => {
    const token = await psc.mint({ person: "anne-allard" });
    const { status, body } = await ask(token);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      issued_token_type: accessToken,
      token_type: "Bearer",
      expires_in: 3600,
      scope,
    });
    expect(body.refresh_token).toBeUndefined();
    const thumbprint = createHash("sha256").update(new Uint8Array(new X509Certificate(pem).raw)).digest(
      "base64url",
    );
    expect(body.cnf).toEqual({ "x5t#S256": thumbprint });
    const again = await ask(token, {
      form: {
        cnf: JSON.stringify(body.cnf),
        audience: platform.harness.deps.config.baseUrl,
        subject_token_type: jwt,
      },
    });
    expect(again.status).toBe(200);
    expect(await software.opens(body.access_token, shown(pem))).toBe(true);
    platform.pass(3_601);
    expect(await software.opens(body.access_token, shown(pem))).toBe(false);
  });

  it("gets nothing for a token from before a logout of its session, and what it had ends with it", async () => {
    const sid = crypto.randomUUID();
    const [token, other] = [
      await psc.mint({ person: "anne-allard", claims: { sid } }),
      await psc.mint({ person: "anne-allard" }),
    ];
    const [mine, stays] = [(await ask(token)).body, (await ask(other)).body];
    expect(await software.opens(mine.access_token, shown(pem))).toBe(true);
    await endSessions(platform.identity, platform.harness.system, {
      providerSessionId: sid,
      issuer: psc.issuer,
      subject: null,
    }, "ended-by-provider");
    await expect.poll(() => software.opens(mine.access_token, shown(pem)), { timeout: 5_000 }).toBe(false);
    expect(await software.opens(stays.access_token, shown(pem))).toBe(true);
    expect(await ask(token)).toEqual({ status: 400, body: { error: "invalid_grant" } });
    expect(await lastRefusal(platform.harness)).toBe("logged-out");
  });

  it("gets nothing beyond four hours after card or phone was shown", async () => {
    const ago = (hours: number) => ({ auth_time: Math.floor(Date.now() / 1_000) - hours * 3_600 });
    const late = await ask(await psc.mint({ person: "anne-allard", claims: ago(3.5) }));
    expect(late.body.expires_in).toBeGreaterThan(1_700);
    expect(late.body.expires_in).toBeLessThanOrEqual(1_800);
    expect((await ask(await psc.mint({ person: "anne-allard", claims: ago(5) }))).status).toBe(400);
    expect(await lastRefusal(platform.harness)).toBe("authentication-too-old");
  });

  it("uses it with its own certificate alone, as the proxy shows it (RFC 8705 §3)", async () => {
    const token = await psc.mint({ person: "anne-allard" });
    const { body } = await ask(token);
    const other = await newClientPem();
    await register(other);
    expect(await software.opens(body.access_token)).toBe(false);
    expect(await software.opens(body.access_token, shown(other))).toBe(false);
    expect(await software.opens(body.access_token, shown(pem, "guessed"))).toBe(false);
    expect(await software.opens(body.access_token, shown(pem))).toBe(true);
  });

  it("is the same after its certificate was renewed, and its token bound to the new one", async () => {
    const token = await psc.mint({ person: "anne-allard" });
    const renewed = await newClientPem({ like: pem });
    const { status, body } = await ask(token, { headers: shown(renewed) });
    expect(status).toBe(200);
    expect(await software.opens(body.access_token, shown(pem))).toBe(false);
    expect(await software.opens(body.access_token, shown(renewed))).toBe(true);
  });

  it.each<[string, () => Promise<Parameters<typeof ask>[1]>, number, string, string]>([
    ["no certificate", () => Promise.resolve({ headers: {} }), 401, "invalid_client", "certificate-missing"],
    [
      "a certificate that nobody in front has verified",
      () => Promise.resolve({ headers: shown(pem, "guessed") }),
      401,
      "invalid_client",
      "certificate-missing",
    ],
    [
      "a certificate for servers",
      async () => ({ headers: shown(await newClientPem({ purpose: "server" })) }),
      401,
      "invalid_client",
      "certificate-missing",
    ],
    [
      "a certificate of nobody",
      async () => ({ headers: shown(await newClientPem()) }),
      401,
      "invalid_client",
      "certificate-unknown",
    ],
    [
      "another software's name",
      () => Promise.resolve({ form: { client_id: "another" } }),
      401,
      "invalid_client",
      "certificate-other-client",
    ],
    ["no scope", () => Promise.resolve({ form: { scope: "" } }), 400, "invalid_scope", "scope-missing"],
    [
      "an id_token in the place of the token",
      () => Promise.resolve({ form: { subject_token_type: "urn:ietf:params:oauth:token-type:id_token" } }),
      400,
      "invalid_request",
      "subject-token-type",
    ],
    [
      "somebody who acts for another",
      () => Promise.resolve({ form: { actor_token: "x", actor_token_type: accessToken } }),
      400,
      "invalid_request",
      "actor-token",
    ],
    [
      "another scope",
      () => Promise.resolve({ form: { scope: "openid" } }),
      400,
      "invalid_scope",
      "scope",
    ],
    [
      "another service as its aim",
      () => Promise.resolve({ form: { resource: "https://elsewhere.test/fhir" } }),
      400,
      "invalid_target",
      "target",
    ],
    [
      "the confirmation of another certificate",
      () => Promise.resolve({ form: { cnf: JSON.stringify({ "x5t#S256": "A".repeat(43) }) } }),
      400,
      "invalid_request",
      "confirmation-other-certificate",
    ],
    [
      "no grant type",
      () => Promise.resolve({ form: { grant_type: "" } }),
      400,
      "invalid_request",
      "grant-type-missing",
    ],
  ])("gets nothing with %s", async (_name, changes, status, error, reason) => {
    // Of the same refusal one a minute stands in the trail.
    platform.pass(61 * ++turn);
    const token = await psc.mint({ person: "anne-allard" });
    const answer = await ask(token, await changes());
    expect(answer).toEqual({ status, body: { error } });
    expect(await lastRefusal(platform.harness)).toBe(reason);
  });

  it.each(["expired", "revoked"] as const)("gets nothing for a token that is %s", async (fault) => {
    const token = await psc.mint({ person: "anne-allard", fault });
    expect((await ask(token)).body).toEqual({ error: "invalid_grant" });
  });

  it("gets nothing for a person who never signed in, or who is suspended", async () => {
    const stranger = await psc.mint({ person: "bruno-bernard" });
    expect((await ask(stranger)).body).toEqual({ error: "invalid_grant" });
    expect(await lastRefusal(platform.harness)).toBe("person-unknown");
    const token = await psc.mint({ person: "anne-allard" });
    const status = (to: string) =>
      platform.rows("update app.people set status = $1 where given_name = 'Anne'", [to]);
    await status("suspended");
    expect((await ask(token)).body).toEqual({ error: "invalid_grant" });
    await status("active");
  });

  it("gives its token back under its own certificate alone", async () => {
    const { body: { access_token: token } } = await ask(await psc.mint({ person: "anne-allard" }));
    const giveBack = (headers: Record<string, string>, form = {}) =>
      software.post("/oauth/revoke", { token, ...form }, headers);
    expect(await giveBack({}, { client_id: software.clientId })).toEqual({
      status: 401,
      body: { error: "invalid_client" },
    });
    expect((await giveBack(shown(await newClientPem()))).body).toEqual({ error: "invalid_client" });
    const other = await newClientPem();
    await register(other);
    expect((await giveBack(shown(other), { client_id: software.clientId })).status).toBe(401);
    expect(await giveBack(shown(other))).toEqual({ status: 200, body: undefined });
    expect(await software.opens(token, shown(pem))).toBe(true);
    expect((await giveBack(shown(pem))).status).toBe(200);
    expect(await software.opens(token, shown(pem))).toBe(false);
  });

  it("is shown to the operator with its last use, and until when the certificate is good that it used last", async () => {
    const notAfter = new Date(Math.floor(Date.now() / 1_000) * 1_000 + 40 * 86_400_000);
    const renewed = await newClientPem({ like: pem, notAfter });
    const own = async () =>
      (await operator.get(`/api/v1/oauth-clients?q=${software.clientId}`)).body.items[0];
    expect((await own()).lastUsedAt).toBeNull();
    await ask(await psc.mint({ person: "anne-allard" }), { headers: shown(renewed) });
    expect(await own()).toMatchObject({
      lastUsedAt: expect.any(String),
      certificateExpiresAt: notAfter.toISOString(),
    });
    const suspended = await operator.post(`/api/v1/oauth-clients/${(await own()).id}/suspension`, {
      reason: "Doute",
    });
    expect(suspended.status).toBe(200);
    expect((await ask(await psc.mint({ person: "anne-allard" }))).body).toEqual({ error: "invalid_client" });
  });

  it("gets nothing after it was withdrawn, and what it had is void", async () => {
    const token = await psc.mint({ person: "anne-allard" });
    const { body } = await ask(token);
    const clients = (await operator.get("/api/v1/oauth-clients?limit=200")).body.items;
    const own = clients.find((one: { clientId: string }) => one.clientId === software.clientId);
    await operator.delete(`/api/v1/oauth-clients/${own.id}`);
    expect(await software.opens(body.access_token, shown(pem))).toBe(false);
    expect((await ask(token)).body).toEqual({ error: "invalid_client" });
  });
});
