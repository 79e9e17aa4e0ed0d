import type { Redis } from "ioredis";
import { defaultGuardConfig } from "../config-guard.ts";
import type { Log } from "../context.ts";
import { createLocalMeasure } from "./local-measure.ts";
import { type GuardedAttempt, type Measure, toCounted } from "./measure.ts";
import { createRedisMeasure } from "./redis-measure.ts";
import { type GuardSettings, guardSettings, staleReasons, type Way } from "./settings.ts";

export type Verdict = { readonly ok: true } | { readonly ok: false; readonly retryAfterSeconds: number };

export interface Guard {
  /** To be asked before the secret is looked at. May take its time: an account under attack is slowed. */
  admit(attempt: GuardedAttempt): Promise<Verdict>;
  /** The secret was wrong. */
  failed(attempt: GuardedAttempt & { readonly reason: string }): Promise<void>;
  /** It was right: this account from this address begins anew. */
  succeeded(attempt: GuardedAttempt): Promise<void>;
  /** Neither: what decides could not be asked. The attempt counts for nothing. */
  abandoned(attempt: GuardedAttempt): Promise<void>;
}

/** `spraying`: many accounts fail, from one address or from many. `guessing`: one account fails from many addresses. */
export const attackKinds = ["spraying", "guessing"] as const;
export type AttackKind = (typeof attackKinds)[number];

/** What looks like an attack; said again every minute as long as it goes on. */
export interface Suspicion {
  readonly kind: AttackKind;
  readonly way: Way;
  /** Whose accounts fail is of no interest where they are many. */
  readonly account: string | null;
  /** Null where there are many. */
  readonly address: string | null;
  /** Accounts of the address, or addresses of the account. */
  readonly count: number;
}

export interface GuardDeps {
  readonly redis: Redis;
  readonly now: () => Date;
  readonly log: Log;
  readonly settings?: GuardSettings;
  /** Slows: `setTimeout` but in tests. */
  readonly wait?: (milliseconds: number) => Promise<void>;
  /** Told beside the log. Must not throw: a sign-in is not for it to end. */
  readonly onSuspicion?: (suspicion: Suspicion) => Promise<void>;
}

export function createGuard(deps: GuardDeps): Guard {
  const { redis, now, log, settings = guardSettings(defaultGuardConfig), onSuspicion } = deps;
  const wait = deps.wait ?? ((milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)));
  const shared = createRedisMeasure(redis, settings);
  const own = createLocalMeasure(settings);

  /** Of all processes, or of this one while Redis is away. The own measure always answers. */
  async function ask<T>(question: (measure: Measure) => Promise<T | undefined>): Promise<T> {
    const answer = await question(shared) ?? await question(own);
    if (answer === undefined) throw new Error("the guard's own measure has no answer");
    return answer;
  }

  async function suspect(suspicion: Suspicion, digest: string, reason: string): Promise<void> {
    if (!await ask((measure) => measure.mayReport(`${suspicion.kind}:${digest}`, now().getTime()))) return;
    const { way, address, count } = suspicion;
    log.warn(`guard.${suspicion.kind}`, { way, address, count, reason });
    await onSuspicion?.(suspicion);
  }

  return {
    async admit(attempt) {
      const counted = toCounted(attempt, settings, now());
      const { refusedMilliseconds, slowedMilliseconds } = await ask((measure) => measure.admit(counted));
      if (refusedMilliseconds > 0) {
        const retryAfterSeconds = Math.ceil(refusedMilliseconds / 1_000);
        log.info("guard.refused", { way: attempt.way, address: attempt.address, retryAfterSeconds });
        return { ok: false, retryAfterSeconds };
      }
      if (slowedMilliseconds > 0) await wait(slowedMilliseconds);
      return { ok: true };
    },

    async failed({ reason, ...attempt }) {
      const counted = toCounted(attempt, settings, now());
      const failing = await ask((measure) => measure.failed(counted, !staleReasons.has(reason)));
      const { way, account, address } = attempt;
      const spraying = { kind: "spraying", way, account: null } as const;
      if (failing.accounts >= failing.accountsBound) {
        await suspect({ ...spraying, address, count: failing.accounts }, counted.address, reason);
      }
      if (failing.everywhere >= failing.everywhereBound) {
        await suspect({ ...spraying, address: null, count: failing.everywhere }, counted.everywhere, reason);
      }
      if (failing.addresses >= (settings.ways[way].attack?.addresses ?? Infinity)) {
        const suspicion = {
          kind: "guessing",
          way,
          account,
          address: null,
          count: failing.addresses,
        } as const;
        await suspect(suspicion, counted.account, reason);
      }
    },

    async succeeded(attempt) {
      const counted = toCounted(attempt, settings, now());
      await ask((measure) => measure.succeeded(counted));
    },

    async abandoned(attempt) {
      if (settings.ways[attempt.way].counts === "failures") return;
      const counted = toCounted(attempt, settings, now());
      await ask((measure) => measure.abandoned(counted));
    },
  };
}
