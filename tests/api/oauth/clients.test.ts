import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { newClientPem } from "../../support/client-certificate.ts";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { Program, redirectUri, type Tokens } from "./program.ts";

const path = "/api/v1/oauth-clients";
let harness: Harness;
let operator: Visitor;
let person: Visitor;

interface Registered {
  readonly id: string;
  readonly program: Program;
}

async function register(body: object): Promise<Registered> {
  const clientId = `c${crypto.randomUUID()}`;
  const answer = await operator.post(path, { clientId, name: "Messagerie du cabinet", ...body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return { id: answer.body.id, program: new Program(harness, clientId) };
}
const registerProgram = () => register({ kind: "native", redirectUris: [redirectUri] });
const registerSoftware = async (pem?: string) => {
  const certificate = pem ?? await newClientPem();
  return { ...await register({ kind: "lps", certificate }), certificate };
};
const tokensOf = async ({ program }: Registered): Promise<Tokens> =>
  (await program.redeem(await program.code(person))).body;
const certify = (id: string, certificate: string, by = operator) =>
  by.send(`${path}/${id}/certificate`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ certificate }),
  });
const lastAct = async () =>
  (await harness.database.rows(
    "select action, before, after, reason from app.audit_events order by id desc limit 1",
  ))[0];

beforeAll(async () => {
  harness = await openHarness();
});
beforeEach(async () => {
  operator = await harness.signIn({ operatorRoles: ["operator_administrator"] });
  person = await harness.signIn();
});
afterAll(() => harness.close());

describe("clients", () => {
  it("are found by word, kind and state, page by page", async () => {
    const mark = `cabinet ${crypto.randomUUID().slice(0, 8)}`;
    const made = [];
    for (let number = 0; number < 5; number++) {
      made.push(await register({ kind: "native", redirectUris: [redirectUri], name: `${mark} ${number}` }));
    }
    await operator.post(`${path}/${made[0]?.id}/suspension`, { reason: "Doute" });
    await operator.delete(`${path}/${made[1]?.id}`);
    const find = async (more: string) =>
      (await operator.get(`${path}?q=${encodeURIComponent(mark.toUpperCase())}${more}`)).body.items
        .map((one: { name: string }) => one.name.slice(-1)).sort().join("");
    expect(await find("")).toBe("01234");
    expect(await find("&status=suspended")).toBe("0");
    expect(await find("&status=withdrawn")).toBe("1");
    expect(await find("&status=active")).toBe("234");
    expect(await find("&kind=lps")).toBe("");
    const first = (await operator.get(`${path}?q=${encodeURIComponent(mark)}&limit=3`)).body;
    const second =
      (await operator.get(`${path}?q=${encodeURIComponent(mark)}&limit=3&cursor=${first.nextCursor}`)).body;
    expect([first.items.length, second.items.length, second.nextCursor]).toEqual([3, 2, null]);
  });

  it("are read by the operator's staff and changed by its administrators, and are nobody else's", async () => {
    const { id } = await registerProgram();
    const support = await harness.signIn({ operatorRoles: ["operator_support"] });
    expect((await support.get(`${path}/${id}`)).status).toBe(200);
    for (
      const attempt of [
        support.post(path, {}),
        support.patch(`${path}/${id}`, { name: "Autre" }),
        certify(id, await newClientPem(), support),
        support.post(`${path}/${id}/suspension`, { reason: "Doute" }),
        support.delete(`${path}/${id}/suspension`),
        support.delete(`${path}/${id}`),
      ]
    ) expect([403, 422]).toContain((await attempt).status);
    expect((await person.get(`${path}/${id}`)).status).toBe(404);
    expect((await person.delete(`${path}/${id}`)).status).toBe(404);
    expect((await person.get(path)).status).toBe(403);
  });

  it("are registered, answered elsewhere or certified by who has lately shown his factor", async () => {
    const { id } = await registerProgram();
    const { id: software } = await registerSoftware();
    harness.clock.pass(301);
    for (
      const answer of [
        await operator.post(path, {
          kind: "native",
          clientId: "abc",
          name: "Programme",
          redirectUris: [redirectUri],
        }),
        await operator.patch(`${path}/${id}`, { redirectUris: ["https://elsewhere.test/"] }),
      ]
    ) expect([answer.status, answer.body.type]).toEqual([403, expect.stringMatching(/factor-required$/)]);
    expect((await certify(software, await newClientPem())).status).toBe(403);
    // What takes a right away waits for nothing.
    expect((await operator.post(`${path}/${id}/suspension`, { reason: "Doute" })).status).toBe(200);
    expect((await operator.delete(`${path}/${id}`)).status).toBe(200);
  });

  it.each([
    "http://example.test/callback",
    "https://example.test/#",
    "https://u@example.test/",
    "https://:p@example.test/",
    "javascript:alert(1)",
    "app:/retour",
    "/retour",
    "data:text/html,x",
  ])("are not answered at %s", async (address) => {
    const answer = await operator.post(path, {
      kind: "native",
      clientId: `c${crypto.randomUUID()}`,
      name: "Programme",
      redirectUris: [redirectUri, address],
    });
    expect([answer.status, answer.body.errors?.[0]?.pointer]).toEqual([422, "/redirectUris/1"]);
  });

  it("change their name and addresses, against the version that was seen", async () => {
    const { id, program } = await registerProgram();
    const change = { name: "Autre nom", redirectUris: ["https://programme.test/retour"] };
    const stale = await operator.patch(`${path}/${id}`, change, { "if-match": '"7"' });
    expect(stale.status).toBe(412);
    const { status, body } = await operator.patch(`${path}/${id}`, change, { "if-match": '"1"' });
    expect([status, body.name, body.redirectUris, body.version]).toEqual([200, ...Object.values(change), 2]);
    expect(await lastAct()).toMatchObject({
      action: "oauth-client.change",
      before: { name: "Messagerie du cabinet", redirectUris: [redirectUri] },
      after: change,
    });
    expect((await program.look(person)).status).toBe(400);
    const { id: software } = await registerSoftware();
    expect((await operator.patch(`${path}/${software}`, change)).body.errors).toHaveLength(1);
  });
});

describe("a client that is suspended", () => {
  it("loses at once all that it held, gets nothing, and begins anew when it is resumed", async () => {
    const client = await registerProgram();
    const { id, program } = client;
    const tokens = await tokensOf(client);
    const code = await program.code(person);
    expect((await operator.get(`${path}/${id}`)).body.use).toEqual({ grants: 1, people: 1 });
    const suspended = await operator.post(`${path}/${id}/suspension`, { reason: "Signalement de l'éditeur" });
    expect([suspended.status, suspended.body.status, suspended.body.version]).toEqual([200, "suspended", 2]);
    expect(await lastAct()).toMatchObject({
      action: "oauth-client.suspend",
      after: { status: "suspended", count: 1 },
      reason: "Signalement de l'éditeur",
    });
    expect(await program.opens(tokens.access_token)).toBe(false);
    expect((await program.refresh(tokens.refresh_token)).body).toEqual({ error: "invalid_client" });
    expect((await program.redeem(code)).body).toEqual({ error: "invalid_client" });
    expect((await program.look(person)).status).toBe(400);
    expect((await person.get("/api/v1/programs")).body.items).toEqual([]);
    expect((await operator.get(`${path}/${id}`)).body.use).toEqual({ grants: 0, people: 0 });
    const resumed = await operator.delete(`${path}/${id}/suspension`);
    expect([resumed.status, resumed.body.status]).toEqual([200, "active"]);
    expect(await program.opens(tokens.access_token)).toBe(false);
    expect((await program.refresh(tokens.refresh_token)).body).toEqual({ error: "invalid_grant" });
    expect(await program.opens((await tokensOf(client)).access_token)).toBe(true);
  });

  it("stays as it is when that is done again, and is withdrawn for good", async () => {
    const { id } = await registerProgram();
    const suspend = () => operator.post(`${path}/${id}/suspension`, { reason: "Doute" });
    expect((await suspend()).body.version).toBe(2);
    expect((await suspend()).body.version).toBe(2);
    expect((await operator.delete(`${path}/${id}`)).body.status).toBe("withdrawn");
    expect((await operator.delete(`${path}/${id}`)).body.version).toBe(3);
    for (
      const answer of [
        await suspend(),
        await operator.delete(`${path}/${id}/suspension`),
        await operator.patch(`${path}/${id}`, { name: "Autre" }),
      ]
    ) expect(answer.body.type).toMatch(/oauth-client-withdrawn$/);
  });
});

describe("another certificate of a software", () => {
  async function giveGrant(id: string): Promise<void> {
    await harness.database.rows(
      `insert into app.oauth_grants (client_id, person_id, scope, created_at, expires_at)
       values ($1, $2, 'mail', $3, $3::timestamptz + interval '1 hour')`,
      [id, person.personId, harness.clock.now()],
    );
  }
  const grants = async (id: string) => (await operator.get(`${path}/${id}`)).body.use.grants;

  it("of the same names ends nothing, and shows until when it is good", async () => {
    const { id, certificate } = await registerSoftware();
    await giveGrant(id);
    const notAfter = new Date(Math.floor(Date.now() / 1_000) * 1_000 + 86_400_000);
    const body = await (await certify(id, await newClientPem({ like: certificate, notAfter }))).json();
    expect(body.certificateExpiresAt).toBe(notAfter.toISOString());
    expect(await grants(id)).toBe(1);
  });

  it("of other names is another software: what the first was given ends", async () => {
    const { id } = await registerSoftware();
    await giveGrant(id);
    expect((await certify(id, await newClientPem())).status).toBe(200);
    expect(await grants(id)).toBe(0);
    expect(await lastAct()).toMatchObject({
      action: "oauth-client.certify",
      before: { subject: expect.stringContaining("CLINIQUE"), issuer: expect.any(String) },
      after: { subject: expect.stringContaining("CLINIQUE"), count: 1 },
    });
  });

  it("is no other software's, nothing but a certificate for clients, and none of a program", async () => {
    const { id } = await registerSoftware();
    const { certificate } = await registerSoftware();
    const refused = async (of: string, pem: string) => await (await certify(of, pem)).json();
    expect((await refused(id, certificate)).type).toMatch(/oauth-client-taken$/);
    expect((await refused(id, await newClientPem({ purpose: "server" }))).errors).toHaveLength(1);
    expect((await refused((await registerProgram()).id, await newClientPem())).errors).toHaveLength(1);
  });
});
