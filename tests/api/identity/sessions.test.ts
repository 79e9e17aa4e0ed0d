import { connect, createServer, type Socket } from "node:net";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { endSessions, findSession, sessionsEndedChannel } from "../../../api/identity/mod.ts";
import type { Context } from "../../../api/context.ts";
import type { Browser } from "./browser.ts";
import { host, openPlatform, type Platform } from "./platform.ts";
import { baseUrl, simulate, type SimulatedPsc } from "./simulated-psc.ts";

const cookie = "__Host-mss_session";

let psc: SimulatedPsc;
let platform: Platform;

beforeAll(async () => {
  psc = await simulate();
  platform = await openPlatform(psc);
});
beforeEach(() => platform.resetClock());
afterAll(async () => {
  await platform.close();
  await psc.close();
});

function contextOf(of: Platform): Context {
  return {
    db: of.deps.db,
    actor: { kind: "system", job: "test" },
    requestId: crypto.randomUUID(),
    now: of.deps.now,
    log: of.deps.log,
  };
}

async function signedIn(
  of: Platform = platform,
  person = "anne-allard",
): Promise<{ browser: Browser; token: string }> {
  const browser = of.browser();
  await of.signIn(browser, person);
  return { browser, token: browser.cookie(host, cookie) ?? "" };
}

describe("a session", () => {
  test("ends after 30 minutes without activity", async () => {
    const { token } = await signedIn();
    platform.pass(1_799);
    expect(await findSession(platform.identity, token, { isActivity: false })).toBeDefined();
    platform.pass(2);
    expect(await findSession(platform.identity, token)).toBeUndefined();
  });

  test("lives on with activity, and ends 4 hours after the card was presented whatever is done", async () => {
    const { token } = await signedIn();
    for (let minutes = 0; minutes < 220; minutes += 20) {
      platform.pass(1_200);
      expect(await findSession(platform.identity, token), `after ${minutes + 20} minutes`).toBeDefined();
    }
    platform.pass(1_200);
    expect(await findSession(platform.identity, token)).toBeUndefined();
  });

  test("is not kept alive by what a page does by itself", async () => {
    const { browser, token } = await signedIn();
    for (let minutes = 0; minutes < 25; minutes += 5) {
      platform.pass(300);
      expect((await platform.session(browser)).status).toBe(200);
    }
    platform.pass(301);
    expect((await platform.session(browser)).status).toBe(401);
    expect(await findSession(platform.identity, token)).toBeUndefined();
  });

  test("announces its two ends", async () => {
    const { browser } = await signedIn();
    const before = platform.deps.now().getTime();
    const { expiresAt, idleExpiresAt } = await (await platform.session(browser)).json();
    expect(Date.parse(idleExpiresAt) - before).toBeGreaterThan(1_790_000);
    expect(Date.parse(idleExpiresAt) - before).toBeLessThanOrEqual(1_800_000);
    expect(Date.parse(expiresAt) - before).toBeGreaterThan(14_390_000);
    expect(Date.parse(expiresAt) - before).toBeLessThanOrEqual(14_400_000);
  });

  test("is written to at most once a minute", async () => {
    const { token } = await signedIn();
    const seen = async () => {
      const rows = await platform.rows(
        "select last_seen_at, xmin::text as version from app.sessions order by created_at desc limit 1",
      );
      return rows[0]?.version;
    };
    const first = await seen();
    for (let second = 0; second < 50; second += 10) {
      platform.pass(10);
      await findSession(platform.identity, token);
    }
    expect(await seen()).toBe(first);
    platform.pass(15);
    await Promise.all(Array.from({ length: 10 }, () => findSession(platform.identity, token)));
    const second = await seen();
    expect(second).not.toBe(first);
    await findSession(platform.identity, token);
    expect(await seen()).toBe(second);
  });

  test("carries the person's roles, and loses them within seconds of their withdrawal", async () => {
    const { token } = await signedIn();
    const { actor } = (await findSession(platform.identity, token)) ?? {};
    expect(actor?.operatorRoles).toEqual([]);
    const structure = await addStructure("Cabinet des rôles", "312345678900011");
    await platform.rows("insert into app.operator_roles values ($1, 'auditor')", [actor?.personId]);
    await platform.rows(
      "insert into app.memberships (structure_id, person_id, role) values ($1, $2, 'user')",
      [
        structure,
        actor?.personId,
      ],
    );
    const rolesNow = async () => (await findSession(platform.identity, token))?.actor;
    await expect.poll(rolesNow, { timeout: 6_000 }).toMatchObject({
      operatorRoles: ["auditor"],
      memberships: [{ structureId: structure, role: "user" }],
    });
    await platform.rows("delete from app.operator_roles where person_id = $1", [actor?.personId]);
    await platform.rows("delete from app.memberships where person_id = $1", [actor?.personId]);
    await expect.poll(rolesNow, { timeout: 6_000 }).toMatchObject({ operatorRoles: [], memberships: [] });
  });

  test.each(["", "x", "A".repeat(43), "A".repeat(500), "' or 1=1 --"])(
    "of a made-up token (%j) is none",
    async (token) => {
      expect(await findSession(platform.identity, token)).toBeUndefined();
      const browser = platform.browser();
      if (token) browser.set(host, cookie, token);
      const answer = await platform.session(browser);
      expect(answer.status).toBe(401);
      expect(answer.headers.get("content-type")).toBe("application/problem+json");
      expect((await answer.json()).type).toBe(`${baseUrl}/problems/sign-in-required`);
    },
  );
});

describe("ending sessions", () => {
  test("of a person ends all of his at once, his alone, and says so to every process", async () => {
    const one = await signedIn();
    const two = await signedIn();
    const other = await signedIn(platform, "bruno-bernard");
    const session = await findSession(platform.identity, one.token);
    await findSession(platform.identity, two.token);
    const listener = new Redis(inject("redisUrl"));
    const heard: string[] = [];
    listener.on("message", (_channel: string, id: string) => heard.push(id));
    await listener.subscribe(sessionsEndedChannel);
    try {
      const choice = { personId: session?.actor.personId ?? "" };
      const ended = await endSessions(platform.identity, contextOf(platform), choice, "ended-by-operator");
      expect(ended.length).toBeGreaterThanOrEqual(2);
      expect(await findSession(platform.identity, one.token)).toBeUndefined();
      expect(await findSession(platform.identity, two.token)).toBeUndefined();
      expect(await findSession(platform.identity, other.token)).toBeDefined();
      await expect.poll(() => heard).toContain(session?.id);
      expect(await endSessions(platform.identity, contextOf(platform), choice, "ended-by-operator")).toEqual(
        [],
      );
    } finally {
      listener.disconnect();
    }
  });

  test("by the provider's session id ends the ones that came from it", async () => {
    const { token } = await signedIn();
    const [row] = await platform.rows(
      "select provider_session_id from app.sessions order by created_at desc limit 1",
    );
    expect(row?.provider_session_id).toBeTruthy();
    const choice = { providerSessionId: String(row?.provider_session_id), issuer: psc.issuer, subject: null };
    await endSessions(platform.identity, contextOf(platform), choice, "ended-by-provider");
    expect(await findSession(platform.identity, token)).toBeUndefined();
  });
});

describe("with Redis", () => {
  test("down, sign-in, session and sign-out work all the same", async () => {
    const without = await openPlatform(psc, { redisUrl: "redis://127.0.0.1:9" });
    try {
      const { browser, token } = await signedIn(without);
      expect((await without.session(browser)).status).toBe(200);
      await browser.fetch(`${baseUrl}/auth/sign-out`, {
        method: "POST",
        headers: { "sec-fetch-site": "same-origin" },
      });
      expect(await findSession(without.identity, token)).toBeUndefined();
    } finally {
      await without.close();
    }
  });

  test("silent, an answer is late by a fraction of a second and right", async () => {
    const line = await freezableLine();
    const through = new URL(inject("redisUrl"));
    through.port = String(line.port);
    const slow = await openPlatform(psc, { redisUrl: through.href });
    try {
      const { browser, token } = await signedIn(slow);
      await expect.poll(() => slow.deps.redis.status).toBe("ready");
      line.freeze();
      const begun = performance.now();
      expect((await slow.session(browser)).status).toBe(200);
      expect(performance.now() - begun).toBeLessThan(2_500);
      const choice = { personId: (await findSession(slow.identity, token))?.actor.personId ?? "" };
      await endSessions(slow.identity, contextOf(slow), choice, "ended-by-operator");
      expect(await findSession(slow.identity, token)).toBeUndefined();
    } finally {
      await slow.close();
      await line.close();
    }
  });

  test("holding a copy whose deletion was lost, an ended session is seen within seconds", async () => {
    const { token } = await signedIn();
    expect(await findSession(platform.identity, token)).toBeDefined();
    // As another process would that cannot reach Redis.
    await platform.rows("update app.sessions set ended_at = now(), end_reason = 'ended-by-operator'");
    await expect.poll(() => findSession(platform.identity, token), { timeout: 5_000 }).toBeUndefined();
  });

  test("holding rubbish, PostgreSQL is asked", async () => {
    const { token } = await signedIn();
    const redis = new Redis(inject("redisUrl"));
    try {
      await findSession(platform.identity, token);
      for (const rubbish of ["{", "null", '{"id":1}', "[]"]) {
        for (const key of await redis.keys("mss:session:*")) await redis.set(key, rubbish, "EX", 3);
        expect(await findSession(platform.identity, token)).toBeDefined();
      }
    } finally {
      redis.disconnect();
    }
  });

  test("read by a stranger, no token is found in it", async () => {
    const { token } = await signedIn();
    await findSession(platform.identity, token);
    const redis = new Redis(inject("redisUrl"));
    try {
      const keys = await redis.keys("mss:*");
      expect(keys.join(" ")).not.toContain(token);
      expect(keys.some((key) => key.startsWith("mss:session:"))).toBe(true);
      // Other files' keys stand beside ours, in every form.
      const read: Record<string, (key: string) => Promise<unknown>> = {
        string: (key) => redis.get(key),
        hash: (key) => redis.hgetall(key),
        set: (key) => redis.smembers(key),
        zset: (key) => redis.zrange(key, "0", "-1"),
        list: (key) => redis.lrange(key, 0, -1),
        none: () => Promise.resolve(null), // It has run out meanwhile.
      };
      const values = await Promise.all(keys.map(async (key) => await read[await redis.type(key)]!(key)));
      expect(JSON.stringify(values)).not.toContain(token);
    } finally {
      redis.disconnect();
    }
  });
});

async function addStructure(name: string, idNatStruct: string): Promise<string> {
  const rows = await platform.rows(
    "insert into app.structures (name, id_nat_struct) values ($1, $2) returning id",
    [
      name,
      idNatStruct,
    ],
  );
  return String(rows[0]?.id);
}

/** A line to Redis that stays open and, once frozen, carries nothing any more. */
async function freezableLine(): Promise<{ port: number; freeze(): void; close(): Promise<void> }> {
  const target = new URL(inject("redisUrl"));
  const sockets: Socket[] = [];
  let isFrozen = false;
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    sockets.push(near, far);
    near.on("data", (data) => isFrozen || far.write(data)).on("error", () => {});
    far.on("data", (data) => isFrozen || near.write(data)).on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    freeze: () => {
      isFrozen = true;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
