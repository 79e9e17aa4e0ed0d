/** The room's own answers over HTTP. Sign-in and same origin are the frame's, proved for every operation in tests/api/contract. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AppDeps, PersonActor } from "../../../api/context.ts";
import { createRoutes } from "../../../api/http/openapi.ts";
import { renderProblem } from "../../../api/http/render-problem.ts";
import { importWhiteList } from "../../../api/trust-space/import.ts";
import { trustSpaceRoutes } from "../../../api/trust-space/routes.ts";
import { openTestDatabase, type TestDatabase } from "./test-database.ts";
import {
  createSigners,
  encode,
  entriesFor,
  now,
  signedList,
  signerName,
  type Signers,
} from "./signed-lists.ts";

let database: TestDatabase;
let signers: Signers;
beforeAll(async () => {
  database = await openTestDatabase();
  signers = await createSigners();
});
afterAll(() => database?.close());

const person: PersonActor = {
  kind: "person",
  personId: crypto.randomUUID(),
  sessionId: crypto.randomUUID(),
  displayName: "Dr Anne ALLARD",
  idNatPs: "899900000011",
  operatorRoles: [],
  memberships: [],
};

/** The room behind what the frame leaves for it: the context of a person who has signed in. */
function room() {
  const context = { ...database.contextAt(now), actor: person };
  const deps = { config: { baseUrl: "https://messagerie.test" }, log: context.log } as unknown as AppDeps;
  const app = createRoutes();
  app.onError((error, c) => renderProblem(error, c, deps));
  app.use(async (c, next) => {
    c.set("requestId", context.requestId);
    c.set("context", context);
    await next();
  });
  app.route("/", trustSpaceRoutes(deps));
  return app;
}

const check = async (body: unknown) =>
  await room().request("/api/v1/recipients/check", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
const importList = async (text: string) =>
  await importWhiteList(database.contextAt(now), {
    bytes: encode(text),
    authorities: [signers.authority.organisations.certificate],
    crls: [signers.crl],
    signerName,
  });

describe("the trust space over HTTP", () => {
  it("has no list at first, then tells which is in force and what was refused last", async () => {
    const read = async () => await (await room().request("/api/v1/trust-space")).json();
    expect(await read()).toEqual({ list: null, lastRefusal: null });
    await importList(
      await signedList(signers.signer, entriesFor("alpha.mssante.test", "gamma.mssante.test")),
    );
    await importList("<not a list");
    expect(await read()).toEqual({
      list: {
        generatedAt: "2026-11-21T07:00:00.000Z",
        importedAt: now.toISOString(),
        domainCount: 2,
        entryCount: 2,
        signer: signers.signer.certificate.subject,
      },
      lastRefusal: { at: now.toISOString(), reason: "list-truncated" },
    });
  });

  it("answers each recipient, and none of it changes anything", async () => {
    const response = await check({ addresses: ["dr@elsewhere.test", "not an address"] });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      results: [
        { address: "dr@elsewhere.test", status: "not-in-trust-space" },
        { address: "not an address", status: "invalid" },
      ],
    });
  });

  it.each([
    [{}, "/addresses"],
    [{ addresses: [] }, "/addresses"],
    [{ addresses: "dr@elsewhere.test" }, "/addresses"],
    [{ addresses: ["a@b.test", 7] }, "/addresses/1"],
    [{ addresses: ["x".repeat(1001)] }, "/addresses/0"],
    [{ addresses: Array.from({ length: 501 }, () => "a@b.test") }, "/addresses"],
    [{ addresses: ["a@b.test"], more: true }, "/more"],
  ])("says what is wrong with a request (%#)", async (body, pointer) => {
    const response = await check(body);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      type: "https://messagerie.test/problems/invalid-request",
      errors: [{ pointer }],
    });
  });
});
