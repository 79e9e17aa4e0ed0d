import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { catalogue } from "../../../api/problems.ts";
import { baseUrl, type Harness, openHarness } from "../../support/harness.ts";
import { newTenant } from "../../support/tenants.ts";
import { anyText } from "./any-text.ts";
import type { World } from "./example.ts";
import {
  call,
  endsTheSession,
  examples,
  listOperations,
  type Operation,
  readsByPost,
  writesTwoTrails,
} from "./operations.ts";
import { newWorld } from "./scenes.ts";

type Called = Awaited<ReturnType<typeof call>>;

let harness: Harness;
let world: World;

beforeAll(async () => {
  harness = await openHarness();
  world = await newWorld(harness);
});
afterAll(async () => await harness.close());

/** What holds for every answer of every operation. */
function expectDeclared(operation: Operation, answer: Called): void {
  expect(operation.statuses, `${operation.id} answered ${answer.status}, which it does not declare`)
    .toContain(answer.status);
  const type = answer.headers.get("content-type")?.split(";")[0];
  if (answer.text !== "") expect(operation.contentTypes.get(answer.status)).toContain(type);
  if (answer.status < 400 || type !== "application/problem+json") return;
  const problem = JSON.parse(answer.text);
  const slug = String(problem.type).slice(`${baseUrl}/problems/`.length) as keyof typeof catalogue;
  expect(problem.type).toBe(`${baseUrl}/problems/${slug}`);
  expect(catalogue[slug], `${slug} is not in the catalogue`).toMatchObject({
    status: answer.status,
    title: problem.title,
  });
  expect(problem.instance).toBe(`urn:uuid:${answer.headers.get("x-request-id")}`);
  const spec: { readonly title: string; readonly shows?: readonly string[] } = catalogue[slug];
  const permitted = ["type", "title", "status", "detail", "instance", ...(spec.shows ?? [])];
  expect(permitted).toEqual(expect.arrayContaining(Object.keys(problem)));
}

function exampleOf(operation: Operation) {
  const example = examples[operation.id];
  if (example === undefined) throw new Error(`${operation.id} needs an example in operations.ts`);
  return example(harness, world);
}

const operations = listOperations();
const changing = operations.filter((one) => one.method !== "GET" && !readsByPost.has(one.id));
const withBody = operations.filter((one) => one.hasBody);
const withSubject = operations.filter((one) => one.parameters.length > 0);

describe.each(operations)("$id", (operation) => {
  it("succeeds as its example, as declared", async () => {
    const visitor = endsTheSession.has(operation.id) ? await harness.signIn() : world.operator;
    const answer = await call(visitor, operation, await exampleOf(operation));
    expectDeclared(operation, answer);
    expect(answer.status, answer.text).toBeLessThan(300);
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  });

  it.skipIf(operation.isPublic || endsTheSession.has(operation.id))("needs a sign-in", async () => {
    const answer = await call(harness.stranger, operation, await exampleOf(operation));
    expectDeclared(operation, answer);
    expect(JSON.parse(answer.text).type).toBe(`${baseUrl}/problems/sign-in-required`);
  });
});

describe.each(withSubject)("$id on another structure's subject", (operation) => {
  it("answers, byte for byte but its instance, as on a missing one", async () => {
    const stranger = (await newTenant(harness)).administrator;
    const foreign = await exampleOf(operation);
    const missing = {
      ...foreign,
      parameters: Object.fromEntries(
        Object.entries(foreign.parameters).map((
          [name, value],
        ) => [name, name.endsWith("Id") ? crypto.randomUUID() : value]),
      ),
    };
    const audited = async () => await harness.database.rows("select count(*) from app.audit_events");
    const before = await audited();
    const [one, two] = [await call(stranger, operation, foreign), await call(stranger, operation, missing)];
    expect(one.status).toBe(404);
    expectDeclared(operation, one);
    const blank = (answer: Called) => answer.text.replace(/urn:uuid:[0-9a-f-]{36}/, "");
    expect(blank(one)).toBe(blank(two));
    // Whether requests were counted says how quickly Redis answered, and nothing of the subject.
    const headers = (answer: Called) =>
      [...answer.headers].filter(([name]) =>
        !["x-request-id", "ratelimit", "ratelimit-policy"].includes(name)
      );
    expect(headers(one)).toEqual(headers(two));
    expect(await audited()).toEqual(before);
  });
});

describe.each(changing)("$id changes something, and so", (operation) => {
  it("writes one row in the trail, with who and which request", async () => {
    const visitor = endsTheSession.has(operation.id) ? await harness.signIn() : world.operator;
    const request = await exampleOf(operation);
    const [{ last } = { last: 0 }] = await harness.database.rows(
      "select coalesce(max(id), 0) as last from app.audit_events",
    );
    const answer = await call(visitor, operation, request);
    expect(answer.status).toBeLessThan(300);
    const rows = await harness.database.rows(
      "select actor_person_id, request_id from app.audit_events where id > $1",
      [last],
    );
    const row = { actor_person_id: visitor.personId, request_id: answer.headers.get("x-request-id") };
    expect(rows).toEqual(writesTwoTrails.has(operation.id) ? [row, row] : [row]);
  });

  it("is refused when another site sends it, whoever is signed in", async () => {
    const request = await exampleOf(operation);
    for (const headers of [{ "sec-fetch-site": "cross-site" }, { "sec-fetch-site": "same-site" }]) {
      const answer = await call(world.operator, operation, request, headers);
      expectDeclared(operation, answer);
      expect(JSON.parse(answer.text).type).toBe(`${baseUrl}/problems/not-same-origin`);
    }
  });
});

describe.each(withBody)("$id with a bad body", (operation) => {
  // What is refused before it is read needs no example of its own.
  let parameters: Readonly<Record<string, string>>;
  beforeAll(async () => {
    parameters = (await exampleOf(operation)).parameters;
  });
  const send = async (body: string, type = "application/json") => {
    const path = operation.path.replace(/\{(\w+)\}/g, (_whole, name: string) => parameters[name] ?? "");
    const response = await world.operator.send(path, {
      method: operation.method,
      body,
      headers: { "content-type": type },
    });
    const answer = { status: response.status, headers: response.headers, text: await response.text() };
    expectDeclared(operation, answer);
    return answer;
  };

  it.each([
    ["text that is not JSON", "{", "application/json", "malformed-json"],
    [
      "a form, as another site could send it",
      "a=b",
      "application/x-www-form-urlencoded",
      "unsupported-media-type",
    ],
    ["plain text", "{}", "text/plain", "unsupported-media-type"],
    ["nothing it asks for", "{}", "application/json", "invalid-request"],
    ["a list", "[]", "application/json", "invalid-request"],
    ["null", "null", "application/json", "invalid-request"],
    [
      "a megabyte and more",
      JSON.stringify({ name: "x".repeat(1_048_577) }),
      "application/json",
      "request-too-large",
    ],
    ["a nest 10 000 deep", "[".repeat(10_000) + "]".repeat(10_000), "application/json", "invalid-request"],
  ])("refuses %s", async (_name, body, type, slug) => {
    expect(JSON.parse((await send(body, type)).text).type).toBe(`${baseUrl}/problems/${slug}`);
  });

  it("never fails by itself, whatever the values", async () => {
    const request = await exampleOf(operation);
    const fields = Object.keys(request.body as object);
    const value = fc.oneof(anyText(300), fc.jsonValue({ maxDepth: 2 }));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...fields), value, async (field, changed) => {
        const answer = await call(world.operator, operation, {
          ...request,
          body: { ...(request.body as object), [field]: changed },
        });
        expectDeclared(operation, answer);
        expect(answer.status).toBeLessThan(500);
      }),
      { numRuns: 50, endOnFailure: true },
    );
  });
});

describe("the document", () => {
  it("names every operation once, with a summary's worth of answers", () => {
    expect(new Set(operations.map((one) => one.id)).size).toBe(operations.length);
    expect(operations.length).toBeGreaterThan(20);
  });

  it("is served as it is printed, to anybody, with pages from our own origin", async () => {
    const served = await harness.stranger.get("/api/v1/openapi.json");
    expect(Object.keys(served.body.paths).sort()).toEqual(
      [...new Set(operations.map((one) => one.path))].sort(),
    );
    expect(served.body.openapi).toBe("3.1.0");
    const page = (await harness.stranger.get("/api/docs")).text;
    expect([...page.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1])).toSatisfy((
      all: string[],
    ) => all.length === 3 && all.every((one) => one.startsWith("/api/docs/")));
    for (const file of ["swagger-ui.css", "swagger-ui-bundle.js", "start.js"]) {
      expect((await harness.stranger.get(`/api/docs/${file}`)).status).toBe(200);
    }
  });

  it("every problem's type resolves to a page", async () => {
    for (const slug of Object.keys(catalogue)) {
      const page = await harness.stranger.get(`/problems/${slug}`);
      expect([page.status, page.text.includes(`<code>${slug}</code>`)]).toEqual([200, true]);
    }
  });

  it("no slug is ever renamed", () => {
    expect(Object.keys(catalogue).sort()).toMatchInlineSnapshot(`
      [
        "address-confirmation-wrong",
        "alias-limit-reached",
        "alias-not-found",
        "already-member",
        "app-password-beyond-right",
        "app-password-not-found",
        "app-passwords-not-allowed",
        "app-passwords-too-many",
        "batch-has-errors",
        "batch-line-not-found",
        "batch-line-settled",
        "batch-not-found",
        "batch-state-forbids",
        "batch-too-long",
        "charter-not-found",
        "charter-outdated",
        "charter-version-taken",
        "client-certificate-exists",
        "client-certificate-not-found",
        "client-certificate-withdrawn",
        "code-refused",
        "delegation-beyond-own",
        "delegation-exists",
        "delegation-not-found",
        "delegation-of-own-mailbox",
        "delegation-to-oneself",
        "departure-not-found",
        "domain-closed",
        "domain-has-open-mailboxes",
        "domain-name-taken",
        "domain-not-found",
        "domain-outside-reseller",
        "erasure-ended",
        "erasure-not-found",
        "erasure-open",
        "export-not-found",
        "export-not-ready",
        "export-running",
        "factor-required",
        "forbidden",
        "idempotency-key-in-use",
        "idempotency-key-reused",
        "identity-provider-unavailable",
        "inactivity-campaign-not-found",
        "inactivity-campaign-running",
        "inactivity-not-noticed",
        "internal-error",
        "invalid-request",
        "invitation-closed",
        "invitation-not-found",
        "last-administrator",
        "last-factor",
        "mail-server-unavailable",
        "mailbox-address-taken",
        "mailbox-already-there",
        "mailbox-closed",
        "mailbox-closing",
        "mailbox-domain-foreign",
        "mailbox-holder-fixed",
        "mailbox-moving",
        "mailbox-not-found",
        "mailbox-read-only",
        "malformed-json",
        "member-not-found",
        "membership-not-found",
        "not-found",
        "not-same-origin",
        "oauth-client-not-found",
        "oauth-client-taken",
        "oauth-client-withdrawn",
        "oauth-request-refused",
        "operator-role-not-found",
        "passkey-limit-reached",
        "passkey-not-found",
        "passkey-refused",
        "password-refused",
        "person-not-found",
        "program-not-found",
        "quota-below-use",
        "quota-bytes-exceeded",
        "quota-mailboxes-exceeded",
        "request-too-large",
        "reseller-child-unlimited",
        "reseller-quota-exceeded",
        "service-account-key-not-found",
        "service-account-name-taken",
        "service-account-not-found",
        "service-account-revoked",
        "service-unavailable",
        "session-not-found",
        "sign-in-required",
        "staff-account-closed",
        "staff-enrolment-invalid",
        "staff-login-taken",
        "staff-own-account",
        "staff-sign-in-expired",
        "staff-sign-in-refused",
        "structure-closed",
        "structure-has-children",
        "structure-has-open-mailboxes",
        "structure-identifier-taken",
        "structure-not-found",
        "structure-not-reseller",
        "structure-suspended",
        "too-many-requests",
        "unsupported-media-type",
        "version-mismatch",
        "webhook-disabled",
        "webhook-limit-reached",
        "webhook-not-found",
      ]
    `);
  });
});
