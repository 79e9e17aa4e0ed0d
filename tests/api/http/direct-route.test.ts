import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createIdentity, endSessions } from "../../../api/identity/mod.ts";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";

const echo = JSON.stringify({
  using: ["urn:ietf:params:jmap:core"],
  methodCalls: [["Core/echo", { hello: "world" }, "0"]],
});
const json = { "content-type": "application/json" };

/** A query takes the same request the usual way, through router and middleware. */
const ways = ["/jmap/api", "/jmap/api?usual"];

describe("a JMAP call, before the router and through it", () => {
  let harness: Harness;
  let person: Visitor;
  beforeAll(async () => {
    harness = await openHarness();
    person = await harness.signIn();
  });
  afterAll(async () => await harness.close());

  const both = async (visitor: Visitor, init: RequestInit) => {
    const answers = [];
    for (const way of ways) {
      const response = await visitor.send(way, { method: "POST", ...init });
      const requestId = response.headers.get("x-request-id");
      expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
      const headers = Object.fromEntries(response.headers);
      delete headers["x-request-id"];
      answers.push({
        status: response.status,
        headers,
        body: (await response.text()).replaceAll(requestId!, "its id"),
      });
    }
    expect(answers[0]).toEqual(answers[1]);
    return answers[0]!;
  };

  it("is answered to a person who has signed in", async () => {
    const { status, body } = await both(person, { headers: json, body: echo });
    expect([status, JSON.parse(body).methodResponses]).toEqual([200, [[
      "Core/echo",
      { hello: "world" },
      "0",
    ]]]);
  });

  it.each([
    ["another site's", { "sec-fetch-site": "cross-site" }, 403],
    ["another origin's", { "sec-fetch-site": "same-site", origin: "https://evil.test" }, 403],
    ["not JSON by its type", { "content-type": "text/plain" }, 400],
    ["from a service with no such key", { authorization: `Bearer mss_sk_${"a".repeat(43)}` }, 401],
    ["longer than it may be", { "content-length": "20000000" }, 400],
  ])("is refused when it is %s", async (_what, headers, status) => {
    expect((await both(person, { headers: { ...json, ...headers }, body: echo })).status).toBe(status);
  });

  it.each([["no JSON", "{", 400], ["no request", "[]", 400], ["empty", "", 400]])(
    "is refused when its body is %s",
    async (_what, body, status) => {
      expect((await both(person, { headers: json, body })).status).toBe(status);
    },
  );

  it("is refused to a stranger, and by another method", async () => {
    expect((await both(harness.stranger, { headers: json, body: echo })).status).toBe(401);
    expect((await both(person, { headers: json, body: echo, method: "PUT" })).status).toBe(404);
    expect((await both(person, { method: "GET" })).status).toBe(404);
  });

  it("is refused from the end of the session on", async () => {
    const leaving = await harness.signIn();
    expect((await both(leaving, { headers: json, body: echo })).status).toBe(200);
    const identity = createIdentity(harness.deps);
    await endSessions(identity, harness.system, { personId: leaving.personId }, "ended-by-operator");
    await expect.poll(
      async () => (await leaving.send("/jmap/api", { method: "POST", headers: json, body: echo })).status,
      { timeout: 1_500, interval: 50 },
    ).toBe(401);
    expect((await both(leaving, { headers: json, body: echo })).status).toBe(401);
  });
});
