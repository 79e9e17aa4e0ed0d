import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { inSystem } from "../../../api/database/in-tenant.ts";
import { listOpenSessions } from "../../../api/jmap-gateway/queries.ts";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { lastRefusal, Program, redirectUri, type Tokens } from "./program.ts";

let harness: Harness;
let operator: Visitor;
let person: Visitor;
let program: Program;

async function register(clientId = `p${crypto.randomUUID()}`): Promise<Program> {
  const answer = await operator.post("/api/v1/oauth-clients", {
    kind: "native",
    clientId,
    name: "Messagerie <b>du cabinet",
    redirectUris: [redirectUri, "fr.example.app:/retour"],
  });
  expect(answer.status).toBe(201);
  return new Program(harness, clientId);
}

async function tokensOf(of = program): Promise<Tokens> {
  const { status, body } = await of.redeem(await of.code(person));
  expect(status).toBe(200);
  return body;
}

beforeAll(async () => {
  harness = await openHarness();
});
beforeEach(async () => {
  // Of the same refusal one a minute stands in the trail.
  harness.clock.pass(61);
  operator = await harness.signIn({ operatorRoles: ["operator_administrator"] });
  person = await harness.signIn({ givenName: "Anne", familyName: "ALLARD" });
  program = await register();
});
afterAll(() => harness.close());

describe("a person's consent", () => {
  it("is asked on a page that names the program, without a script and in no frame", async () => {
    const answer = await program.look(person);
    expect(answer.status).toBe(200);
    const page = await answer.text();
    expect(page).toContain("Messagerie &lt;b&gt;du cabinet");
    expect(page).toContain("Anne ALLARD");
    expect(page).not.toContain("<script");
    expect(answer.headers.get("content-security-policy")).toMatch(
      /default-src 'none'.*frame-ancestors 'none'/,
    );
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  it("comes after the sign-in, which leads back to it", async () => {
    const answer = await program.look(harness.stranger);
    const to = new URL(answer.headers.get("location") ?? "", "http://x");
    expect(to.pathname).toBe("/sign-in");
    expect(to.searchParams.get("returnTo")).toMatch(/^\/oauth\/authorize\?/);
  });

  it("is given by our own page alone", async () => {
    const query = program.query();
    query.set("decision", "yes");
    const answer = await person.send("/oauth/authorize", {
      method: "POST",
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        "sec-fetch-site": "cross-site",
        origin: "https://elsewhere.test",
      },
      body: query.toString(),
    });
    expect(answer.status).toBe(403);
  });

  it("may be refused, and the program is told with its state and our name", async () => {
    const to = await program.decide(person, "no");
    expect(to.host).toBe("127.0.0.1:49152");
    expect(Object.fromEntries(to.searchParams)).toEqual({
      error: "access_denied",
      state: "state-of-the-program",
      iss: "http://localhost:8480",
    });
  });

  it.each([
    ["an unknown program", { client_id: "nobody" }],
    ["another address", { redirect_uri: "http://127.0.0.1/other" }],
    ["an address that begins like it", { redirect_uri: `${redirectUri}.evil.test` }],
    ["a host that looks like loopback", { redirect_uri: "http://127.0.0.1.evil.test/callback" }],
    ["credentials in it", { redirect_uri: "http://u:p@127.0.0.1/callback" }],
    ["no address", { redirect_uri: null }],
  ])("is not asked for %s, and nobody is sent anywhere", async (_name, changes) => {
    const answer = await program.look(person, program.query(changes));
    expect(answer.status).toBe(400);
    expect(answer.headers.get("location")).toBeNull();
  });

  it.each([
    ["no challenge", { code_challenge: null }, "invalid_request"],
    ["a plain challenge", { code_challenge_method: "plain" }, "invalid_request"],
    ["a token in the address", { response_type: "token" }, "unsupported_response_type"],
    ["another scope", { scope: "openid" }, "invalid_scope"],
  ])("is not asked for %s: the program is told", async (_name, changes, error) => {
    const answer = await program.look(person, program.query(changes));
    expect(new URL(answer.headers.get("location") ?? "").searchParams.get("error")).toBe(error);
  });
});

describe("a code", () => {
  it("opens JMAP in the person's name, and nothing of the platform's own API", async () => {
    const tokens = await tokensOf();
    expect(await program.opens(tokens.access_token)).toBe(true);
    for (const path of ["/api/v1/session", "/api/v1/sessions", "/api/v1/structures"]) {
      const answer = await harness.app.request(`http://localhost:8480${path}`, {
        headers: { authorization: `Bearer ${tokens.access_token}` },
      });
      expect(answer.status, path).toBe(401);
    }
  });

  it("is good once: its second use ends what the first began", async () => {
    const code = await program.code(person);
    const { body } = await program.redeem(code);
    expect((await program.redeem(code)).body).toEqual({ error: "invalid_grant" });
    expect(await lastRefusal(harness)).toBe("code-reused");
    expect(await program.opens(body.access_token)).toBe(false);
    expect((await program.refresh(body.refresh_token)).status).toBe(400);
  });

  it("is not good for two at once", async () => {
    const code = await program.code(person);
    const answers = await Promise.all([program.redeem(code), program.redeem(code)]);
    expect(answers.map((one) => one.status).sort()).toEqual([200, 400]);
  });

  it.each([
    ["another verifier", { code_verifier: "a".repeat(43) }, "code-verifier"],
    ["no verifier", { code_verifier: "" }, "code-verifier-missing"],
    ["another address", { redirect_uri: redirectUri }, "code-redirect-uri"],
    ["an unknown program", { client_id: "nobody" }, "client-unknown"],
    ["a code that is none", { code: "mss_ac_x" }, "code-malformed"],
  ])("is refused with %s", async (_name, changes, reason) => {
    const answer = await program.redeem(await program.code(person), changes);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(Object.keys(answer.body)).toEqual(["error"]);
    expect(await lastRefusal(harness)).toBe(reason);
  });

  it("is another program's no more than a stranger's, and stays good for its own", async () => {
    const code = await program.code(person);
    const other = await register();
    expect((await other.redeem(code, { code_verifier: program.verifier })).body).toEqual({
      error: "invalid_grant",
    });
    expect((await program.redeem(code)).status).toBe(200);
  });

  it("ends after a minute, and with the session it was given in", async () => {
    const late = await program.code(person);
    harness.clock.pass(61);
    expect((await program.redeem(late)).status).toBe(400);
    const code = await program.code(person);
    await person.post("/auth/sign-out", {});
    expect((await program.redeem(code)).status).toBe(400);
    expect(await lastRefusal(harness)).toBe("session-ended");
  });
});

describe("a family of refresh tokens", () => {
  it("gives a new one at each use, and ends when a used one comes back", async () => {
    const first = await tokensOf();
    const second = (await program.refresh(first.refresh_token)).body as Tokens;
    const third = (await program.refresh(second.refresh_token)).body as Tokens;
    expect(new Set([first, second, third].map((one) => one.refresh_token)).size).toBe(3);
    expect((await program.refresh(first.refresh_token)).body).toEqual({ error: "invalid_grant" });
    expect(await lastRefusal(harness)).toBe("refresh-reused");
    expect((await program.refresh(third.refresh_token)).status).toBe(400);
    expect(await program.opens(third.access_token)).toBe(false);
  });

  it("gives the same successor again when the answer was lost, within seconds and before it is used", async () => {
    const first = await tokensOf();
    const [one, two] = await Promise.all([
      program.refresh(first.refresh_token),
      program.refresh(first.refresh_token),
    ]);
    expect(one.status).toBe(200);
    expect(two.body.refresh_token).toBe(one.body.refresh_token);
    harness.clock.pass(11);
    expect((await program.refresh(first.refresh_token)).status).toBe(400);
  });

  it("ends without a use after half an hour, and at the latest with the four hours of a session", async () => {
    const idle = await tokensOf();
    harness.clock.pass(1_801);
    expect((await program.refresh(idle.refresh_token)).status).toBe(400);
    person = await harness.signIn();
    let tokens = await tokensOf();
    let refreshed = 0;
    for (let minutes = 0; minutes < 260; minutes += 20) {
      harness.clock.pass(1_200);
      const answer = await program.refresh(tokens.refresh_token);
      if (answer.status !== 200) break;
      tokens = answer.body;
      refreshed++;
    }
    expect(refreshed).toBeLessThanOrEqual(12);
    expect(refreshed).toBeGreaterThanOrEqual(10);
    expect(await lastRefusal(harness)).toBe("grant-over");
  });

  it("holds streams open as long as one of its tokens opens JMAP, and no longer", async () => {
    const tokens = await tokensOf();
    const [grant] = await harness.database.rows(
      "select id from app.oauth_grants where person_id = $1 order by created_at desc limit 1",
      [person.personId],
    );
    const id = String(grant?.id);
    const isOpen = async () => {
      const now = harness.clock.now();
      return (await inSystem(harness.system, (tx) => listOpenSessions(tx, [id], now, now))).has(id);
    };
    harness.clock.pass(1_500);
    const { body: next } = await program.refresh(tokens.refresh_token);
    harness.clock.pass(2_200);
    expect([await isOpen(), await program.opens(tokens.access_token)]).toEqual([true, false]);
    harness.clock.pass(1_500);
    expect([await isOpen(), await program.opens(next.access_token)]).toEqual([false, false]);
  });

  it("is not another program's", async () => {
    const tokens = await tokensOf();
    const other = await register();
    expect((await other.refresh(tokens.refresh_token)).status).toBe(400);
    expect((await program.refresh(tokens.refresh_token)).status).toBe(200);
  });
});

describe("a program's right", () => {
  it("ends at once when the person takes it away, who sees it among his own alone", async () => {
    const tokens = await tokensOf();
    const { body } = await person.get("/api/v1/programs");
    expect(body.items).toHaveLength(1);
    const other = await harness.signIn();
    expect((await other.get("/api/v1/programs")).body.items).toEqual([]);
    expect((await other.delete(`/api/v1/programs/${body.items[0].id}`)).status).toBe(404);
    expect((await person.delete(`/api/v1/programs/${body.items[0].id}`)).status).toBe(204);
    expect(await program.opens(tokens.access_token)).toBe(false);
    expect((await program.refresh(tokens.refresh_token)).status).toBe(400);
  });

  it("ends when the program gives it back (RFC 7009), which says nothing of what was there", async () => {
    const tokens = await tokensOf();
    const revoke = (form: Record<string, string>) => program.post("/oauth/revoke", form);
    const { clientId: client_id } = program;
    expect(await revoke({ token: "mss_rt_nothing", client_id })).toEqual({ status: 200, body: undefined });
    expect(await revoke({ token: tokens.refresh_token, client_id: (await register()).clientId }))
      .toEqual({ status: 200, body: undefined });
    expect(await revoke({ token: tokens.refresh_token, client_id: "nobody" }))
      .toEqual({ status: 401, body: { error: "invalid_client" } });
    expect(await revoke({ token: tokens.refresh_token })).toEqual({
      status: 400,
      body: { error: "invalid_request" },
    });
    expect(await revoke({ client_id })).toEqual({ status: 400, body: { error: "invalid_request" } });
    expect(await program.opens(tokens.access_token)).toBe(true);
    await revoke({ token: tokens.refresh_token, client_id });
    expect(await program.opens(tokens.access_token)).toBe(false);
  });

  it("ends when the operator withdraws the program, and when the person is suspended", async () => {
    const tokens = await tokensOf();
    await harness.database.rows("update app.people set status = 'suspended' where id = $1", [
      person.personId,
    ]);
    harness.clock.pass(2);
    await new Promise((resolve) => setTimeout(resolve, 1_100)); // Life of the cache, by the clock of the machine.
    expect(await program.opens(tokens.access_token)).toBe(false);
    await harness.database.rows("update app.people set status = 'active' where id = $1", [person.personId]);
    expect(await program.opens(tokens.access_token)).toBe(true);
    const { body } = await operator.get("/api/v1/oauth-clients?limit=200");
    const client = body.items.find((one: { clientId: string }) => one.clientId === program.clientId);
    await operator.delete(`/api/v1/oauth-clients/${client.id}`);
    expect(await program.opens(tokens.access_token)).toBe(false);
    expect((await program.look(person)).status).toBe(400);
  });

  it("leaves no secret in the database or the log", async () => {
    const code = await program.code(person);
    const tokens = (await program.redeem(code)).body as Tokens;
    const { refresh_token: next } = (await program.refresh(tokens.refresh_token)).body as Tokens;
    const kept = JSON.stringify([
      await harness.database.rows("select * from app.oauth_codes"),
      await harness.database.rows("select * from app.oauth_refresh_tokens"),
      await harness.database.rows("select * from app.oauth_access_tokens"),
      await harness.database.rows("select * from app.audit_events"),
      harness.logLines,
    ]);
    for (const secret of [code, tokens.access_token, tokens.refresh_token, next]) {
      expect(kept).not.toContain(secret.slice(7));
    }
  });
});

it("what the server is, is told where RFC 8414 looks for it", async () => {
  const answer = await harness.app.request("http://localhost:8480/.well-known/oauth-authorization-server");
  expect(await answer.json()).toMatchObject({
    issuer: "http://localhost:8480",
    code_challenge_methods_supported: ["S256"],
    grant_types_supported: ["authorization_code", "refresh_token"],
  });
});
