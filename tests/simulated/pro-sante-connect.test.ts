import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHash, randomBytes } from "node:crypto";
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Browser } from "../api/identity/browser.ts";
import { clientSecret, redirectUri, simulate, type SimulatedPsc } from "../api/identity/simulated-psc.ts";

let psc: SimulatedPsc;
let browser: Browser;

beforeEach(async () => {
  psc = await simulate();
  browser = new Browser();
});
afterEach(() => psc.close());

const verifier = randomBytes(32).toString("base64url");
const challenge = createHash("sha256").update(verifier).digest("base64url");

function authorizationUrl(changes: Record<string, string | undefined> = {}): string {
  const url = new URL(`${psc.origin}/auth`);
  const parameters: Record<string, string | undefined> = {
    response_type: "code",
    client_id: "mss-test",
    redirect_uri: redirectUri,
    scope: "openid scope_all",
    acr_values: "eidas1",
    state: "state-1",
    nonce: "nonce-1",
    code_challenge: challenge,
    code_challenge_method: "S256",
    ...changes,
  };
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url.href;
}

/** The callback's URL after `person` pressed his button. */
async function signIn(
  person = "anne-allard",
  changes: Record<string, string | undefined> = {},
): Promise<URL> {
  return await psc.choose(browser, authorizationUrl(changes), person);
}

async function token(form: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(`${psc.issuer}/protocol/openid-connect/token`, {
    method: "POST",
    headers,
    body: new URLSearchParams(form),
  });
}

async function redeem(callback: URL): Promise<Record<string, string>> {
  const response = await token({
    grant_type: "authorization_code",
    code: callback.searchParams.get("code") ?? "",
    redirect_uri: redirectUri,
    code_verifier: verifier,
    client_id: "mss-test",
    client_secret: clientSecret,
  });
  expect(response.status).toBe(200);
  return await response.json();
}

describe("the simulated Pro Santé Connect", () => {
  test("is discovered at its own path only, and names itself exactly", async () => {
    const document = await (await fetch(psc.discoveryUrl)).json();
    expect(document.issuer).toBe(psc.issuer);
    expect(document.authorization_endpoint).toBe(`${psc.origin}/auth`);
    expect(document.token_endpoint).toBe(`${psc.issuer}/protocol/openid-connect/token`);
    const standard = await fetch(`${psc.issuer}/.well-known/openid-configuration`);
    expect(standard.status).toBe(404);
    await standard.body?.cancel();
  });

  test("issues the tokens and claims of the real service", async () => {
    const callback = await signIn();
    expect(callback.searchParams.get("state")).toBe("state-1");
    expect(callback.searchParams.get("iss")).toBe(psc.issuer);
    const tokens = await redeem(callback);
    expect(tokens).toMatchObject({ token_type: "Bearer", expires_in: 120, refresh_expires_in: 1790 });

    const keys = createRemoteJWKSet(new URL(`${psc.issuer}/protocol/openid-connect/certs`));
    const options = { issuer: psc.issuer, algorithms: ["RS256"] };
    const id = await jwtVerify(tokens.id_token ?? "", keys, { ...options, audience: "mss-test" });
    expect(id.payload).toMatchObject({
      nonce: "nonce-1",
      acr: "eidas1",
      preferred_username: "899900000011",
      sub: expect.stringMatching(/^f:[0-9a-f-]{36}:899900000011$/),
    });
    const access = await jwtVerify(tokens.access_token ?? "", keys, options);
    expect(access.payload).toMatchObject({
      typ: "Bearer",
      azp: "mss-test",
      acr: "eidas1",
      authMode: "CARD",
      sub: id.payload.sub,
    });
    expect(access.payload.aud).toBeUndefined();
    expect(access.payload.sid).toBe(id.payload.sid);
    expect(access.payload.sid).toBeTruthy();
    expect((access.payload.exp ?? 0) - (access.payload.iat ?? 0)).toBe(120);

    const userinfo = await fetch(`${psc.issuer}/protocol/openid-connect/userinfo`, {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    });
    expect(userinfo.headers.get("content-type")).toContain("application/json");
    const claims = await userinfo.json();
    expect(claims).toMatchObject({
      sub: id.payload.sub,
      SubjectNameID: "899900000011",
      given_name: "Anne",
      family_name: "ALLARD",
      Acces_Regulation_Medicale: "FAUX",
      otherIds: [{ identifiant: "899900000011", origine: "RPPS", qualite: 1 }],
    });
    expect(claims.SubjectRefPro.exercices[0].activities[0].raisonSocialeSite).toBe("CABINET MEDICAL ALPHA");
  });

  test("answers six claims for a minimal identity", async () => {
    const tokens = await redeem(await signIn("djibril-audit"));
    const userinfo = await fetch(`${psc.issuer}/protocol/openid-connect/userinfo`, {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    });
    expect(Object.keys(await userinfo.json()).sort()).toEqual(
      ["SubjectNameID", "codeCivilite", "family_name", "given_name", "preferred_username", "sub"],
    );
  });

  test.each([
    ["without PKCE", { code_challenge: undefined, code_challenge_method: undefined }, "invalid_request"],
    ["with plain PKCE", { code_challenge_method: "plain" }, "invalid_request"],
    [
      "with a redirect URI that differs by a slash",
      { redirect_uri: `${redirectUri}/` },
      "invalid_redirect_uri",
    ],
    ["without a redirect URI", { redirect_uri: undefined }, "invalid_request"],
    ["of an unknown client", { client_id: "somebody" }, "invalid_client"],
    ["for the implicit flow", { response_type: "id_token token" }, "unsupported_response_type"],
  ])("refuses an authorisation request %s", async (_name, changes, error) => {
    const response = await browser.fetch(authorizationUrl(changes));
    const said = response.headers.get("location") ?? await response.text();
    expect(said).toContain(error);
    expect(said).not.toContain("code=");
    await response.body?.cancel().catch(() => undefined);
  });

  test("takes the secret in the form or as Basic credentials, refuses a wrong one, and a code once used", async () => {
    const callback = await signIn();
    const form = {
      grant_type: "authorization_code",
      code: callback.searchParams.get("code") ?? "",
      redirect_uri: redirectUri,
      code_verifier: verifier,
    };
    const wrong = await token({ ...form, client_id: "mss-test", client_secret: "wrong" });
    expect([wrong.status, (await wrong.json()).error]).toEqual([401, "invalid_client"]);
    const authorization = `Basic ${btoa(`mss-test:${clientSecret}`)}`;
    const right = await token(form, { authorization });
    expect(right.status).toBe(200);
    await right.body?.cancel();
    const again = await token(form, { authorization });
    expect([again.status, (await again.json()).error]).toEqual([400, "invalid_grant"]);
  });

  test("refreshes with rotation, introspects with the claims of the token, and revokes", async () => {
    const tokens = await redeem(await signIn());
    const credentials = { client_id: "mss-test", client_secret: clientSecret };
    const refreshed = await token({
      ...credentials,
      grant_type: "refresh_token",
      refresh_token: tokens.refresh_token ?? "",
    });
    const next: Record<string, string> = await refreshed.json();
    expect(next.refresh_token).not.toBe(tokens.refresh_token);
    const introspect = async () =>
      await (await fetch(`${psc.issuer}/protocol/openid-connect/token/introspect`, {
        method: "POST",
        body: new URLSearchParams({ ...credentials, token: next.access_token ?? "" }),
      })).json();
    expect(await introspect()).toMatchObject({
      active: true,
      client_id: "mss-test",
      username: "899900000011",
      typ: "Bearer",
      acr: "eidas1",
      jti: decodeJwt(next.access_token ?? "").jti,
    });
    const revoked = await fetch(`${psc.issuer}/protocol/openid-connect/revoke`, {
      method: "POST",
      body: new URLSearchParams({ ...credentials, token: next.access_token ?? "" }),
    });
    expect(revoked.status).toBe(200);
    await revoked.body?.cancel();
    expect(await introspect()).toEqual({ active: false });
  });

  test("keeps its own session: the second sign-in asks nothing, prompt=login asks, and signing out ends it", async () => {
    const tokens = await redeem(await signIn());
    const silent = await browser.fetch(authorizationUrl());
    expect(silent.headers.get("location")).toContain(redirectUri);
    const asked = await browser.fetch(authorizationUrl({ prompt: "login" }));
    expect(asked.headers.get("location")).toContain("/auth/connexion/");

    const end = new URL(`${psc.issuer}/protocol/openid-connect/logout`);
    end.search = new URLSearchParams({
      client_id: "mss-test",
      id_token_hint: tokens.id_token ?? "",
      post_logout_redirect_uri: new URL("/auth/signed-out", redirectUri).href,
      state: "bye",
    }).toString();
    const back = await psc.endSession(browser, end.href);
    expect(back.href).toBe(new URL("/auth/signed-out?state=bye", redirectUri).href);
    const afterwards = await browser.fetch(authorizationUrl());
    expect(afterwards.headers.get("location")).toContain("/auth/connexion/");
  });

  test("lets the person refuse", async () => {
    const callback = await psc.refuse(browser, authorizationUrl());
    expect(callback.searchParams.get("error")).toBe("access_denied");
    expect(callback.searchParams.get("iss")).toBe(psc.issuer);
  });

  test("signs in the person named by login_hint without a page", async () => {
    const callback = await psc.follow(browser, authorizationUrl({ login_hint: "bruno-bernard" }));
    expect((await redeem(callback)).id_token).toBeTruthy();
  });

  test("signs with a new key after rotation and publishes that one alone", async () => {
    const before = decodeProtectedHeader((await redeem(await signIn())).id_token ?? "").kid;
    await psc.control("POST", "/rotate-keys");
    const { keys } = await (await fetch(`${psc.issuer}/protocol/openid-connect/certs`)).json();
    expect(keys).toHaveLength(1);
    expect(keys[0].kid).not.toBe(before);
    expect(decodeProtectedHeader((await redeem(await signIn())).id_token ?? "").kid).toBe(keys[0].kid);
  });

  test("misbehaves only as told, and stops on being told", async () => {
    await psc.misbehave({ endpoints: { jwks: { mode: "error" }, userinfo: { mode: "down" } } });
    const jwks = `${psc.issuer}/protocol/openid-connect/certs`;
    const failing = await fetch(jwks);
    expect(failing.status).toBe(503);
    await failing.body?.cancel();
    await expect(fetch(`${psc.issuer}/protocol/openid-connect/userinfo`)).rejects.toThrow();
    await psc.behave();
    expect((await (await fetch(jwks)).json()).keys).toHaveLength(1);
  });

  test("runs as a process that says where it listens, ends on SIGTERM, and keeps its keys", async () => {
    const directory = await mkdtemp(join(tmpdir(), "psc-"));
    const secretFile = join(directory, "secret");
    await writeFile(secretFile, `${clientSecret}\n`, { mode: 0o600 });
    try {
      const first = await runOnce({ SIM_CLIENT_SECRET_FILE: secretFile, SIM_DIRECTORY: directory });
      const second = await runOnce({ SIM_CLIENT_SECRET_FILE: secretFile, SIM_DIRECTORY: directory });
      expect(second).toEqual(first);
      expect((await stat(join(directory, "keys.json"))).mode & 0o777).toBe(0o600);
    } finally {
      await rm(directory, { recursive: true });
    }
  }, 30_000);
});

/** Starts the process, reads its published keys, ends it in good order. */
async function runOnce(environment: Record<string, string>): Promise<unknown> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "infra/simulated/pro-sante-connect/main.ts"],
    env: { SIM_CLIENT_ID: "mss-test", SIM_BASE_URL: new URL(redirectUri).origin, ...environment },
    stdout: "piped",
    stderr: "null",
  }).spawn();
  try {
    const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("\n")) text += (await reader.read()).value ?? "\n";
    const ready = JSON.parse(text.split("\n")[0] ?? "");
    const document = await (await fetch(ready.discoveryUrl)).json();
    expect(document.issuer).toBe(ready.issuer);
    const { keys } = await (await fetch(document.jwks_uri)).json();
    expect(Object.keys(keys[0]).sort()).toEqual(["alg", "e", "kid", "kty", "n", "use"]);
    process.kill("SIGTERM");
    await reader.cancel();
    return keys;
  } finally {
    expect((await process.status).code).toBe(0);
  }
}
