import { once } from "node:events";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { createGuard, defaultGuardSettings, type Guard, type GuardSettings } from "../../../api/guard/mod.ts";
import { type Clock, createClock } from "../../support/clock.ts";
import type {} from "../../support/cluster.setup.ts"; // The type of inject("redisUrl").

const failing = { free: 3, firstSeconds: 2, mostSeconds: 10 };
const settings: GuardSettings = {
  ways: {
    ...defaultGuardSettings.ways,
    imap: {
      pair: failing,
      account: { free: 6, firstSeconds: 0.5, mostSeconds: 1 },
      counts: "failures",
      forgetSeconds: 60,
    },
    staff: {
      pair: failing,
      account: { free: 50, firstSeconds: 1, mostSeconds: 3 },
      counts: "attempts",
      forgetSeconds: 60,
    },
  },
  spraying: { accounts: 5, windowSeconds: 60 },
  trustSeconds: 3_600,
};

describe("the guard of the ways in", () => {
  let redis: Redis;
  let clock: Clock;
  let guard: Guard;
  let slowed: number[];
  let log: { event: string; fields: Record<string, unknown> | undefined }[];
  /** No two tests share an account or an address: Redis outlives a file. */
  let box: string, hospital: string, elsewhere: string;
  beforeAll(async () => {
    redis = new Redis(inject("redisUrl"), { enableOfflineQueue: false });
    await once(redis, "ready");
  });
  afterAll(() => redis.disconnect());
  beforeEach(() => {
    clock = createClock();
    slowed = [];
    log = [];
    guard = open(redis);
    [box, hospital, elsewhere] = [1, 2, 3].map(() => crypto.randomUUID()) as [string, string, string];
  });

  function open(client: Redis): Guard {
    const write = (event: string, fields?: Record<string, unknown>) => void log.push({ event, fields });
    return createGuard({
      redis: client,
      now: clock.now,
      log: { info: write, warn: write, error: write },
      settings,
      wait: (milliseconds) => Promise.resolve(void slowed.push(milliseconds)),
    });
  }
  const imap = (account = box, address = hospital) => ({ way: "imap", account, address }) as const;
  const staff = () => ({ way: "staff", account: box, address: hospital }) as const;
  const fail = async (times: number, attempt: { way: "imap"; account: string; address: string }) => {
    for (let time = 0; time < times; time++) await guard.failed({ ...attempt, reason: "wrong-secret" });
  };

  it("lets a few mistakes pass, then makes each wait twice as long as the one before, up to a bound", async () => {
    await fail(2, imap());
    expect(await guard.admit(imap())).toEqual({ ok: true });
    const waits = [];
    for (let time = 0; time < 5; time++) {
      await fail(1, imap());
      const verdict = await guard.admit(imap());
      waits.push(verdict.ok ? 0 : verdict.retryAfterSeconds);
      clock.pass(10);
    }
    expect(waits).toEqual([2, 4, 8, 10, 10]);
  });

  it("admits again after the time that it said, and to one alone of those who waited", async () => {
    await fail(3, imap());
    const verdict = await guard.admit(imap());
    if (verdict.ok) throw new Error("was admitted");
    clock.pass(verdict.retryAfterSeconds);
    const verdicts = await Promise.all([1, 2, 3].map(() => guard.admit(imap())));
    expect(verdicts.filter(({ ok }) => ok)).toHaveLength(1);
  });

  it("shuts out neither another account of the same hospital nor the same account from elsewhere", async () => {
    await fail(5, imap());
    expect((await guard.admit(imap())).ok).toBe(false);
    expect(await guard.admit(imap(crypto.randomUUID(), hospital))).toEqual({ ok: true });
    expect(await guard.admit(imap(box, elsewhere))).toEqual({ ok: true });
    expect((await guard.admit({ ...imap(), way: "submission" })).ok).toBe(true);
  });

  it("slows an account that is tried from everywhere, and never refuses it", async () => {
    for (let time = 0; time < 40; time++) await fail(1, imap(box, crypto.randomUUID()));
    expect(await guard.admit(imap(box, elsewhere))).toEqual({ ok: true });
    expect(slowed).toEqual([1_000]);
  });

  it("does not slow who has signed in from where he is before", async () => {
    await guard.succeeded(imap(box, elsewhere));
    for (let time = 0; time < 40; time++) await fail(1, imap(box, crypto.randomUUID()));
    expect(await guard.admit(imap(box, elsewhere))).toEqual({ ok: true });
    expect(slowed).toEqual([]);
  });

  it("begins anew after a success", async () => {
    await fail(4, imap());
    await guard.succeeded(imap());
    expect(await guard.admit(imap())).toEqual({ ok: true });
    await fail(2, imap());
    expect(await guard.admit(imap())).toEqual({ ok: true });
  });

  it("lets no more guesses pass at once than one after the other, where a secret can be guessed", async () => {
    const verdicts = await Promise.all(Array.from({ length: 50 }, () => guard.admit(staff())));
    expect(verdicts.filter(({ ok }) => ok)).toHaveLength(3);
    // An attempt of which nothing was learnt is given back.
    await guard.abandoned(staff());
    expect(await guard.admit(staff())).toEqual({ ok: true });
  });

  it("admits everybody who comes back together after an outage, where none can be guessed", async () => {
    const verdicts = await Promise.all(Array.from({ length: 50 }, () => guard.admit(imap())));
    expect(verdicts.every(({ ok }) => ok)).toBe(true);
  });

  it("reports an address from which many accounts fail, once, and refuses nobody for it", async () => {
    for (let account = 0; account < 8; account++) await fail(1, imap(crypto.randomUUID(), hospital));
    expect(log).toEqual([{
      event: "guard.spraying",
      fields: { way: "imap", address: hospital, accounts: 5, reason: "wrong-secret" },
    }]);
    expect(await guard.admit(imap(box, hospital))).toEqual({ ok: true });
  });

  it("does not report one account that fails often", async () => {
    await fail(30, imap());
    expect(log).toEqual([]);
  });

  it("keeps neither account nor address in clear", async () => {
    const [account, address] = [`${box}@alpha.test`, "192.0.2.77"];
    await fail(1, imap(account, address));
    await guard.succeeded(imap(account, address));
    const keys = await redis.keys("mss:guard:*");
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.filter((key) => key.includes(box) || key.includes(address))).toEqual([]);
  });

  it("admits everybody when Redis is down", async () => {
    const away = new Redis("redis://127.0.0.1:9", { enableOfflineQueue: false, retryStrategy: () => null });
    away.on("error", () => {});
    const blind = open(away);
    for (let time = 0; time < 9; time++) await blind.failed({ ...imap(), reason: "wrong-secret" });
    expect(await blind.admit(imap())).toEqual({ ok: true });
    await blind.succeeded(imap());
    away.disconnect();
  });
});
