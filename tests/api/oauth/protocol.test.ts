/** What the RFCs ask of the server beside its flows: faults of requests, answers that nobody keeps, and how often one may ask. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { baseUrl, type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newTenant } from "../../support/tenants.ts";
import { lastRefusal, Program, redirectUri, scope, type Tokens } from "./program.ts";

const frontUrl = "https://logiciels.operateur.test:8443";
let harness: Harness;
let operator: Visitor;
let person: Visitor;
let program: Program;

async function register(redirectUris = [redirectUri, "fr.example.app:/retour"]): Promise<Program> {
  const clientId = `p${crypto.randomUUID()}`;
  const answer = await operator.post("/api/v1/oauth-clients", {
    kind: "native",
    clientId,
    name: "Messagerie du cabinet",
    redirectUris,
  });
  expect(answer.status).toBe(201);
  return new Program(harness, clientId);
}

async function tokensOf(): Promise<Tokens> {
  return (await program.redeem(await program.code(person))).body;
}

const ask = (path: string, form: URLSearchParams | string, headers: Record<string, string> = {}) =>
  Promise.resolve(harness.app.request(`${baseUrl}${path}`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
    body: form.toString(),
  }));

beforeAll(async () => {
  harness = await openHarness({
    config: {
      oauth: {
        accessSeconds: 3600,
        refreshSeconds: 1800,
        grantSeconds: 14_400,
        keptDays: 7,
        frontKey: "k",
        frontUrl,
      },
    },
  });
});
beforeEach(async () => {
  // Of the same refusal one a minute stands in the trail.
  harness.clock.pass(61);
  operator = await harness.signIn({ operatorRoles: ["operator_administrator"] });
  person = await harness.signIn({ givenName: "Anne", familyName: "ALLARD" });
  program = await register();
});
afterAll(() => harness.close());

describe("a request for consent", () => {
  it.each([
    ["a request object, which would not be read", { request: "eyJ" }, "request_not_supported"],
    ["one by reference", { request_uri: "https://elsewhere.test/r" }, "request_uri_not_supported"],
    ["a token for another service", { resource: "https://elsewhere.test/" }, "invalid_target"],
    ["a state that is no text of ASCII", { state: "é" }, "invalid_request"],
    ["more than the way back from the sign-in holds", { state: "x".repeat(2_000) }, "invalid_request"],
    ["nothing in return", { response_type: "" }, "invalid_request"],
  ])("is refused for %s, and the program is told whose answer it is", async (_name, changes, error) => {
    const answer = await program.look(person, program.query(changes));
    const to = new URL(answer.headers.get("location") ?? "");
    expect([to.searchParams.get("error"), to.searchParams.get("iss")]).toEqual([error, baseUrl]);
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  it("goes without what was sent without a value, and without what is not understood", async () => {
    const query = program.query({ scope: "", state: "", prompt: "none", nonce: "n".repeat(5_000) });
    const answer = await program.look(harness.stranger, query);
    const to = new URL(answer.headers.get("location") ?? "", baseUrl);
    const back = new URL(to.searchParams.get("returnTo") ?? "", baseUrl).searchParams;
    expect([back.get("scope"), back.has("state"), back.has("nonce")]).toEqual([scope, false, false]);
    expect((await program.decide(person, "yes", query)).searchParams.has("state")).toBe(false);
  });

  it.each([
    "http://localhost:49152/callback",
    "http://127.0.0.2:49152/callback",
    "http://[::1]:49152/callback",
    "http://127.0.0.1:49152/callback/",
    "http://127.0.0.1:49152/callback?x=1",
    "http://127.0.0.1:49152/CALLBACK",
    "http://127.0.0.1:49152/a/../callback",
    "https://127.0.0.1:49152/callback",
    "http://127.0.0.1:49152/callback#x",
    "http://127.1:49152/callback",
    "fr.example.app:/retour/",
    "fr.example.app:retour",
    "FR.example.app:/retour",
  ])("is not asked from %s", async (address) => {
    const answer = await program.look(person, program.query({ redirect_uri: address }));
    expect([answer.status, answer.headers.get("location")]).toEqual([400, null]);
  });

  it.each(["http://127.0.0.1/callback", "http://127.0.0.1:1/callback", "fr.example.app:/retour"])(
    "is asked from %s",
    async (address) => {
      const query = program.query({ redirect_uri: address });
      expect((await program.look(person, query)).status).toBe(200);
      const to = await program.decide(person, "yes", query);
      expect(to.href.startsWith(address)).toBe(true);
    },
  );

  it.each(["client_id", "redirect_uri", "state"])(
    "names %s once, or nobody is sent anywhere",
    async (name) => {
      const query = program.query();
      query.append(name, query.get(name) ?? "");
      const answer = await program.look(person, query);
      expect([answer.status, answer.headers.get("location")]).toEqual([400, null]);
    },
  );

  it("is no fault of ours, whatever stands in it", async () => {
    for (const name of ["client_id", "redirect_uri", "state", "code_challenge", "scope"]) {
      for (const value of ["\0", "\u{1F600}", "%00", "\ud800", "a\r\nb: c"]) {
        const answer = await program.look(person, program.query({ [name]: value }));
        expect([200, 303, 400], `${name}=${JSON.stringify(value)}`).toContain(answer.status);
      }
    }
  });

  it("is answered by whom it was shown to, in the form of our page", async () => {
    const other = await harness.signIn();
    const form = program.query();
    form.set("decision", "yes");
    form.set("person", other.personId);
    const answer = await program.submit(person, form);
    expect(answer.headers.get("location")).toMatch(/^\/oauth\/authorize\?/);
    const json = await person.send("/oauth/authorize", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    expect(json.status).toBe(415);
  });
});

describe("a request for a token", () => {
  it.each<[string, Record<string, string>, number, string]>([
    ["nothing", {}, 400, "invalid_request"],
    ["a grant that is not offered", { grant_type: "password" }, 400, "unsupported_grant_type"],
    ["no code", { grant_type: "authorization_code", client_id: "x" }, 400, "invalid_request"],
    ["no refresh token", { grant_type: "refresh_token", client_id: "x" }, 400, "invalid_request"],
    [
      "an unknown program",
      {
        grant_type: "authorization_code",
        client_id: "x\0",
        code: "x",
        redirect_uri: "x",
        code_verifier: "x",
      },
      400,
      "invalid_grant",
    ],
  ])("that says %s is refused in one word", async (_name, form, status, error) => {
    expect(await program.post("/oauth/token", form)).toEqual({ status, body: { error } });
  });

  it("is kept by nobody, whatever is answered", async () => {
    const tokens = await tokensOf();
    const form = {
      grant_type: "refresh_token",
      refresh_token: tokens.refresh_token,
      client_id: program.clientId,
    };
    for (const one of [form, { grant_type: "refresh_token" }]) {
      const answer = await ask("/oauth/token", new URLSearchParams(one));
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
      expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    }
  });

  it("names each parameter once, in a form", async () => {
    const twice = await ask("/oauth/token", "grant_type=refresh_token&grant_type=refresh_token");
    expect([twice.status, await twice.json()]).toEqual([400, { error: "invalid_request" }]);
    const again = await ask("/oauth/revoke", "token=a&token=b&client_id=x");
    expect(again.status).toBe(400);
    const json = await ask("/oauth/token", "{}", { "content-type": "application/json" });
    expect([json.status, await json.json()]).toEqual([400, { error: "invalid_request" }]);
  });

  it("that tries another proof of the program is told of it in its own scheme", async () => {
    const answer = await ask(
      "/oauth/token",
      new URLSearchParams({
        grant_type: "refresh_token",
        refresh_token: `mss_rt_${"A".repeat(43)}`,
        client_id: "nobody",
      }),
      { authorization: "Basic bm9ib2R5Og==" },
    );
    expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, 'Basic realm="oauth"']);
  });

  it("asks for no more than the person gave", async () => {
    const tokens = await tokensOf();
    expect((await program.refresh(tokens.refresh_token, { scope: `${scope} openid` })).body)
      .toEqual({ error: "invalid_scope" });
    expect((await program.refresh(tokens.refresh_token, { scope })).status).toBe(200);
  });

  it("slows who repeats a dead token, and nobody else of the same program at the same address", async () => {
    const dead = `mss_rt_${"B".repeat(43)}`;
    let slowed;
    for (let times = 0; times < 12 && slowed === undefined; times++) {
      const answer = await ask(
        "/oauth/token",
        new URLSearchParams({
          grant_type: "refresh_token",
          refresh_token: dead,
          client_id: program.clientId,
        }),
      );
      if (answer.status === 429) slowed = answer;
    }
    expect(await slowed?.json()).toEqual({ error: "slow_down" });
    expect(Number(slowed?.headers.get("retry-after"))).toBeGreaterThan(0);
    for (let times = 0; times < 30; times++) {
      expect(
        (await program.refresh(`mss_rt_${crypto.randomUUID().replaceAll("-", "").padEnd(43, "C")}`)).status,
      )
        .toBe(400);
    }
    expect((await program.redeem(await program.code(person))).status).toBe(200);
  });

  it("leaves one line a minute in the trail of the same refusal, and each in the log", async () => {
    const count = async () =>
      Number(
        (await harness.database.rows("select count(*) from app.audit_events where action = 'oauth.refuse'"))[
          0
        ]?.count,
      );
    const before = await count();
    for (let times = 0; times < 5; times++) await program.post("/oauth/token", { grant_type: "password" });
    expect(await count()).toBe(before + 1);
    expect(await lastRefusal(harness)).toBe("grant-type");
  });
});

describe("a token at JMAP", () => {
  const open = (authorization: string, cookie = "") =>
    Promise.resolve(harness.app.request(`${baseUrl}/jmap/session`, { headers: { authorization, cookie } }));

  it("is told what is wrong with it (RFC 6750 §3), also where the call is the short one", async () => {
    for (
      const answer of [
        await open("Bearer mss_at_none"),
        await harness.app.request(`${baseUrl}/jmap/api`, {
          method: "POST",
          headers: { authorization: "Bearer mss_at_none", "content-type": "application/json" },
          body: "{}",
        }),
      ]
    ) {
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="jmap", error="invalid_token"');
    }
    const none = await harness.app.request(`${baseUrl}/jmap/session`);
    expect(none.headers.get("www-authenticate")).toBe('Bearer realm="jmap"');
  });

  it("comes in the header alone, whose scheme has no case", async () => {
    const { access_token: token, refresh_token: refresh } = await tokensOf();
    expect((await open(`bearer ${token}`)).status).toBe(200);
    expect((await open(`Bearer ${refresh}`)).status).toBe(401);
    const inQuery = await harness.app.request(`${baseUrl}/jmap/session?access_token=${token}`);
    expect(inQuery.status).toBe(401);
    const inForm = await ask("/jmap/api", new URLSearchParams({ access_token: token }));
    expect([401, 403]).toContain(inForm.status);
  });
});

describe("what a person sees of it", () => {
  it("names who acted in the trail, as other ways in do", async () => {
    await tokensOf();
    const [row] = await harness.database.rows(
      "select actor_label, actor_person_id from app.audit_events where action = 'oauth.issue' order by id desc limit 1",
    );
    expect(row).toEqual({ actor_label: "Anne ALLARD", actor_person_id: person.personId });
  });

  it("is one line per program, with its last use, and ends as one with what was not redeemed yet", async () => {
    const first = await tokensOf();
    harness.clock.pass(120);
    const second = await tokensOf();
    const { body: { items } } = await person.get("/api/v1/programs");
    expect(items).toHaveLength(1);
    expect(items[0].name).toBe("Messagerie du cabinet");
    expect(Date.parse(items[0].lastUsedAt) - Date.parse(items[0].authorisedAt)).toBe(120_000);
    harness.clock.pass(120);
    expect(await program.opens(first.access_token)).toBe(true);
    const { body: after } = await person.get("/api/v1/programs");
    expect(Date.parse(after.items[0].lastUsedAt) - Date.parse(items[0].lastUsedAt)).toBe(120_000);
    const code = await program.code(person);
    expect((await person.delete(`/api/v1/programs/${items[0].id}`)).status).toBe(204);
    expect((await program.redeem(code)).body).toEqual({ error: "invalid_grant" });
    for (const one of [first, second]) expect(await program.opens(one.access_token)).toBe(false);
    expect((await person.delete(`/api/v1/programs/${items[0].id}`)).status).toBe(404);
  });
});

it("ends with all that an administrator ends of a person: a telephone was lost", async () => {
  const tenant = await newTenant(harness);
  await harness.database.rows(
    "insert into app.memberships (structure_id, person_id, role) values ($1, $2, 'user')",
    [tenant.structureId, person.personId],
  );
  const tokens = await tokensOf();
  const code = await program.code(person);
  const { status, body } = await tenant.administrator.delete(
    `/api/v1/structures/${tenant.structureId}/people/${person.personId}/sessions`,
  );
  expect([status, body]).toEqual([200, { ended: 2 }]);
  expect(await program.opens(tokens.access_token)).toBe(false);
  expect((await program.refresh(tokens.refresh_token)).status).toBe(400);
  expect((await program.redeem(code)).status).toBe(400);
});

it("the metadata names each endpoint's proofs, and the door of software beside (RFC 8414, 8705 §5)", async () => {
  const answer = await harness.app.request(`${baseUrl}/.well-known/oauth-authorization-server`);
  expect(await answer.json()).toEqual({
    issuer: baseUrl,
    authorization_endpoint: `${baseUrl}/oauth/authorize`,
    token_endpoint: `${baseUrl}/oauth/token`,
    token_endpoint_auth_methods_supported: ["none", "tls_client_auth"],
    revocation_endpoint: `${baseUrl}/oauth/revoke`,
    revocation_endpoint_auth_methods_supported: ["none", "tls_client_auth"],
    response_types_supported: ["code"],
    response_modes_supported: ["query"],
    grant_types_supported: [
      "authorization_code",
      "refresh_token",
      "urn:ietf:params:oauth:grant-type:token-exchange",
    ],
    code_challenge_methods_supported: ["S256"],
    authorization_response_iss_parameter_supported: true,
    scopes_supported: [scope],
    ui_locales_supported: ["fr", "en"],
    tls_client_certificate_bound_access_tokens: true,
    mtls_endpoint_aliases: {
      token_endpoint: `${frontUrl}/oauth/token`,
      revocation_endpoint: `${frontUrl}/oauth/revoke`,
    },
  });
});
