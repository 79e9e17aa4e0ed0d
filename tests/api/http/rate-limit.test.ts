import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCounter } from "../../../api/http/rate-limit.ts";
import { type Harness, openHarness } from "../../support/harness.ts";

const path = "/api/v1/session";
const limits = { windowSeconds: 3_600, perPerson: 4, perServiceAccount: 4, perAddress: 3 };

describe("who asks too often", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await openHarness({ config: { rateLimits: limits, trustedProxies: 1 } });
    const { redis } = harness.deps;
    if (redis.status !== "ready") await once(redis, "ready");
  });
  afterAll(async () => await harness.close());

  /** An anonymous request from an address, as our proxy tells it. */
  const from = async (address: string, url = path) => {
    const response = await harness.app.request(url, { headers: { "x-forwarded-for": address } });
    await response.body?.cancel();
    return response;
  };
  /** No two runs share an address: Redis outlives a file. */
  const address = () => `10.${[1, 2, 3].map(() => Math.floor(Math.random() * 256)).join(".")}`;

  it("is told what is left at every answer, and by when all is there again", async () => {
    const person = await harness.signIn();
    for (const [left, reset] of [[3, 900], [2, 1_800], [1, 2_700], [0, 3_600]] as const) {
      const answer = await person.get(path);
      expect([answer.status, answer.headers.get("ratelimit-policy")]).toEqual([200, '"person";q=4;w=3600']);
      const [, r, t] = /^"person";r=(\d+);t=(\d+)$/.exec(answer.headers.get("ratelimit") ?? "") ?? [];
      expect(Number(r)).toBe(left);
      expect(Math.abs(Number(t) - reset)).toBeLessThan(60);
    }
  });

  it("is refused with the time to wait, and another person is not concerned", async () => {
    const [person, other] = [await harness.signIn(), await harness.signIn()];
    const answers = [];
    for (let request = 0; request < 5; request++) answers.push(await person.get(path));
    const refused = answers.at(-1)!;
    expect(answers.map((one) => one.status)).toEqual([200, 200, 200, 200, 429]);
    expect(refused.body.type).toMatch(/too-many-requests$/);
    expect(refused.body.retryAfterSeconds).toBeGreaterThan(800);
    expect(refused.headers.get("retry-after")).toBe(String(refused.body.retryAfterSeconds));
    expect(refused.headers.get("content-type")).toBe("application/problem+json");
    expect(refused.headers.get("ratelimit")).toMatch(/^"person";r=0;t=3\d{3}$/);
    expect((await other.get(path)).status).toBe(200);
  });

  it("is served again after the time said", async () => {
    const count = createCounter(harness.deps.redis);
    const key = `mss:rate:test:${crypto.randomUUID()}`;
    const first = await count(key, 1, 1);
    expect(first).toMatchObject({ isAllowed: true, remaining: 0, retryAfterMilliseconds: 0 });
    const refused = await count(key, 1, 1);
    expect(refused).toMatchObject({ isAllowed: false, remaining: 0 });
    expect(refused?.retryAfterMilliseconds).toBeLessThanOrEqual(1_000);
    await expect.poll(() => count(key, 1, 1), { timeout: 3_000 }).toMatchObject({ isAllowed: true });
  });

  it("is counted at many requests at once as one after the other", async () => {
    const person = await harness.signIn();
    const statuses = (await Promise.all(Array.from({ length: 20 }, () => person.get(path))))
      .map((one) => one.status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(4);
  });

  it("is counted by address when nobody is signed in, also where people sign in", async () => {
    const mine = address();
    const statuses = [];
    for (const url of [path, path, "/auth/signed-out", path]) statuses.push((await from(mine, url)).status);
    expect(statuses).toEqual([401, 401, 303, 429]);
    expect((await from(address())).status).toBe(401);
  });

  it("cannot hide behind addresses that it invents", async () => {
    const mine = address();
    const statuses = [];
    for (let request = 0; request < 4; request++) {
      statuses.push((await from(`${address()}, ${mine}`)).status);
    }
    expect(statuses).toEqual([401, 401, 401, 429]);
  });

  it("never has its mail, health or pages counted", async () => {
    const mine = address();
    for (const url of ["/health/live", "/problems", "/api/v1/openapi.json", "/jmap/session"]) {
      for (let request = 0; request < 5; request++) {
        const answer = await from(mine, url);
        expect([url, answer.status === 429, answer.headers.get("ratelimit")]).toEqual([url, false, null]);
      }
    }
  });
});

describe("with Redis down", () => {
  it("everybody is served", async () => {
    const harness = await openHarness({ redisUrl: "redis://127.0.0.1:9", config: { rateLimits: limits } });
    const person = await harness.signIn();
    for (let request = 0; request < 6; request++) {
      const answer = await person.get(path);
      expect([answer.status, answer.headers.get("ratelimit")]).toEqual([200, null]);
    }
    await harness.close();
  });
});
