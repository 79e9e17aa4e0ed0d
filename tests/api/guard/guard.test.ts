import { once } from "node:events";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { defaultGuardConfig } from "../../../api/config-guard.ts";
import {
  createGuard,
  type Guard,
  type GuardSettings,
  guardSettings,
  type Suspicion,
} from "../../../api/guard/mod.ts";
import { type Clock, createClock } from "../../support/clock.ts";
import type {} from "../../support/cluster.setup.ts"; // The type of inject("redisUrl").

const failing = { free: 3, firstSeconds: 2, mostSeconds: 10 };
const defaults = guardSettings({
  ...defaultGuardConfig,
  sprayedAccounts: 5,
  guessingAddresses: 8,
  sprayingSeconds: 60,
  guessingSeconds: 120,
});
const settings: GuardSettings = {
  ...defaults,
  ways: {
    ...defaults.ways,
    imap: {
      ...defaults.ways.imap,
      pair: failing,
      account: { free: 6, firstSeconds: 0.5, mostSeconds: 1 },
      forgetSeconds: 60,
    },
    staff: {
      ...defaults.ways.staff,
      pair: failing,
      account: { free: 50, firstSeconds: 1, mostSeconds: 3 },
      forgetSeconds: 60,
    },
  },
  trustSeconds: 3_600,
};

describe("the guard of the ways in", () => {
  let redis: Redis;
  let clock: Clock;
  let guard: Guard;
  let slowed: number[];
  let log: { event: string; fields: Record<string, unknown> | undefined }[];
  let suspicions: Suspicion[];
  let box: string, hospital: string, elsewhere: string;
  beforeAll(async () => {
    // A numbered database of its own, emptied before each test: what fails on a way is counted together.
    redis = new Redis(new URL("/6", inject("redisUrl")).href, { enableOfflineQueue: false });
    await once(redis, "ready");
  });
  afterAll(() => redis.disconnect());
  beforeEach(async () => {
    await redis.flushdb();
    clock = createClock();
    slowed = [];
    log = [];
    suspicions = [];
    guard = open(redis);
    [box, hospital, elsewhere] = [1, 2, 3].map(() => crypto.randomUUID()) as [string, string, string];
  });

  function open(client: Redis, numbers = settings): Guard {
    const write = (event: string, fields?: Record<string, unknown>) => void log.push({ event, fields });
    return createGuard({
      redis: client,
      now: clock.now,
      log: { info: write, warn: write, error: write },
      settings: numbers,
      onSuspicion: (one) => Promise.resolve(void suspicions.push(one)),
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
      fields: { way: "imap", address: hospital, count: 5, reason: "wrong-secret" },
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
    await fail(1, imap(account, address));
    const keys = await redis.keys("mss:guard:*");
    const members = await Promise.all(
      keys.filter((key) => key.includes(":failing-")).map((key) => redis.zrange(key, "0", "-1")),
    );
    expect(members.flat().length).toBeGreaterThan(1);
    const all = [...keys, ...members.flat()];
    expect(all.filter((text) => text.includes(box) || text.includes(address))).toEqual([]);
  });

  it("reports an account that fails from many addresses, and refuses it to nobody", async () => {
    for (let address = 0; address < 12; address++) await fail(1, imap(box, crypto.randomUUID()));
    expect(suspicions).toMatchObject([{ kind: "guessing", way: "imap", account: box, count: 8 }]);
    expect(JSON.stringify(log)).not.toContain(box);
    expect(await guard.admit(imap(box, elsewhere))).toEqual({ ok: true });
  });

  it("says every minute of an attack that it goes on, whichever process sees it", async () => {
    const other = open(redis);
    const spray = async (from: Guard) => {
      for (let account = 0; account < 6; account++) {
        await from.failed({ ...imap(crypto.randomUUID(), hospital), reason: "wrong-secret" });
      }
    };
    await Promise.all([spray(guard), spray(other)]);
    expect(suspicions).toHaveLength(1);
    // The minute is Redis's own.
    await redis.del(...await redis.keys("mss:guard:reported:*"));
    await spray(other);
    expect(suspicions).toHaveLength(2);
  });

  it("two processes count together, and one that starts again forgets nothing", async () => {
    const other = open(redis);
    await fail(2, imap());
    await other.failed({ ...imap(), reason: "wrong-secret" });
    expect((await guard.admit(imap())).ok).toBe(false);
    expect((await open(redis).admit(imap())).ok).toBe(false);
  });

  describe("with the default numbers", () => {
    const numbers = guardSettings(defaultGuardConfig);
    beforeEach(() => {
      guard = open(redis, numbers);
    });
    const people = (count: number) => Array.from({ length: count }, () => crypto.randomUUID());
    /** One after the other over ten minutes, as people arrive; each mistyped one tries again after. */
    const morning = async (
      some: readonly string[],
      isMistyped: (number: number) => boolean,
      gaveUp = false,
    ) => {
      for (const [number, account] of some.entries()) {
        clock.pass(600 / some.length);
        if (isMistyped(number)) await fail(1, imap(account));
        if (!isMistyped(number) || !gaveUp) await guard.succeeded(imap(account));
      }
    };

    it("300 people behind one address, one in twenty of whom mistypes, are no attack", async () => {
      await morning(people(300), (number) => number % 20 === 0);
      expect(suspicions).toEqual([]);
    });

    it("not even when those give up", async () => {
      await morning(people(300), (number) => number % 20 === 0, true);
      expect(suspicions).toEqual([]);
    });

    it("nor 2 000 people of a large hospital of whom a hundred give up", async () => {
      const some = people(2_000);
      await morning(some, () => false);
      clock.pass(86_400);
      await morning(some, (number) => number % 20 === 0, true);
      expect(suspicions).toEqual([]);
    });

    it("nor a hospital that wakes up with 300 tokens that ended in the night", async () => {
      for (const account of people(300)) await guard.failed({ ...imap(account), reason: "token-expired" });
      expect(suspicions).toEqual([]);
    });

    it("nor a telephone with an old password that changes networks all day", async () => {
      for (let time = 0; time < 96; time++) {
        clock.pass(900);
        await fail(1, imap(box, `10.0.${time}.1`));
      }
      expect(suspicions).toEqual([]);
    });

    it("nor the programs of a hospital whose tokens have ended in the night, nor one that is everywhere", async () => {
      for (const account of people(300)) {
        await guard.failed({ way: "token", account, address: hospital, reason: "grant-over" });
      }
      for (let time = 0; time < 60; time++) {
        await guard.failed({
          way: "token",
          account: "refresh_token lgc",
          address: `10.1.${time}.1`,
          reason: "x",
        });
      }
      expect(suspicions).toEqual([]);
    });

    it("somebody who tries one password on 300 accounts of that hospital is one, from inside it too", async () => {
      const some = people(300);
      await morning(some, () => false);
      for (const account of some) await fail(1, imap(account));
      expect(suspicions).toMatchObject([{ kind: "spraying", way: "imap" }]);
      // One in ten of those who work there, as near as Redis counts them.
      expect(Math.abs((suspicions[0]?.count ?? 0) - 30)).toBeLessThan(3);
    });

    it("so is who tries twenty accounts from elsewhere, or five of the staff", async () => {
      for (const account of people(20)) await fail(1, imap(account, elsewhere));
      for (const account of people(5)) {
        await guard.failed({ way: "staff", account, address: elsewhere, reason: "staff-password" });
      }
      expect(suspicions).toMatchObject([{ way: "imap", count: 20 }, { way: "staff", count: 5 }]);
    });

    it("so are many machines that try a few accounts each; one that tries many is not said twice", async () => {
      for (const account of people(150)) await fail(1, imap(account));
      expect(suspicions).toMatchObject([{ kind: "spraying", address: hospital, count: 20 }]);
      for (const [number, account] of people(99).entries()) await fail(1, imap(account, `10.2.${number}.1`));
      expect(suspicions).toMatchObject([{}, { kind: "spraying", address: null, account: null, count: 100 }]);
    });

    it("so are twenty machines at one account; of IPv6 a whole /64 is one machine", async () => {
      for (let host = 1; host <= 50; host++) await fail(1, imap(box, `2001:db8::${host}`));
      expect(suspicions).toEqual([]);
      for (let net = 1; net < 20; net++) await fail(1, imap(box, `2001:db8:${net}::1`));
      expect(suspicions).toMatchObject([{ kind: "guessing", count: 20 }]);
    });
  });

  describe("while Redis is away", () => {
    let away: Redis;
    let blind: Guard;
    beforeEach(() => {
      away = new Redis("redis://127.0.0.1:9", { enableOfflineQueue: false, retryStrategy: () => null });
      away.on("error", () => {});
      blind = open(away);
    });

    it("each process makes wait by what it has seen itself", async () => {
      for (let time = 0; time < 3; time++) await blind.failed({ ...imap(), reason: "wrong-secret" });
      expect(await blind.admit(imap())).toEqual({ ok: false, retryAfterSeconds: 2 });
      clock.pass(2);
      expect(await blind.admit(imap())).toEqual({ ok: true });
      expect(await blind.admit(imap(crypto.randomUUID()))).toEqual({ ok: true });
      await blind.succeeded(imap());
      await blind.failed({ ...imap(), reason: "wrong-secret" });
      expect(await blind.admit(imap())).toEqual({ ok: true });
    });

    it("what Redis has counted holds again when it is back", async () => {
      const flapping = redis.duplicate();
      await once(flapping, "ready");
      const own = open(flapping);
      for (let time = 0; time < 3; time++) await own.failed({ ...imap(), reason: "wrong-secret" });
      flapping.disconnect();
      await once(flapping, "end");
      expect(await own.admit(imap())).toEqual({ ok: true });
      for (let time = 0; time < 3; time++) await own.failed({ ...imap(), reason: "wrong-secret" });
      expect((await own.admit(imap())).ok).toBe(false);
      await flapping.connect();
      expect(await own.admit(imap())).toEqual({ ok: false, retryAfterSeconds: 2 });
      flapping.disconnect();
    });

    it("no more guesses pass at once either, and one of which nothing was learnt is given back", async () => {
      const verdicts = await Promise.all(Array.from({ length: 50 }, () => blind.admit(staff())));
      expect(verdicts.filter(({ ok }) => ok)).toHaveLength(3);
      await blind.abandoned(staff());
      expect(await blind.admit(staff())).toEqual({ ok: true });
    });

    it("slows an account that is tried from everywhere, but not where its person has been", async () => {
      await blind.succeeded(imap(box, elsewhere));
      for (let time = 0; time < 40; time++) {
        await blind.failed({ ...imap(box, crypto.randomUUID()), reason: "wrong-secret" });
      }
      await blind.admit(imap(box, elsewhere));
      await blind.admit(imap(box, hospital));
      expect(slowed).toEqual([1_000]);
    });

    it("an attack is seen all the same, and said once a minute", async () => {
      for (let account = 0; account < 8; account++) {
        await blind.failed({ ...imap(crypto.randomUUID()), reason: "wrong-secret" });
      }
      for (let address = 0; address < 12; address++) {
        await blind.failed({ ...imap(box, crypto.randomUUID()), reason: "wrong-secret" });
      }
      expect(suspicions.map(({ kind, count }) => [kind, count])).toEqual([["spraying", 5], ["guessing", 8]]);
      clock.pass(61);
      await blind.failed({ ...imap(box, crypto.randomUUID()), reason: "wrong-secret" });
      expect(suspicions).toHaveLength(3);
    });

    it("so is one of many machines that try a few accounts each", async () => {
      for (let machine = 0; machine < 7; machine++) {
        for (let account = 0; account < 4; account++) {
          const attempt = imap(crypto.randomUUID(), `10.3.${machine}.1`);
          if (machine === 0) await blind.succeeded(attempt);
          else await blind.failed({ ...attempt, reason: "wrong-secret" });
        }
      }
      expect(suspicions).toEqual([]);
      await blind.failed({ ...imap(crypto.randomUUID(), "10.3.8.1"), reason: "wrong-secret" });
      expect(suspicions).toMatchObject([{ kind: "spraying", address: null, count: 25 }]);
    });

    it("forgets in time", async () => {
      for (let time = 0; time < 3; time++) await blind.failed({ ...imap(), reason: "wrong-secret" });
      clock.pass(61);
      expect(await blind.admit(imap())).toEqual({ ok: true });
    });
  });
});
